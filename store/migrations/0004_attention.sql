-- Where models looked: what was extracted for each answer, and how much of it fell on each part.

DROP TABLE attention;
CREATE TABLE extractions (
    extraction_id VARCHAR NOT NULL,
    generation_id VARCHAR NOT NULL,
    method        VARCHAR NOT NULL,
    heads         VARCHAR NOT NULL,
    layers        VARCHAR NOT NULL,
    tokens        VARCHAR NOT NULL,
    sinks         INTEGER NOT NULL,
    width         INTEGER NOT NULL,
    height        INTEGER NOT NULL,
    left_edge     INTEGER NOT NULL,
    top_edge      INTEGER NOT NULL,
    blocks        JSON NOT NULL,
    notes         VARCHAR[],
    environment   JSON,
    maps          VARCHAR,
    created_at    TIMESTAMP NOT NULL
);
COMMENT ON TABLE extractions IS 'Answers whose attention to the picture was looked at, each in one or more ways.';
COMMENT ON COLUMN extractions.extraction_id IS 'Identity of the row: the answer, method, heads, layers and tokens.';
COMMENT ON COLUMN extractions.generation_id IS 'The answer.';
COMMENT ON COLUMN extractions.method IS 'What a weight is: raw, value-norm, rollout or gradient.';
COMMENT ON COLUMN extractions.heads IS 'mean, max or each.';
COMMENT ON COLUMN extractions.layers IS 'Layers as asked for, or all.';
COMMENT ON COLUMN extractions.tokens IS 'Tokens as asked for, such as emotion,parts,narrative.';
COMMENT ON COLUMN extractions.sinks IS 'How many places of the picture are attended to whatever is said.';
COMMENT ON COLUMN extractions.width IS 'Width in pixels of what the model was shown: the picture, or a person cut out of it.';
COMMENT ON COLUMN extractions.height IS 'Height in pixels of the same.';
COMMENT ON COLUMN extractions.left_edge IS 'Where it begins in the picture, in pixels from the left.';
COMMENT ON COLUMN extractions.top_edge IS 'Where it begins in the picture, in pixels from the top.';
COMMENT ON COLUMN extractions.blocks IS 'Grids of the maps: name, rows, columns, and x, y, w, h in pixels of the picture.';
COMMENT ON COLUMN extractions.notes IS 'What the model''s plugin said about it.';
COMMENT ON COLUMN extractions.environment IS 'Versions and device that can change a weight.';
COMMENT ON COLUMN extractions.maps IS 'Parquet file with the maps, in the folder beside the store; NULL where they were not kept.';
COMMENT ON COLUMN extractions.created_at IS 'When, UTC.';

CREATE TABLE attention (
    extraction_id       VARCHAR NOT NULL,
    generation_id       VARCHAR NOT NULL,
    layer               INTEGER NOT NULL,
    head                INTEGER,
    target              VARCHAR NOT NULL,
    token_index         INTEGER NOT NULL,
    token_count         INTEGER NOT NULL,
    token               VARCHAR,
    part                VARCHAR NOT NULL,
    mass                DOUBLE NOT NULL,
    share               DOUBLE,
    share_without_sinks DOUBLE,
    area_fraction       DOUBLE,
    peak_inside         BOOLEAN,
    entropy             DOUBLE
);
COMMENT ON TABLE attention IS 'How much attention fell on each part; the maps are kept in Parquet files. Attention is not a cause.';
COMMENT ON COLUMN attention.extraction_id IS 'The extraction.';
COMMENT ON COLUMN attention.generation_id IS 'The answer.';
COMMENT ON COLUMN attention.layer IS 'Layer of the model, from 0.';
COMMENT ON COLUMN attention.head IS 'Attention head; NULL where all are in one.';
COMMENT ON COLUMN attention.target IS 'What attends: emotion, narrative, answer, part:NAME or a pattern.';
COMMENT ON COLUMN attention.token_index IS 'Position in the answer of its first token.';
COMMENT ON COLUMN attention.token_count IS 'Over how many tokens the weights were averaged.';
COMMENT ON COLUMN attention.token IS 'Its text.';
COMMENT ON COLUMN attention.part IS 'Part of the body; picture for all of it, background for what is no body; padding, or what else was attended to.';
COMMENT ON COLUMN attention.mass IS 'Attention on the part, of all that the token pays.';
COMMENT ON COLUMN attention.share IS 'Share of the attention on the picture that fell on the part, 0 to 1; NULL for what is not in the picture.';
COMMENT ON COLUMN attention.share_without_sinks IS 'The same without the places that are attended to whatever is said.';
COMMENT ON COLUMN attention.area_fraction IS 'Share of the picture that the part covers, 0 to 1; NULL for what is not in the picture.';
COMMENT ON COLUMN attention.peak_inside IS 'Whether the place with the most attention lies in the part.';
COMMENT ON COLUMN attention.entropy IS 'Of the attention over the places of the picture, in bits; stands in the rows of the part picture.';
