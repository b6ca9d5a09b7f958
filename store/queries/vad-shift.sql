-- How do valence, arousal and dominance shift when parts are hidden?
SELECT model, prompt, condition_a, condition_b,
       count(valence_b - valence_a) AS valence_pairs, avg(valence_b - valence_a) AS valence_shift,
       count(arousal_b - arousal_a) AS arousal_pairs, avg(arousal_b - arousal_a) AS arousal_shift,
       count(dominance_b - dominance_a) AS dominance_pairs, avg(dominance_b - dominance_a) AS dominance_shift
FROM pairs GROUP BY ALL ORDER BY model, prompt, condition_a, condition_b;
