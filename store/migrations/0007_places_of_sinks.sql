-- Which places of a map are sinks is told with its grids.

COMMENT ON COLUMN extractions.blocks IS 'Grids of the maps: name, rows, columns, x, y, w, h in pixels of the picture, and which places are sinks.';
