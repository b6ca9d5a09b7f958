CREATE OR REPLACE VIEW gaze AS
SELECT
    g.run_id,
    coalesce(r.name, 'run ' || r.run_id) AS run,
    r.model_uri AS model,
    r.prompt_name AS prompt,
    r.condition,
    coalesce(s.dataset, r.dataset) AS dataset,
    parse_filename(s.path) AS picture,
    g.stimulus_id,
    s.person_index,
    g.repeat,
    g.emotion,
    e.method,
    e.heads,
    a.layer,
    a.head,
    a.target,
    a.token,
    a.part,
    a.mass,
    a.share,
    a.share_without_sinks,
    a.area_fraction,
    a.share / nullif(a.area_fraction, 0) AS ratio,
    a.share_without_sinks / nullif(a.area_fraction, 0) AS ratio_without_sinks,
    a.peak_inside,
    a.entropy,
    e.layers,
    e.tokens,
    e.created_at,
    a.generation_id,
    a.extraction_id
FROM attention AS a
JOIN extractions AS e USING (extraction_id)
JOIN generations AS g ON g.generation_id = e.generation_id
JOIN runs AS r USING (run_id)
LEFT JOIN stimuli AS s USING (stimulus_id);
COMMENT ON VIEW gaze IS 'How much attention fell on each part of each picture, a line for each extraction, layer, head, target and part. Attention is not a cause.';
COMMENT ON COLUMN gaze.run_id IS 'The number of the run.';
COMMENT ON COLUMN gaze.run IS 'Its name.';
COMMENT ON COLUMN gaze.model IS 'The model.';
COMMENT ON COLUMN gaze.prompt IS 'The prompt pack.';
COMMENT ON COLUMN gaze.condition IS 'What was hidden.';
COMMENT ON COLUMN gaze.dataset IS 'Where the picture comes from.';
COMMENT ON COLUMN gaze.picture IS 'File name of the picture.';
COMMENT ON COLUMN gaze.stimulus_id IS 'The stimulus.';
COMMENT ON COLUMN gaze.person_index IS 'Which person of the picture, where it shows several labelled ones.';
COMMENT ON COLUMN gaze.repeat IS 'Counts answers to the same question from 0.';
COMMENT ON COLUMN gaze.emotion IS 'The answer; NULL for an abstention.';
COMMENT ON COLUMN gaze.method IS 'What a weight is: raw, value-norm, rollout or gradient. Compare only what has the same.';
COMMENT ON COLUMN gaze.heads IS 'mean, max or each.';
COMMENT ON COLUMN gaze.layer IS 'Layer of the model, from 0.';
COMMENT ON COLUMN gaze.head IS 'Attention head; NULL where all are in one.';
COMMENT ON COLUMN gaze.target IS 'What attends: emotion, narrative, answer, part:NAME or a pattern.';
COMMENT ON COLUMN gaze.token IS 'Its text, the first place of several.';
COMMENT ON COLUMN gaze.part IS 'Part of the body; picture for all of it, background for what is no part; padding, or what else was attended to.';
COMMENT ON COLUMN gaze.mass IS 'Attention on the part, of all that the token pays.';
COMMENT ON COLUMN gaze.share IS 'Share of the attention on the picture that fell on the part; NULL for what is not in the picture.';
COMMENT ON COLUMN gaze.share_without_sinks IS 'The same without the places that are attended to whatever is said.';
COMMENT ON COLUMN gaze.area_fraction IS 'Share of the picture that the part covers; NULL for what is not in the picture.';
COMMENT ON COLUMN gaze.ratio IS 'share over area_fraction: 1 where the part gets what its area would by chance.';
COMMENT ON COLUMN gaze.ratio_without_sinks IS 'share_without_sinks over area_fraction.';
COMMENT ON COLUMN gaze.peak_inside IS 'Whether the place with the most attention lies in the part.';
COMMENT ON COLUMN gaze.entropy IS 'Of the attention over the places of the picture, in bits; stands in the lines of the part picture.';
COMMENT ON COLUMN gaze.layers IS 'Layers as asked for, or all.';
COMMENT ON COLUMN gaze.tokens IS 'Words as asked for, such as emotion,parts,narrative.';
COMMENT ON COLUMN gaze.created_at IS 'When it was extracted, UTC.';
COMMENT ON COLUMN gaze.generation_id IS 'The answer.';
COMMENT ON COLUMN gaze.extraction_id IS 'The extraction; its maps are named in extractions.';
