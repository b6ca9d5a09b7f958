-- What it took to get an answer, and which version of a model a server says has given it.

ALTER TABLE generations ADD COLUMN retried_for VARCHAR[];
ALTER TABLE generations ADD COLUMN answered_by VARCHAR;
COMMENT ON COLUMN generations.retried_for IS 'Why each attempt but the last had to be repeated, in order: rate-limited, server, timeout, connection, reply or other; NULL in rows that are older than the column.';
COMMENT ON COLUMN generations.answered_by IS 'Version of the model that the server says has answered.';
