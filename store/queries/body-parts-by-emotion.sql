-- Which parts of the body go with which emotion, and in how many answers?
SELECT n.model, n.condition, n.emotion, b.part, count(DISTINCT n.generation_id) AS answers
FROM narratives AS n JOIN body_parts AS b USING (generation_id)
WHERE n.status = 'ok' AND b.part IS NOT NULL
GROUP BY ALL ORDER BY n.model, n.condition, n.emotion, answers DESC, b.part;
