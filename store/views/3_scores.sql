CREATE OR REPLACE VIEW scores AS
WITH answers AS (
    SELECT g.run_id, g.status, t.label AS truth, CASE WHEN g.status = 'ok' THEN g.emotion END AS answer
    FROM generations AS g
    JOIN runs AS r USING (run_id)
    LEFT JOIN truths AS t
      ON t.stimulus_id = g.stimulus_id AND t.scheme = coalesce(r.options->>'scheme', 'ekman7')
),
-- One row per run and label that is true of any of its pictures. Other labels are no classes: an answer
-- outside them, like an abstention, is a miss of the true label and nothing more.
classes AS (
    SELECT run_id, truth AS label, count(*) AS support, count(*) FILTER (answer = truth) AS hits
    FROM answers WHERE status <> 'error' AND truth IS NOT NULL GROUP BY ALL
),
given AS (
    SELECT run_id, answer AS label, count(*) AS times
    FROM answers WHERE status <> 'error' AND truth IS NOT NULL GROUP BY ALL
),
macro AS (
    SELECT run_id, avg(2 * hits / (support + coalesce(times, 0))) AS macro_f1, avg(hits / support) AS uar,
           sum(support * 2 * hits / (support + coalesce(times, 0))) / sum(support) AS weighted_f1
    FROM classes LEFT JOIN given USING (run_id, label) GROUP BY run_id
),
counts AS (
    SELECT
        run_id,
        count(*) AS n,
        count(*) FILTER (status <> 'error') AS answered,
        count(*) FILTER (status = 'ok') AS parsed,
        count(*) FILTER (status = 'refused') AS refused,
        count(*) FILTER (status = 'ok' AND answer IS NULL) AS abstained,
        count(*) FILTER (status <> 'error' AND truth IS NOT NULL) AS labelled,
        count(*) FILTER (answer = truth) AS hits
    FROM answers GROUP BY run_id
)
SELECT
    r.run_id,
    coalesce(r.name, 'run ' || r.run_id) AS run,
    r.model_uri AS model,
    r.prompt_name AS prompt,
    r.condition,
    c.n,
    c.answered,
    c.parsed / nullif(c.answered, 0) AS parse_rate,
    c.refused / nullif(c.answered, 0) AS refusal_rate,
    c.abstained,
    c.labelled,
    c.hits / nullif(c.labelled, 0) AS accuracy,
    m.uar,
    m.macro_f1,
    m.weighted_f1
FROM counts AS c
JOIN runs AS r USING (run_id)
LEFT JOIN macro AS m USING (run_id)
ORDER BY r.run_id;
COMMENT ON VIEW scores IS 'How well each run did against what is true; elena-wb score adds intervals.';
COMMENT ON COLUMN scores.run_id IS 'The run.';
COMMENT ON COLUMN scores.run IS 'Its name.';
COMMENT ON COLUMN scores.model IS 'The model.';
COMMENT ON COLUMN scores.prompt IS 'The prompt pack.';
COMMENT ON COLUMN scores.condition IS 'What was hidden.';
COMMENT ON COLUMN scores.n IS 'Generations, failures included.';
COMMENT ON COLUMN scores.answered IS 'Those that got an answer of any kind.';
COMMENT ON COLUMN scores.parse_rate IS 'Share of the answered that could be read.';
COMMENT ON COLUMN scores.refusal_rate IS 'Share of the answered that were refusals.';
COMMENT ON COLUMN scores.abstained IS 'Answers that could be read and name no emotion of the scheme.';
COMMENT ON COLUMN scores.labelled IS 'Answered ones with one true emotion; accuracy and F1 are over these.';
COMMENT ON COLUMN scores.accuracy IS 'Share that is true; abstentions, refusals and unparsed answers are wrong.';
COMMENT ON COLUMN scores.uar IS 'Unweighted average recall over the labels that occur in the truth.';
COMMENT ON COLUMN scores.macro_f1 IS 'Mean F1 over the labels that occur in the truth.';
COMMENT ON COLUMN scores.weighted_f1 IS 'Mean of the same F1, weighted by how often each label is true.';

CREATE OR REPLACE VIEW progress AS
SELECT
    r.run_id,
    coalesce(r.name, 'run ' || r.run_id) AS run,
    r.status,
    r.planned,
    count(g.generation_id) FILTER (g.status <> 'error') AS answered,
    count(g.generation_id) FILTER (g.status = 'error') AS failed,
    count(g.generation_id) FILTER (g.status <> 'error') / nullif(r.planned, 0) AS share,
    round(avg(g.latency_ms), 1) AS mean_latency_ms,
    sum(g.cost_usd) AS cost_usd,
    r.started_at,
    max(g.created_at) AS last_answer_at,
    r.finished_at
FROM runs AS r LEFT JOIN generations AS g USING (run_id)
GROUP BY r.run_id, r.name, r.status, r.planned, r.started_at, r.finished_at
ORDER BY r.run_id;
COMMENT ON VIEW progress IS 'How far each run got.';
COMMENT ON COLUMN progress.run_id IS 'The run.';
COMMENT ON COLUMN progress.run IS 'Its name.';
COMMENT ON COLUMN progress.status IS 'running, done, partial, failed or interrupted.';
COMMENT ON COLUMN progress.planned IS 'How many answers it is to have.';
COMMENT ON COLUMN progress.answered IS 'How many it has.';
COMMENT ON COLUMN progress.failed IS 'How many failed.';
COMMENT ON COLUMN progress.share IS 'Answered of planned.';
COMMENT ON COLUMN progress.mean_latency_ms IS 'Mean time of an answer.';
COMMENT ON COLUMN progress.cost_usd IS 'What it cost so far, where known.';
COMMENT ON COLUMN progress.started_at IS 'When it was begun, UTC.';
COMMENT ON COLUMN progress.last_answer_at IS 'When the latest answer came, UTC.';
COMMENT ON COLUMN progress.finished_at IS 'When it ended, UTC.';
