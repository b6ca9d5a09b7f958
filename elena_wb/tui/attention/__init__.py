"""The screen of where a model looked: maps over the picture, by layer, head and word."""
