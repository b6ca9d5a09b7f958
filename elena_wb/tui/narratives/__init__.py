"""The screen of answers: a table that filters, the picture, and what the model said about it."""
