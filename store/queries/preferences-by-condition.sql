-- Which condition's answers do people prefer, by first showings (left tells of a leaning to one side)?
SELECT session, scale, model_a, condition_a, model_b, condition_b, count(*) AS choices,
       count(*) FILTER (preferred = 'a') AS prefer_a, count(*) FILTER (preferred = 'b') AS prefer_b,
       count(*) FILTER (preferred = 'equal') AS equal, count(*) FILTER (side = 'left') AS prefer_left
FROM preferences WHERE NOT again GROUP BY ALL ORDER BY session, scale, model_a, condition_a, model_b, condition_b;
