-- How do people rate the answers under each condition, by first showings?
SELECT session, scale, model, condition, count(*) AS ratings, count(DISTINCT rater) AS raters,
       count(DISTINCT generation_id) AS answers, avg(value) AS mean, stddev_samp(value) AS sd
FROM ratings WHERE NOT again GROUP BY ALL ORDER BY session, scale, model, condition;
