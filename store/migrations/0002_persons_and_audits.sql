-- Persons within a picture, what a data set says beside labels, where pictures may go, and audits of masks.

ALTER TABLE stimuli ADD COLUMN picture_id VARCHAR;
ALTER TABLE stimuli ADD COLUMN attributes JSON;
ALTER TABLE stimuli ADD COLUMN upload VARCHAR;
UPDATE stimuli SET picture_id = stimulus_id, upload = 'allowed';
COMMENT ON COLUMN stimuli.stimulus_id IS 'sha256 of the bytes of the file; for one person in it, the corners of the person''s box follow.';
COMMENT ON COLUMN stimuli.picture_id IS 'sha256 of the bytes of the file, which the persons in it share.';
COMMENT ON COLUMN stimuli.attributes IS 'What else the data set says, such as view or gender.';
COMMENT ON COLUMN stimuli.upload IS 'allowed, masked-only or local-only: whether the picture may leave the machine.';

DROP TABLE mask_audits;
CREATE TABLE mask_audits (
    stimulus_id    VARCHAR NOT NULL,
    condition      VARCHAR NOT NULL,
    masking        VARCHAR NOT NULL,
    detector       VARCHAR NOT NULL,
    residual_faces INTEGER NOT NULL,
    worst_score    DOUBLE,
    faces          JSON,
    uncovered      INTEGER,
    audited_at     TIMESTAMP NOT NULL
);
COMMENT ON TABLE mask_audits IS 'Whether a face is left in a masked picture: what another detector sees, and what ground truth says.';
COMMENT ON COLUMN mask_audits.stimulus_id IS 'The stimulus.';
COMMENT ON COLUMN mask_audits.condition IS 'How it was masked, as asked for.';
COMMENT ON COLUMN mask_audits.masking IS 'How it was masked, to the last setting.';
COMMENT ON COLUMN mask_audits.detector IS 'Who looked.';
COMMENT ON COLUMN mask_audits.residual_faces IS 'How many faces are left: found by the detector, or known and uncovered.';
COMMENT ON COLUMN mask_audits.worst_score IS 'Highest confidence among those found; NULL where none was.';
COMMENT ON COLUMN mask_audits.faces IS 'Boxes and confidence of those found, in pixels of the picture.';
COMMENT ON COLUMN mask_audits.uncovered IS 'Faces known from the data that are not wholly hidden; NULL where none is known.';
COMMENT ON COLUMN mask_audits.audited_at IS 'When, UTC.';
