-- Which emotions turn into which when parts are hidden?
SELECT model, prompt, condition_a, condition_b, emotion_a, emotion_b, count(*) AS times
FROM flips GROUP BY ALL ORDER BY times DESC, model, prompt, condition_a, condition_b, emotion_a, emotion_b;
