-- What a reader noted about an answer.

CREATE TABLE marks (
    generation_id VARCHAR NOT NULL,
    marked        BOOLEAN NOT NULL,
    note          VARCHAR,
    changed_at    TIMESTAMP NOT NULL
);
COMMENT ON TABLE marks IS 'Answers that a reader marked or wrote a note about, one row each.';
COMMENT ON COLUMN marks.generation_id IS 'The answer.';
COMMENT ON COLUMN marks.marked IS 'Whether it is marked.';
COMMENT ON COLUMN marks.note IS 'What the reader wrote about it.';
COMMENT ON COLUMN marks.changed_at IS 'When that was last changed, UTC.';
