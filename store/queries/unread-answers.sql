-- Which answers could not be read, or were refusals?
SELECT run_id, run, picture, repeat, status, raw_text
FROM narratives WHERE status IN ('unparsed', 'refused') ORDER BY run_id, picture, repeat;
