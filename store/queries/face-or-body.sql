-- Where face and body express different emotions, which does the answer follow?
SELECT model, prompt, condition, count(*) AS answers,
       avg((emotion IS NOT DISTINCT FROM face_label)::INTEGER) AS follows_face,
       avg((emotion IS NOT DISTINCT FROM body_label)::INTEGER) AS follows_body
FROM narratives WHERE status = 'ok' AND face_label <> body_label
GROUP BY model, prompt, condition ORDER BY model, prompt, condition <> 'none', condition;
