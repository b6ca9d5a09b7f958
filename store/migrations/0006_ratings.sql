-- What people said of answers without knowing whose they were. A session says which answers, and how they are shown; a
-- sitting is one rater's way through it, with an order of his own.

CREATE SEQUENCE rating_session_ids START 1;
CREATE SEQUENCE rating_sitting_ids START 1;

CREATE TABLE rating_sessions (
    session_id INTEGER PRIMARY KEY DEFAULT nextval('rating_session_ids'),
    name       VARCHAR NOT NULL,
    kind       VARCHAR NOT NULL CHECK (kind IN ('single', 'pairs')),
    picture    VARCHAR NOT NULL CHECK (picture IN ('seen', 'whole', 'none')),
    scales     JSON NOT NULL,
    drawn_from JSON NOT NULL,
    repeated   INTEGER NOT NULL,
    seed       BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE rating_sessions IS 'Designs of blind rating: which answers people rate, and how they are shown.';
COMMENT ON COLUMN rating_sessions.session_id IS 'The number of the session.';
COMMENT ON COLUMN rating_sessions.name IS 'Its name; no two are called the same.';
COMMENT ON COLUMN rating_sessions.kind IS 'single: one answer on scales; pairs: two answers about one picture, side by side.';
COMMENT ON COLUMN rating_sessions.picture IS 'What raters see of the picture: seen (as the model was given it, masked), whole or none.';
COMMENT ON COLUMN rating_sessions.scales IS 'What they are asked and shown, as the file of scales said when the session was made.';
COMMENT ON COLUMN rating_sessions.drawn_from IS 'Which answers were chosen from: runs, filter, how many.';
COMMENT ON COLUMN rating_sessions.repeated IS 'How many items each rater sees twice.';
COMMENT ON COLUMN rating_sessions.seed IS 'Seed of the choice; with the name of a rater, of his order.';
COMMENT ON COLUMN rating_sessions.created_at IS 'When it was made, UTC.';

CREATE TABLE rating_items (
    session_id   INTEGER NOT NULL,
    item         INTEGER NOT NULL,
    generation_a VARCHAR NOT NULL,
    generation_b VARCHAR
);
COMMENT ON TABLE rating_items IS 'What is rated in a session, the same for all raters. Items whose answers are deleted go with them, ratings too.';
COMMENT ON COLUMN rating_items.session_id IS 'The session.';
COMMENT ON COLUMN rating_items.item IS 'Counts its items from 0.';
COMMENT ON COLUMN rating_items.generation_a IS 'The answer, of a pair the one of the run with the lower number.';
COMMENT ON COLUMN rating_items.generation_b IS 'The other answer of a pair; NULL for single ones.';

CREATE TABLE rating_sittings (
    sitting_id INTEGER PRIMARY KEY DEFAULT nextval('rating_sitting_ids'),
    session_id INTEGER NOT NULL,
    rater      VARCHAR NOT NULL,
    seed       BIGINT NOT NULL,
    started_at TIMESTAMP NOT NULL
);
COMMENT ON TABLE rating_sittings IS 'One rater''s way through a session, in as many turns as he likes.';
COMMENT ON COLUMN rating_sittings.sitting_id IS 'The number of the sitting.';
COMMENT ON COLUMN rating_sittings.session_id IS 'The session.';
COMMENT ON COLUMN rating_sittings.rater IS 'The rater''s name.';
COMMENT ON COLUMN rating_sittings.seed IS 'Seed of the order in which, and of the sides on which, this rater sees the items.';
COMMENT ON COLUMN rating_sittings.started_at IS 'When the rater first sat down, UTC.';

CREATE TABLE rating_places (
    sitting_id INTEGER NOT NULL,
    position   INTEGER NOT NULL,
    item       INTEGER NOT NULL,
    swapped    BOOLEAN NOT NULL,
    again      BOOLEAN NOT NULL,
    rated_at   TIMESTAMP,
    seconds    DOUBLE,
    skipped    VARCHAR
);
COMMENT ON TABLE rating_places IS 'The order in which a rater sees the items of a session, and how far he got.';
COMMENT ON COLUMN rating_places.sitting_id IS 'The sitting.';
COMMENT ON COLUMN rating_places.position IS 'Place in the order, from 0.';
COMMENT ON COLUMN rating_places.item IS 'The item.';
COMMENT ON COLUMN rating_places.swapped IS 'Whether answer b of the pair stood on the left.';
COMMENT ON COLUMN rating_places.again IS 'Whether the rater had seen the item before, to tell how well he agrees with himself.';
COMMENT ON COLUMN rating_places.rated_at IS 'When it was rated or skipped, UTC; NULL while it waits.';
COMMENT ON COLUMN rating_places.seconds IS 'From when it was shown until it was rated.';
COMMENT ON COLUMN rating_places.skipped IS 'Why it was not rated; NULL where it was.';

CREATE TABLE rating_values (
    sitting_id INTEGER NOT NULL,
    position   INTEGER NOT NULL,
    scale      VARCHAR NOT NULL,
    value      INTEGER,
    preferred  VARCHAR CHECK (preferred IN ('a', 'b', 'equal'))
);
COMMENT ON TABLE rating_values IS 'What raters said, a row for each scale; the views ratings and preferences tell of what.';
COMMENT ON COLUMN rating_values.sitting_id IS 'The sitting.';
COMMENT ON COLUMN rating_values.position IS 'The place in its order.';
COMMENT ON COLUMN rating_values.scale IS 'Name of the scale, or of the preference.';
COMMENT ON COLUMN rating_values.value IS 'The digit on the scale; NULL for pairs.';
COMMENT ON COLUMN rating_values.preferred IS 'Which answer of the pair was preferred, whichever side it stood on: a, b or equal; NULL for single ones.';
