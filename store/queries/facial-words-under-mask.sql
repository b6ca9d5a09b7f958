-- Which facial parts does a model name although the face was hidden?
SELECT n.run, n.condition, n.picture, list(b.phrase ORDER BY b.position) AS facial_phrases, n.narrative
FROM narratives AS n JOIN body_parts AS b USING (generation_id)
WHERE b.part_group = 'face' AND regexp_matches(n.condition, '^[^:@]*\b(face|head)\b')
  AND NOT regexp_matches(n.condition, '^[^:@]*:control\b')
GROUP BY n.run_id, n.run, n.condition, n.picture, n.generation_id, n.narrative
ORDER BY n.run_id, n.picture;
