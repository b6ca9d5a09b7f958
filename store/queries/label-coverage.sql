-- How many labels of each data set can be read as one of the seven emotions of ekman7?
SELECT l.source, l.scheme, coalesce(string_agg(DISTINCT m.mapped_by, ', '), '(nobody)') AS mapped_by, count(*) AS labels,
       count(m.label) AS mapped, count(m.label) / count(*) AS coverage
FROM labels AS l
LEFT JOIN (
    SELECT scheme, label, string_agg(DISTINCT source, ', ' ORDER BY source) AS mapped_by
    FROM label_mappings WHERE to_scheme = 'ekman7' GROUP BY ALL
) AS m ON m.scheme = l.scheme AND m.label = l.label
WHERE l.label IS NOT NULL GROUP BY l.source, l.scheme ORDER BY l.source, l.scheme;
