-- The tables of a study. The large ones carry no PRIMARY KEY on purpose: DuckDB would rewrite the whole
-- index at every small commit. One process writes at a time, and each insert looks for its key first.

CREATE SEQUENCE run_ids START 1;

CREATE TABLE runs (
    run_id        INTEGER PRIMARY KEY DEFAULT nextval('run_ids'),
    run_key       VARCHAR NOT NULL UNIQUE,
    name          VARCHAR,
    spec_digest   VARCHAR NOT NULL,
    experiment    VARCHAR,
    model_uri     VARCHAR NOT NULL,
    model_digest  VARCHAR NOT NULL,
    model_card    JSON,
    prompt_name   VARCHAR NOT NULL,
    prompt_digest VARCHAR NOT NULL,
    prompt_text   VARCHAR NOT NULL,
    condition     VARCHAR NOT NULL,
    dataset       VARCHAR,
    options       JSON,
    seed          BIGINT,
    environment   JSON,
    planned       INTEGER,
    status        VARCHAR NOT NULL CHECK (status IN ('running', 'done', 'partial', 'failed', 'interrupted')),
    started_at    TIMESTAMP NOT NULL,
    finished_at   TIMESTAMP
);
COMMENT ON TABLE runs IS 'One model, prompt and condition over a set of stimuli.';
COMMENT ON COLUMN runs.run_id IS 'The number people type.';
COMMENT ON COLUMN runs.run_key IS 'Identity of the run: the same key continues the same run.';
COMMENT ON COLUMN runs.name IS 'Name given by the user, if any.';
COMMENT ON COLUMN runs.spec_digest IS 'sha256 over model, prompt, condition, sampling and seed.';
COMMENT ON COLUMN runs.experiment IS 'What the runs of one command have in common; runs of one experiment are compared.';
COMMENT ON COLUMN runs.model_uri IS 'Model as asked for, such as tiny: or hf:google/gemma-3-4b-it.';
COMMENT ON COLUMN runs.model_digest IS 'Identity of the weights and of the options that change answers.';
COMMENT ON COLUMN runs.model_card IS 'Everything known about the model that answered.';
COMMENT ON COLUMN runs.prompt_name IS 'Prompt pack; its variant follows from the condition.';
COMMENT ON COLUMN runs.prompt_digest IS 'sha256 over all parts of the prompt that can change an answer.';
COMMENT ON COLUMN runs.prompt_text IS 'System and user text as sent.';
COMMENT ON COLUMN runs.condition IS 'What was hidden: none, or PARTS[:STYLE][@LOCATOR].';
COMMENT ON COLUMN runs.dataset IS 'Where the stimuli come from.';
COMMENT ON COLUMN runs.options IS 'Sampling and other choices of the run.';
COMMENT ON COLUMN runs.seed IS 'Seed of the sampling.';
COMMENT ON COLUMN runs.environment IS 'Versions and device that can change an answer.';
COMMENT ON COLUMN runs.planned IS 'How many answers the run is to have.';
COMMENT ON COLUMN runs.status IS 'running, done, partial (some items failed), failed or interrupted.';
COMMENT ON COLUMN runs.started_at IS 'When the run was first begun, UTC.';
COMMENT ON COLUMN runs.finished_at IS 'When it last ended, UTC; NULL while it runs.';

CREATE TABLE stimuli (
    stimulus_id  VARCHAR NOT NULL,
    path         VARCHAR NOT NULL,
    dataset      VARCHAR,
    split        VARCHAR,
    width        INTEGER,
    height       INTEGER,
    person_index INTEGER,
    person_box   STRUCT(x DOUBLE, y DOUBLE, w DOUBLE, h DOUBLE)
);
COMMENT ON TABLE stimuli IS 'Pictures that models are asked about.';
COMMENT ON COLUMN stimuli.stimulus_id IS 'sha256 of the bytes of the file.';
COMMENT ON COLUMN stimuli.path IS 'Where the picture was last seen.';
COMMENT ON COLUMN stimuli.dataset IS 'Data set that it belongs to.';
COMMENT ON COLUMN stimuli.split IS 'Split of the data set, where it has any.';
COMMENT ON COLUMN stimuli.width IS 'Width in pixels as displayed; NULL until the picture was opened.';
COMMENT ON COLUMN stimuli.height IS 'Height in pixels as displayed; NULL until the picture was opened.';
COMMENT ON COLUMN stimuli.person_index IS 'Which person, where a picture shows several labelled ones.';
COMMENT ON COLUMN stimuli.person_box IS 'Box around that person in pixels.';

CREATE TABLE files (
    path          VARCHAR NOT NULL,
    stimulus_id   VARCHAR NOT NULL,
    file_size     BIGINT NOT NULL,
    file_mtime_ns BIGINT NOT NULL
);
COMMENT ON TABLE files IS 'What is known of each file, so that one that has not changed is not read again.';
COMMENT ON COLUMN files.path IS 'Path as it was given.';
COMMENT ON COLUMN files.stimulus_id IS 'sha256 of its bytes when last read.';
COMMENT ON COLUMN files.file_size IS 'Size in bytes when last read.';
COMMENT ON COLUMN files.file_mtime_ns IS 'Time of last change in nanoseconds when last read.';

CREATE TABLE labels (
    stimulus_id VARCHAR NOT NULL,
    source      VARCHAR NOT NULL,
    scheme      VARCHAR NOT NULL,
    label       VARCHAR,
    valence     DOUBLE,
    arousal     DOUBLE,
    dominance   DOUBLE
);
COMMENT ON TABLE labels IS 'Ground truth: who says what about a stimulus.';
COMMENT ON COLUMN labels.stimulus_id IS 'The stimulus.';
COMMENT ON COLUMN labels.source IS 'Who says so: a data set, or face and body where these differ.';
COMMENT ON COLUMN labels.scheme IS 'Label scheme, such as ekman7.';
COMMENT ON COLUMN labels.label IS 'Emotion as the scheme spells it.';
COMMENT ON COLUMN labels.valence IS 'Valence on the scale of the data set, 1 to 10 where it is known.';
COMMENT ON COLUMN labels.arousal IS 'Arousal on the same scale.';
COMMENT ON COLUMN labels.dominance IS 'Dominance on the same scale.';

CREATE TABLE regions (
    stimulus_id VARCHAR NOT NULL,
    locator     VARCHAR NOT NULL,
    part        VARCHAR NOT NULL,
    x           DOUBLE NOT NULL,
    y           DOUBLE NOT NULL,
    w           DOUBLE NOT NULL,
    h           DOUBLE NOT NULL,
    score       DOUBLE,
    landmarks   JSON
);
COMMENT ON TABLE regions IS 'Located parts of persons.';
COMMENT ON COLUMN regions.stimulus_id IS 'The stimulus.';
COMMENT ON COLUMN regions.locator IS 'Who found it; annotated for regions that came with the data.';
COMMENT ON COLUMN regions.part IS 'face, hands, ...';
COMMENT ON COLUMN regions.x IS 'Left edge in pixels of the picture as displayed.';
COMMENT ON COLUMN regions.y IS 'Top edge in pixels.';
COMMENT ON COLUMN regions.w IS 'Width in pixels.';
COMMENT ON COLUMN regions.h IS 'Height in pixels.';
COMMENT ON COLUMN regions.score IS 'Confidence of the locator, 0 to 1.';
COMMENT ON COLUMN regions.landmarks IS 'Named points in the same pixels.';

CREATE TABLE searches (
    stimulus_id VARCHAR NOT NULL,
    locator     VARCHAR NOT NULL,
    found       INTEGER NOT NULL
);
COMMENT ON TABLE searches IS 'Which pictures a locator has searched, also where it found nothing.';
COMMENT ON COLUMN searches.stimulus_id IS 'The stimulus.';
COMMENT ON COLUMN searches.locator IS 'The locator.';
COMMENT ON COLUMN searches.found IS 'How many regions it found.';

CREATE TABLE generations (
    generation_id        VARCHAR NOT NULL,
    content_digest       VARCHAR,
    run_id               INTEGER NOT NULL,
    stimulus_id          VARCHAR NOT NULL,
    repeat               INTEGER NOT NULL,
    status               VARCHAR NOT NULL CHECK (status IN ('ok', 'unparsed', 'refused', 'error')),
    raw_text             VARCHAR,
    emotion              VARCHAR,
    emotion_raw          VARCHAR,
    explicit_description VARCHAR,
    implicit_description VARCHAR,
    narrative            VARCHAR,
    valence              DOUBLE,
    arousal              DOUBLE,
    dominance            DOUBLE,
    notes                VARCHAR[],
    finish_reason        VARCHAR,
    prompt_tokens        INTEGER,
    completion_tokens    INTEGER,
    latency_ms           DOUBLE,
    cost_usd             DOUBLE,
    error                VARCHAR,
    attempts             INTEGER NOT NULL,
    created_at           TIMESTAMP NOT NULL
);
COMMENT ON TABLE generations IS 'One answer of a model, or its failure.';
COMMENT ON COLUMN generations.generation_id IS 'Identity of the row: run, stimulus and repeat.';
COMMENT ON COLUMN generations.content_digest IS 'Identity of the question: image as sent, model, prompt, sampling, seed; NULL where no picture could be sent.';
COMMENT ON COLUMN generations.run_id IS 'The run.';
COMMENT ON COLUMN generations.stimulus_id IS 'The stimulus.';
COMMENT ON COLUMN generations.repeat IS 'Counts the answers to the same question from 0.';
COMMENT ON COLUMN generations.status IS 'ok, unparsed (answered, not understood), refused or error.';
COMMENT ON COLUMN generations.raw_text IS 'The answer word for word.';
COMMENT ON COLUMN generations.emotion IS 'Emotion in canonical spelling; NULL for an abstention.';
COMMENT ON COLUMN generations.emotion_raw IS 'Emotion as the model spelt it.';
COMMENT ON COLUMN generations.explicit_description IS 'What the model says is visible.';
COMMENT ON COLUMN generations.implicit_description IS 'What the model says is felt within.';
COMMENT ON COLUMN generations.narrative IS 'The story.';
COMMENT ON COLUMN generations.valence IS '1 to 10.';
COMMENT ON COLUMN generations.arousal IS '1 to 10.';
COMMENT ON COLUMN generations.dominance IS '1 to 10.';
COMMENT ON COLUMN generations.notes IS 'What was repaired or dropped when the answer was read.';
COMMENT ON COLUMN generations.finish_reason IS 'stop, length, refused or error.';
COMMENT ON COLUMN generations.prompt_tokens IS 'Tokens of the question.';
COMMENT ON COLUMN generations.completion_tokens IS 'Tokens of the answer.';
COMMENT ON COLUMN generations.latency_ms IS 'Time until the answer was complete.';
COMMENT ON COLUMN generations.cost_usd IS 'What it cost, where known.';
COMMENT ON COLUMN generations.error IS 'What went wrong.';
COMMENT ON COLUMN generations.attempts IS 'How often the model was asked.';
COMMENT ON COLUMN generations.created_at IS 'When the answer came, UTC.';

CREATE TABLE body_parts (
    generation_id VARCHAR NOT NULL,
    position      INTEGER NOT NULL,
    phrase        VARCHAR NOT NULL,
    part          VARCHAR,
    part_group    VARCHAR
);
COMMENT ON TABLE body_parts IS 'Parts of the body that an answer names.';
COMMENT ON COLUMN body_parts.generation_id IS 'The answer.';
COMMENT ON COLUMN body_parts.position IS 'Order in the answer, from 0.';
COMMENT ON COLUMN body_parts.phrase IS 'The words of the model.';
COMMENT ON COLUMN body_parts.part IS 'Canonical part; NULL where the vocabulary has none.';
COMMENT ON COLUMN body_parts.part_group IS 'face, head, upper, hands, torso, lower, internal or whole.';

CREATE TABLE label_scores (
    generation_id VARCHAR NOT NULL,
    label         VARCHAR NOT NULL,
    logprob       DOUBLE NOT NULL
);
COMMENT ON TABLE label_scores IS 'How probable each label was to the model, where it can tell.';
COMMENT ON COLUMN label_scores.generation_id IS 'The answer.';
COMMENT ON COLUMN label_scores.label IS 'Label in canonical spelling.';
COMMENT ON COLUMN label_scores.logprob IS 'Natural logarithm of its probability.';

CREATE TABLE mask_audits (
    stimulus_id    VARCHAR NOT NULL,
    condition      VARCHAR NOT NULL,
    detector       VARCHAR NOT NULL,
    residual_faces INTEGER NOT NULL,
    worst_score    DOUBLE
);
COMMENT ON TABLE mask_audits IS 'Whether a detector still finds a face in a masked picture.';
COMMENT ON COLUMN mask_audits.stimulus_id IS 'The stimulus.';
COMMENT ON COLUMN mask_audits.condition IS 'How it was masked.';
COMMENT ON COLUMN mask_audits.detector IS 'Who looked.';
COMMENT ON COLUMN mask_audits.residual_faces IS 'How many faces were still found.';
COMMENT ON COLUMN mask_audits.worst_score IS 'Highest confidence among them.';

CREATE TABLE attention (
    generation_id VARCHAR NOT NULL,
    layer         INTEGER NOT NULL,
    head          INTEGER,
    token_index   INTEGER NOT NULL,
    token         VARCHAR,
    part          VARCHAR NOT NULL,
    share         DOUBLE NOT NULL,
    area_fraction DOUBLE NOT NULL
);
COMMENT ON TABLE attention IS 'How much attention fell on each part; the maps are kept in Parquet files.';
COMMENT ON COLUMN attention.generation_id IS 'The answer.';
COMMENT ON COLUMN attention.layer IS 'Layer of the model.';
COMMENT ON COLUMN attention.head IS 'Attention head; NULL for the mean over all.';
COMMENT ON COLUMN attention.token_index IS 'Position of the token that attends.';
COMMENT ON COLUMN attention.token IS 'Its text.';
COMMENT ON COLUMN attention.part IS 'Part of the body.';
COMMENT ON COLUMN attention.share IS 'Share of the attention on the picture that fell on the part, 0 to 1.';
COMMENT ON COLUMN attention.area_fraction IS 'Share of the picture that the part covers, 0 to 1.';
