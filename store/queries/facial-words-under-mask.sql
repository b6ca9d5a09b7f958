-- Which facial parts does a model name although the face was hidden?
-- Left out: pictures in which an audit found a face, or in which nothing of a part was hidden.
SELECT n.run, n.condition, n.picture, list(b.phrase ORDER BY b.position) AS facial_phrases, n.narrative
FROM narratives AS n JOIN body_parts AS b USING (generation_id) JOIN generations AS g USING (generation_id)
WHERE b.part_group = 'face' AND regexp_matches(n.condition, '^([^:@]*\+)?(face|head|body)([+:@]|$)')
  AND NOT regexp_matches(n.condition, '^[^:@]*:control([,@]|$)')
  AND coalesce(n.residual_faces, 0) = 0
  AND NOT coalesce(list_bool_or(list_transform(g.notes, lambda note: contains(note, 'nothing of it is hidden'))), false)
GROUP BY n.run_id, n.run, n.condition, n.picture, n.generation_id, n.narrative
ORDER BY n.run_id, n.picture;
