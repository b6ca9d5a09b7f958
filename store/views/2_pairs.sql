CREATE OR REPLACE VIEW pairs AS
WITH answers AS (
    SELECT g.*, r.experiment, r.model_uri, r.model_digest, r.prompt_name, r.condition,
           coalesce(r.options->>'scheme', 'ekman7') AS scheme,
           coalesce(r.options->>'person', 'crop') AS person,
           r.seed, r.options->'sampling' AS sampling, r.options->'max_tokens' AS max_tokens,
           -- The digest of an import is that of its file: only the name says that two have the same model.
           CASE WHEN r.options->>'provenance' = 'imported' THEN 'imported ' || r.model_uri
                ELSE r.model_digest END AS same_model,
           regexp_extract(r.run_key, '#\d+$') AS again
    FROM generations AS g JOIN runs AS r USING (run_id)
    WHERE g.status <> 'error'
)
SELECT
    a.experiment,
    a.model_uri AS model,
    a.prompt_name AS prompt,
    parse_filename(s.path) AS picture,
    a.repeat,
    t.label AS truth,
    t.face_label,
    t.body_label,
    a.run_id AS run_a,
    b.run_id AS run_b,
    a.condition AS condition_a,
    b.condition AS condition_b,
    a.status AS status_a,
    b.status AS status_b,
    a.emotion AS emotion_a,
    b.emotion AS emotion_b,
    CASE WHEN a.status = 'ok' AND b.status = 'ok' THEN a.emotion IS DISTINCT FROM b.emotion END AS flipped,
    a.valence AS valence_a,
    b.valence AS valence_b,
    a.arousal AS arousal_a,
    b.arousal AS arousal_b,
    a.dominance AS dominance_a,
    b.dominance AS dominance_b,
    a.narrative AS narrative_a,
    b.narrative AS narrative_b,
    a.stimulus_id,
    a.generation_id AS generation_a,
    b.generation_id AS generation_b
FROM answers AS a
JOIN answers AS b
  ON a.stimulus_id = b.stimulus_id
 AND a.repeat = b.repeat
 AND a.same_model = b.same_model
 AND a.prompt_name = b.prompt_name
 AND a.scheme = b.scheme
 AND a.person = b.person
 AND a.experiment IS NOT DISTINCT FROM b.experiment
 AND a.again = b.again
 AND a.seed IS NOT DISTINCT FROM b.seed
 AND a.sampling IS NOT DISTINCT FROM b.sampling
 AND a.max_tokens IS NOT DISTINCT FROM b.max_tokens
 AND a.condition <> b.condition
 AND (a.condition = 'none' OR (b.condition <> 'none' AND a.condition < b.condition))
LEFT JOIN stimuli AS s ON s.stimulus_id = a.stimulus_id
LEFT JOIN truths AS t ON t.stimulus_id = a.stimulus_id AND t.scheme = a.scheme;
COMMENT ON VIEW pairs IS 'Two answers about one picture under two conditions: same model (of imports, the same name of one), prompt pack, way of pointing a person out, sampling, repeat and experiment.';
COMMENT ON COLUMN pairs.experiment IS 'The experiment of both runs.';
COMMENT ON COLUMN pairs.model IS 'The model.';
COMMENT ON COLUMN pairs.prompt IS 'The prompt pack; its variant may differ with the condition.';
COMMENT ON COLUMN pairs.picture IS 'File name of the picture.';
COMMENT ON COLUMN pairs.repeat IS 'Counts answers to the same question from 0.';
COMMENT ON COLUMN pairs.truth IS 'The one true emotion in the scheme of the answers, where there is one.';
COMMENT ON COLUMN pairs.face_label IS 'Emotion of the face, where that is labelled apart.';
COMMENT ON COLUMN pairs.body_label IS 'Emotion of the body, where that is labelled apart.';
COMMENT ON COLUMN pairs.run_a IS 'First run.';
COMMENT ON COLUMN pairs.run_b IS 'Second run.';
COMMENT ON COLUMN pairs.condition_a IS 'Its condition; none comes first where it is one of the two.';
COMMENT ON COLUMN pairs.condition_b IS 'Its condition.';
COMMENT ON COLUMN pairs.status_a IS 'ok, unparsed or refused.';
COMMENT ON COLUMN pairs.status_b IS 'ok, unparsed or refused.';
COMMENT ON COLUMN pairs.emotion_a IS 'First answer; NULL for an abstention.';
COMMENT ON COLUMN pairs.emotion_b IS 'Second answer.';
COMMENT ON COLUMN pairs.flipped IS 'Whether they differ; NULL unless both could be read.';
COMMENT ON COLUMN pairs.valence_a IS 'Valence of the first answer.';
COMMENT ON COLUMN pairs.valence_b IS 'Valence of the second.';
COMMENT ON COLUMN pairs.arousal_a IS 'Arousal of the first answer.';
COMMENT ON COLUMN pairs.arousal_b IS 'Arousal of the second.';
COMMENT ON COLUMN pairs.dominance_a IS 'Dominance of the first answer.';
COMMENT ON COLUMN pairs.dominance_b IS 'Dominance of the second.';
COMMENT ON COLUMN pairs.narrative_a IS 'Story of the first answer.';
COMMENT ON COLUMN pairs.narrative_b IS 'Story of the second.';
COMMENT ON COLUMN pairs.stimulus_id IS 'The stimulus.';
COMMENT ON COLUMN pairs.generation_a IS 'The first answer.';
COMMENT ON COLUMN pairs.generation_b IS 'The second.';

CREATE OR REPLACE VIEW flips AS SELECT * EXCLUDE (flipped) FROM pairs WHERE flipped;
COMMENT ON VIEW flips IS 'The pairs whose emotion differs.';
COMMENT ON COLUMN flips.experiment IS 'The experiment of both runs.';
COMMENT ON COLUMN flips.model IS 'The model.';
COMMENT ON COLUMN flips.prompt IS 'The prompt pack; its variant may differ with the condition.';
COMMENT ON COLUMN flips.picture IS 'File name of the picture.';
COMMENT ON COLUMN flips.repeat IS 'Counts answers to the same question from 0.';
COMMENT ON COLUMN flips.truth IS 'The one true emotion in the scheme of the answers, where there is one.';
COMMENT ON COLUMN flips.face_label IS 'Emotion of the face, where that is labelled apart.';
COMMENT ON COLUMN flips.body_label IS 'Emotion of the body, where that is labelled apart.';
COMMENT ON COLUMN flips.run_a IS 'First run.';
COMMENT ON COLUMN flips.run_b IS 'Second run.';
COMMENT ON COLUMN flips.condition_a IS 'Its condition; none comes first where it is one of the two.';
COMMENT ON COLUMN flips.condition_b IS 'Its condition.';
COMMENT ON COLUMN flips.status_a IS 'ok, unparsed or refused.';
COMMENT ON COLUMN flips.status_b IS 'ok, unparsed or refused.';
COMMENT ON COLUMN flips.emotion_a IS 'First answer; NULL for an abstention.';
COMMENT ON COLUMN flips.emotion_b IS 'Second answer.';
COMMENT ON COLUMN flips.valence_a IS 'Valence of the first answer.';
COMMENT ON COLUMN flips.valence_b IS 'Valence of the second.';
COMMENT ON COLUMN flips.arousal_a IS 'Arousal of the first answer.';
COMMENT ON COLUMN flips.arousal_b IS 'Arousal of the second.';
COMMENT ON COLUMN flips.dominance_a IS 'Dominance of the first answer.';
COMMENT ON COLUMN flips.dominance_b IS 'Dominance of the second.';
COMMENT ON COLUMN flips.narrative_a IS 'Story of the first answer.';
COMMENT ON COLUMN flips.narrative_b IS 'Story of the second.';
COMMENT ON COLUMN flips.stimulus_id IS 'The stimulus.';
COMMENT ON COLUMN flips.generation_a IS 'The first answer.';
COMMENT ON COLUMN flips.generation_b IS 'The second.';
