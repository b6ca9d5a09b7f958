-- How much attention does the face get for the emotion, over its share of the picture, in each layer?
SELECT run_id, run, condition, method, heads, layer, count(DISTINCT generation_id) AS answers,
       avg(share) AS share, avg(area_fraction) AS area_fraction, avg(ratio) AS ratio,
       avg(ratio_without_sinks) AS ratio_without_sinks, avg(peak_inside::INTEGER) AS peaks_inside
FROM gaze WHERE part = 'face' AND target = 'emotion'
GROUP BY ALL ORDER BY run_id, method, heads, layer;
