CREATE OR REPLACE VIEW labels_by_scheme AS
SELECT stimulus_id, source, scheme, label, scheme AS stated_scheme, label AS stated_label, NULL::VARCHAR AS mapped_by
FROM labels WHERE label IS NOT NULL
UNION ALL
SELECT l.stimulus_id, l.source, m.to_scheme, m.to_label, l.scheme, l.label, m.source
FROM labels AS l JOIN label_mappings AS m ON m.scheme = l.scheme AND m.label = l.label
WHERE m.to_scheme <> l.scheme;
COMMENT ON VIEW labels_by_scheme IS 'Each label as stated, and in every scheme that a mapping leads to; see label_mappings.';
COMMENT ON COLUMN labels_by_scheme.stimulus_id IS 'The stimulus.';
COMMENT ON COLUMN labels_by_scheme.source IS 'Who says so: a data set, or face and body where these differ.';
COMMENT ON COLUMN labels_by_scheme.scheme IS 'The scheme of label.';
COMMENT ON COLUMN labels_by_scheme.label IS 'The label in this scheme.';
COMMENT ON COLUMN labels_by_scheme.stated_scheme IS 'The scheme in which it was stated.';
COMMENT ON COLUMN labels_by_scheme.stated_label IS 'The label as stated there.';
COMMENT ON COLUMN labels_by_scheme.mapped_by IS 'Whose mapping leads from the one to the other; NULL where it was stated so.';

CREATE OR REPLACE VIEW truths AS
SELECT
    stimulus_id,
    scheme,
    CASE WHEN min(label) FILTER (stated) = max(label) FILTER (stated) THEN min(label) FILTER (stated)
         WHEN count(*) FILTER (stated) = 0 AND min(label) = max(label) THEN min(label)
    END AS label,
    list(DISTINCT label ORDER BY label) FILTER (stated) AS labels,
    min(label) FILTER (source = 'face') AS face_label,
    min(label) FILTER (source = 'body') AS body_label
FROM (SELECT *, source NOT IN ('face', 'body') AS stated FROM labels_by_scheme)
GROUP BY stimulus_id, scheme;
COMMENT ON VIEW truths IS 'What is true of each stimulus, in every label scheme in which something is: what its data set states, or what face and body agree on.';
COMMENT ON COLUMN truths.stimulus_id IS 'The stimulus.';
COMMENT ON COLUMN truths.scheme IS 'The label scheme; truth has those of ekman7.';
COMMENT ON COLUMN truths.label IS 'The one true label; NULL where several are stated, or face and body differ.';
COMMENT ON COLUMN truths.labels IS 'All labels its data set states.';
COMMENT ON COLUMN truths.face_label IS 'Label of the face, where that is labelled apart.';
COMMENT ON COLUMN truths.body_label IS 'Label of the body, where that is labelled apart.';

CREATE OR REPLACE VIEW truth AS
SELECT stimulus_id, t.label, t.labels, t.face_label, t.body_label, v.valence, v.arousal, v.dominance
FROM (SELECT * EXCLUDE (scheme) FROM truths WHERE scheme = 'ekman7') AS t
FULL JOIN (
    SELECT stimulus_id,
           avg(valence) FILTER (isfinite(valence)) AS valence,
           avg(arousal) FILTER (isfinite(arousal)) AS arousal,
           avg(dominance) FILTER (isfinite(dominance)) AS dominance
    FROM labels WHERE source NOT IN ('face', 'body') GROUP BY stimulus_id
) AS v USING (stimulus_id);
COMMENT ON VIEW truth IS 'What is true of each stimulus in the scheme ekman7, mapped where its data set uses another: what the data set states, or what face and body agree on.';
COMMENT ON COLUMN truth.stimulus_id IS 'The stimulus.';
COMMENT ON COLUMN truth.label IS 'The one true emotion; NULL where several are stated or none maps, or face and body differ.';
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
    coalesce(s.dataset, r.dataset) AS dataset,
    s.split,
    parse_filename(s.path) AS picture,
    s.person_index,
    s.attributes,
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
    a.residual_faces,
    coalesce(b.parts, []) AS body_parts,
    coalesce(b.part_groups, []) AS part_groups,
    g.narrative,
    g.explicit_description,
    g.implicit_description,
    g.emotion_raw,
    g.raw_text,
    g.error,
    g.attempts,
    g.retried_for,
    g.answered_by,
    g.latency_ms,
    g.cost_usd,
    g.created_at,
    s.path,
    g.stimulus_id,
    g.generation_id
FROM generations AS g
JOIN runs AS r USING (run_id)
LEFT JOIN stimuli AS s USING (stimulus_id)
LEFT JOIN truths AS t
  ON t.stimulus_id = g.stimulus_id AND t.scheme = coalesce(r.options->>'scheme', 'ekman7')
LEFT JOIN (
    SELECT stimulus_id, masking, max(residual_faces) AS residual_faces FROM mask_audits GROUP BY ALL
) AS a ON a.stimulus_id = g.stimulus_id AND a.masking = r.options->>'masking'
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
COMMENT ON COLUMN narratives.split IS 'Split of the data set, where it has any.';
COMMENT ON COLUMN narratives.picture IS 'File name of the picture.';
COMMENT ON COLUMN narratives.person_index IS 'Which person of the picture, where it shows several labelled ones.';
COMMENT ON COLUMN narratives.attributes IS 'What else the data set says, such as view or gender: attributes->>''view''.';
COMMENT ON COLUMN narratives.repeat IS 'Counts answers to the same question from 0.';
COMMENT ON COLUMN narratives.status IS 'ok, unparsed, refused or error.';
COMMENT ON COLUMN narratives.truth IS 'The one true emotion in the scheme of the answers, where there is one.';
COMMENT ON COLUMN narratives.face_label IS 'Emotion of the face, where that is labelled apart.';
COMMENT ON COLUMN narratives.body_label IS 'Emotion of the body, where that is labelled apart.';
COMMENT ON COLUMN narratives.emotion IS 'The answer; NULL for an abstention.';
COMMENT ON COLUMN narratives.correct IS 'Whether it is true; an abstention is not. NULL without a truth or an answer.';
COMMENT ON COLUMN narratives.valence IS '1 to 10, by the model.';
COMMENT ON COLUMN narratives.arousal IS '1 to 10, by the model.';
COMMENT ON COLUMN narratives.dominance IS '1 to 10, by the model.';
COMMENT ON COLUMN narratives.residual_faces IS 'Faces left in the picture as masked, by the detector that found most; NULL where it was not audited.';
COMMENT ON COLUMN narratives.body_parts IS 'Parts it names, canonical where known.';
COMMENT ON COLUMN narratives.part_groups IS 'Groups of these parts.';
COMMENT ON COLUMN narratives.narrative IS 'The story.';
COMMENT ON COLUMN narratives.explicit_description IS 'What the model says is visible.';
COMMENT ON COLUMN narratives.implicit_description IS 'What the model says is felt within.';
COMMENT ON COLUMN narratives.emotion_raw IS 'Emotion as the model spelt it.';
COMMENT ON COLUMN narratives.raw_text IS 'The answer word for word.';
COMMENT ON COLUMN narratives.error IS 'What went wrong.';
COMMENT ON COLUMN narratives.attempts IS 'How often the model was asked.';
COMMENT ON COLUMN narratives.retried_for IS 'Why each attempt but the last had to be repeated, in order.';
COMMENT ON COLUMN narratives.answered_by IS 'Version of the model that the server says has answered.';
COMMENT ON COLUMN narratives.latency_ms IS 'Time until the answer was complete.';
COMMENT ON COLUMN narratives.cost_usd IS 'What it cost, all attempts together, where known.';
COMMENT ON COLUMN narratives.created_at IS 'When it came, UTC.';
COMMENT ON COLUMN narratives.path IS 'Where the picture was last seen.';
COMMENT ON COLUMN narratives.stimulus_id IS 'The stimulus.';
COMMENT ON COLUMN narratives.generation_id IS 'The answer.';
