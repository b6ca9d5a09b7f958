-- What failed, and why?
SELECT run_id, run, picture, repeat, error, path
FROM narratives WHERE status = 'error' ORDER BY run_id, picture, repeat;
