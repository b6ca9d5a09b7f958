-- Which emotion is taken for which, in each run?
SELECT run_id, run, truth, coalesce(emotion, '(' || CASE status WHEN 'ok' THEN 'none' ELSE status END || ')') AS answer,
       count(*) AS times
FROM narratives WHERE truth IS NOT NULL AND status <> 'error'
GROUP BY ALL ORDER BY run_id, truth, times DESC, answer;
