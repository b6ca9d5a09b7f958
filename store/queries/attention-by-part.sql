-- Which parts get more attention than their share of the picture, for which words, over all layers?
SELECT run_id, run, condition, method, heads, target, part, count(DISTINCT generation_id) AS answers,
       avg(mass) AS mass, avg(share) AS share, avg(area_fraction) AS area_fraction, avg(ratio) AS ratio,
       avg(ratio_without_sinks) AS ratio_without_sinks, avg(peak_inside::INTEGER) AS peaks_inside
FROM gaze GROUP BY ALL ORDER BY run_id, method, heads, target, ratio DESC NULLS LAST, part;
