-- How do valence, arousal and dominance shift when parts are hidden?
SELECT model, prompt, condition_a, condition_b, count(*) AS pairs,
       avg(valence_b - valence_a) AS valence_shift,
       avg(arousal_b - arousal_a) AS arousal_shift,
       avg(dominance_b - dominance_a) AS dominance_shift
FROM pairs GROUP BY ALL ORDER BY model, prompt, condition_a, condition_b;
