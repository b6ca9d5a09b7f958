CREATE OR REPLACE VIEW ratings AS
SELECT
    s.name AS session,
    t.rater,
    v.scale,
    v.value,
    p.position,
    p.again,
    p.seconds,
    p.rated_at,
    g.run_id,
    coalesce(r.name, 'run ' || r.run_id) AS run,
    r.model_uri AS model,
    r.prompt_name AS prompt,
    r.condition,
    parse_filename(m.path) AS picture,
    g.repeat,
    g.emotion,
    s.picture AS picture_shown,
    p.item,
    g.stimulus_id,
    g.generation_id,
    s.session_id,
    t.sitting_id
FROM rating_values AS v
JOIN rating_places AS p USING (sitting_id, position)
JOIN rating_sittings AS t USING (sitting_id)
JOIN rating_sessions AS s USING (session_id)
JOIN rating_items AS i ON i.session_id = t.session_id AND i.item = p.item
JOIN generations AS g ON g.generation_id = i.generation_a
JOIN runs AS r ON r.run_id = g.run_id
LEFT JOIN stimuli AS m ON m.stimulus_id = g.stimulus_id
WHERE s.kind = 'single';
COMMENT ON VIEW ratings IS 'Each rating of a single answer on one scale, with the answer and its run, which the rater did not know.';
COMMENT ON COLUMN ratings.session IS 'Name of the session.';
COMMENT ON COLUMN ratings.rater IS 'Who rated.';
COMMENT ON COLUMN ratings.scale IS 'Name of the scale.';
COMMENT ON COLUMN ratings.value IS 'The digit on it.';
COMMENT ON COLUMN ratings.position IS 'Place in the rater''s order, from 0.';
COMMENT ON COLUMN ratings.again IS 'Whether the rater had rated this answer before.';
COMMENT ON COLUMN ratings.seconds IS 'From when the answer was shown until it was rated on all scales.';
COMMENT ON COLUMN ratings.rated_at IS 'When, UTC.';
COMMENT ON COLUMN ratings.run_id IS 'The run that the answer belongs to.';
COMMENT ON COLUMN ratings.run IS 'Its name.';
COMMENT ON COLUMN ratings.model IS 'The model.';
COMMENT ON COLUMN ratings.prompt IS 'The prompt pack.';
COMMENT ON COLUMN ratings.condition IS 'What was hidden from the model.';
COMMENT ON COLUMN ratings.picture IS 'File name of the picture.';
COMMENT ON COLUMN ratings.repeat IS 'Counts answers to the same question from 0.';
COMMENT ON COLUMN ratings.emotion IS 'The emotion that the answer names.';
COMMENT ON COLUMN ratings.picture_shown IS 'What the rater saw of the picture: seen (as the model did), whole or none.';
COMMENT ON COLUMN ratings.item IS 'The item of the session.';
COMMENT ON COLUMN ratings.stimulus_id IS 'The stimulus.';
COMMENT ON COLUMN ratings.generation_id IS 'The answer.';
COMMENT ON COLUMN ratings.session_id IS 'The session.';
COMMENT ON COLUMN ratings.sitting_id IS 'The sitting.';

CREATE OR REPLACE VIEW preferences AS
SELECT
    s.name AS session,
    t.rater,
    v.scale,
    v.preferred,
    CASE v.preferred WHEN 'equal' THEN 'equal'
         WHEN 'a' THEN if(p.swapped, 'right', 'left') ELSE if(p.swapped, 'left', 'right') END AS side,
    p.swapped,
    p.position,
    p.again,
    p.seconds,
    p.rated_at,
    a.run_id AS run_a,
    b.run_id AS run_b,
    ra.model_uri AS model_a,
    rb.model_uri AS model_b,
    ra.prompt_name AS prompt_a,
    rb.prompt_name AS prompt_b,
    ra.condition AS condition_a,
    rb.condition AS condition_b,
    parse_filename(m.path) AS picture,
    a.repeat,
    a.emotion AS emotion_a,
    b.emotion AS emotion_b,
    s.picture AS picture_shown,
    p.item,
    a.stimulus_id,
    a.generation_id AS generation_a,
    b.generation_id AS generation_b,
    s.session_id,
    t.sitting_id
FROM rating_values AS v
JOIN rating_places AS p USING (sitting_id, position)
JOIN rating_sittings AS t USING (sitting_id)
JOIN rating_sessions AS s USING (session_id)
JOIN rating_items AS i ON i.session_id = t.session_id AND i.item = p.item
JOIN generations AS a ON a.generation_id = i.generation_a
JOIN generations AS b ON b.generation_id = i.generation_b
JOIN runs AS ra ON ra.run_id = a.run_id
JOIN runs AS rb ON rb.run_id = b.run_id
LEFT JOIN stimuli AS m ON m.stimulus_id = a.stimulus_id
WHERE s.kind = 'pairs';
COMMENT ON VIEW preferences IS 'Each choice between two answers about one picture, with their runs, which the rater did not know.';
COMMENT ON COLUMN preferences.session IS 'Name of the session.';
COMMENT ON COLUMN preferences.rater IS 'Who chose.';
COMMENT ON COLUMN preferences.scale IS 'Name of the question.';
COMMENT ON COLUMN preferences.preferred IS 'a, b or equal.';
COMMENT ON COLUMN preferences.side IS 'On which side the preferred answer stood: left, right, or equal.';
COMMENT ON COLUMN preferences.swapped IS 'Whether answer b stood on the left.';
COMMENT ON COLUMN preferences.position IS 'Place in the rater''s order, from 0.';
COMMENT ON COLUMN preferences.again IS 'Whether the rater had seen this pair before (then the other way round).';
COMMENT ON COLUMN preferences.seconds IS 'From when the pair was shown until it was rated.';
COMMENT ON COLUMN preferences.rated_at IS 'When, UTC.';
COMMENT ON COLUMN preferences.run_a IS 'The run of answer a, the lower number of the two.';
COMMENT ON COLUMN preferences.run_b IS 'The run of answer b.';
COMMENT ON COLUMN preferences.model_a IS 'The model of answer a.';
COMMENT ON COLUMN preferences.model_b IS 'The model of answer b.';
COMMENT ON COLUMN preferences.prompt_a IS 'The prompt pack of answer a.';
COMMENT ON COLUMN preferences.prompt_b IS 'The prompt pack of answer b.';
COMMENT ON COLUMN preferences.condition_a IS 'What was hidden from the model that gave answer a.';
COMMENT ON COLUMN preferences.condition_b IS 'What was hidden from the model that gave answer b.';
COMMENT ON COLUMN preferences.picture IS 'File name of the picture.';
COMMENT ON COLUMN preferences.repeat IS 'Counts answers to the same question from 0.';
COMMENT ON COLUMN preferences.emotion_a IS 'The emotion that answer a names.';
COMMENT ON COLUMN preferences.emotion_b IS 'The emotion that answer b names.';
COMMENT ON COLUMN preferences.picture_shown IS 'What the rater saw of the picture: seen (as each model did), whole or none.';
COMMENT ON COLUMN preferences.item IS 'The item of the session.';
COMMENT ON COLUMN preferences.stimulus_id IS 'The stimulus.';
COMMENT ON COLUMN preferences.generation_a IS 'Answer a.';
COMMENT ON COLUMN preferences.generation_b IS 'Answer b.';
COMMENT ON COLUMN preferences.session_id IS 'The session.';
COMMENT ON COLUMN preferences.sitting_id IS 'The sitting.';
