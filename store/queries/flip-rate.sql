-- How often does the answer change between two conditions?
SELECT model, prompt, condition_a, condition_b, count(flipped) AS pairs,
       count(*) FILTER (flipped) AS flips, avg(flipped::INTEGER) AS flip_rate
FROM pairs GROUP BY ALL ORDER BY model, prompt, condition_a, condition_b;
