CREATE OR REPLACE VIEW truth AS
SELECT
    stimulus_id,
    CASE WHEN count(DISTINCT label) FILTER (stated) = 1 THEN min(label) FILTER (stated)
         WHEN count(label) FILTER (stated) = 0 AND count(DISTINCT label) = 1 THEN min(label)
    END AS label,
    list(DISTINCT label ORDER BY label) FILTER (stated AND label IS NOT NULL) AS labels,
    min(label) FILTER (source = 'face') AS face_label,
    min(label) FILTER (source = 'body') AS body_label,
    avg(valence) FILTER (stated) AS valence,
    avg(arousal) FILTER (stated) AS arousal,
    avg(dominance) FILTER (stated) AS dominance
FROM (SELECT *, source NOT IN ('face', 'body') AS stated FROM labels WHERE scheme = 'ekman7')
GROUP BY stimulus_id;
COMMENT ON VIEW truth IS 'What is true of each stimulus in the scheme ekman7: what its data set states, or what face and body agree on.';
COMMENT ON COLUMN truth.stimulus_id IS 'The stimulus.';
COMMENT ON COLUMN truth.label IS 'The one true emotion; NULL where several are stated, or face and body differ.';
COMMENT ON COLUMN truth.labels IS 'All emotions its data set states.';
COMMENT ON COLUMN truth.face_label IS 'Emotion of the face, where that is labelled apart.';
COMMENT ON COLUMN truth.body_label IS 'Emotion of the body, where that is labelled apart.';
COMMENT ON COLUMN truth.valence IS 'Stated valence.';
COMMENT ON COLUMN truth.arousal IS 'Stated arousal.';
COMMENT ON COLUMN truth.dominance IS 'Stated dominance.';

CREATE OR REPLACE VIEW narratives AS
SELECT
    g.run_id,
    coalesce(r.name, 'run ' || r.run_id) AS run,
    r.experiment,
    r.model_uri AS model,
    r.prompt_name AS prompt,
    r.condition,
    r.dataset,
    parse_filename(s.path) AS picture,
    g.repeat,
    g.status,
    t.label AS truth,
    t.face_label,
    t.body_label,
    g.emotion,
    CASE WHEN g.status = 'error' OR t.label IS NULL THEN NULL
         ELSE g.emotion IS NOT DISTINCT FROM t.label AND g.status = 'ok'
    END AS correct,
    g.valence,
    g.arousal,
    g.dominance,
    coalesce(b.parts, []) AS body_parts,
    coalesce(b.part_groups, []) AS part_groups,
    g.narrative,
    g.explicit_description,
    g.implicit_description,
    g.emotion_raw,
    g.raw_text,
    g.error,
    g.latency_ms,
    g.created_at,
    s.path,
    g.stimulus_id,
    g.generation_id
FROM generations AS g
JOIN runs AS r USING (run_id)
LEFT JOIN stimuli AS s USING (stimulus_id)
LEFT JOIN truth AS t USING (stimulus_id)
LEFT JOIN (
    SELECT generation_id,
           list(coalesce(part, phrase) ORDER BY position) AS parts,
           list(DISTINCT part_group ORDER BY part_group) FILTER (part_group IS NOT NULL) AS part_groups
    FROM body_parts GROUP BY generation_id
) AS b USING (generation_id);
COMMENT ON VIEW narratives IS 'Each answer on one line, with its picture, its run and what is true.';
COMMENT ON COLUMN narratives.run_id IS 'The number of the run.';
COMMENT ON COLUMN narratives.run IS 'Its name.';
COMMENT ON COLUMN narratives.experiment IS 'What the runs of one command have in common.';
COMMENT ON COLUMN narratives.model IS 'The model.';
COMMENT ON COLUMN narratives.prompt IS 'The prompt pack.';
COMMENT ON COLUMN narratives.condition IS 'What was hidden.';
COMMENT ON COLUMN narratives.dataset IS 'Where the picture comes from.';
COMMENT ON COLUMN narratives.picture IS 'File name of the picture.';
COMMENT ON COLUMN narratives.repeat IS 'Counts answers to the same question from 0.';
COMMENT ON COLUMN narratives.status IS 'ok, unparsed, refused or error.';
COMMENT ON COLUMN narratives.truth IS 'The one true emotion, where there is one.';
COMMENT ON COLUMN narratives.face_label IS 'Emotion of the face, where that is labelled apart.';
COMMENT ON COLUMN narratives.body_label IS 'Emotion of the body, where that is labelled apart.';
COMMENT ON COLUMN narratives.emotion IS 'The answer; NULL for an abstention.';
COMMENT ON COLUMN narratives.correct IS 'Whether it is true; an abstention is not. NULL without a truth or an answer.';
COMMENT ON COLUMN narratives.valence IS '1 to 10, by the model.';
COMMENT ON COLUMN narratives.arousal IS '1 to 10, by the model.';
COMMENT ON COLUMN narratives.dominance IS '1 to 10, by the model.';
COMMENT ON COLUMN narratives.body_parts IS 'Parts it names, canonical where known.';
COMMENT ON COLUMN narratives.part_groups IS 'Groups of these parts.';
COMMENT ON COLUMN narratives.narrative IS 'The story.';
COMMENT ON COLUMN narratives.explicit_description IS 'What the model says is visible.';
COMMENT ON COLUMN narratives.implicit_description IS 'What the model says is felt within.';
COMMENT ON COLUMN narratives.emotion_raw IS 'Emotion as the model spelt it.';
COMMENT ON COLUMN narratives.raw_text IS 'The answer word for word.';
COMMENT ON COLUMN narratives.error IS 'What went wrong.';
COMMENT ON COLUMN narratives.latency_ms IS 'Time until the answer was complete.';
COMMENT ON COLUMN narratives.created_at IS 'When it came, UTC.';
COMMENT ON COLUMN narratives.path IS 'Where the picture was last seen.';
COMMENT ON COLUMN narratives.stimulus_id IS 'The stimulus.';
COMMENT ON COLUMN narratives.generation_id IS 'The answer.';
