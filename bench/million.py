"""A store with a million answers as a study has them: stories of some 300 characters, body parts, labels."""

from __future__ import annotations

from pathlib import Path

from elena_wb.core import Stimulus
from elena_wb.store import RunSpec, Store, begin_run, finish_run

RUNS = 20
_EMOTIONS = "['happiness', 'sadness', 'fear', 'anger', 'surprise', 'disgust', 'neutral']"


def _word(turn: int, *words: str) -> str:
    return f"{list(words)}[1 + (hash(i, r, {turn}) % {len(words)})::INTEGER]"


_EMOTION = f"{_EMOTIONS}[1 + CASE WHEN hash(i, r) % 10 < 6 THEN i % 7 ELSE (hash(r, i) % 7)::INTEGER END]"
_ARMS = f"'both arms ' || {_word(1, 'raised', 'bent', 'crossed', 'low')}"
_FEELING = f"{_word(4, 'quiet', 'sudden', 'heavy', 'bright')} || ' feeling'"
_NARRATIVE = f"""'The person stands with ' || {_ARMS} || ' while the ' ||
    {_word(2, "head", "chin", "chest", "shoulder")} || ' leans ' ||
    {_word(3, "forward", "away", "to one side", "back")} || '. Behind this posture lies a ' || {_FEELING} ||
    ' that began ' || {_word(5, "this morning", "long ago", "just now", "in another room")} || ', of which figure ' ||
    i || ' of run ' || r || ' says nothing; somebody has ' || {_word(6, "left", "called", "arrived", "promised")} ||
    ', and the hands show it before the face could.'"""


def write_million(path: Path, answers: int = 1_000_000, runs: int = RUNS) -> Store:
    """Make the store, of so many runs about the same pictures; some tens of seconds."""
    store = Store(path)
    pictures = answers // runs
    for number in range(runs):
        masked = number % 2 == 1
        spec = RunSpec(
            run_key=f"run {number}",
            name=f"million {number // 2}",
            spec_digest=f"{number:064x}",
            experiment=f"experiment {number // 2}",
            model_uri="scripted:one",
            model_digest="0" * 64,
            model_card={"name": "scripted"},
            prompt_name="elena",
            prompt_digest="1" * 64,
            prompt_text="What does the person feel?",
            condition="face" if masked else "none",
            dataset="folder",
            options={"scheme": "ekman7", "masking": "face" if masked else "none"},
            seed=0,
            environment={},
        )
        begin_run(store, spec, [Stimulus(f"{0:064x}", Path("/pictures/0.png"), "folder", 1, 1)])
    with store.write() as connection:
        connection.execute(f"""
            DELETE FROM stimuli;
            INSERT INTO stimuli (stimulus_id, path, dataset, picture_id, upload, width, height)
                SELECT sha256(i::VARCHAR), '/pictures/figure-' || i || '.png', 'folder', sha256(i::VARCHAR), 'allowed',
                       640, 480 FROM range({pictures}) AS t(i);
            INSERT INTO labels SELECT sha256(i::VARCHAR), 'folder', 'ekman7', {_EMOTIONS}[i % 7 + 1], 5, 5, 5
                FROM range({pictures}) AS t(i);
            INSERT INTO generations (generation_id, run_id, stimulus_id, repeat, status, raw_text, emotion, emotion_raw,
                    explicit_description, implicit_description, narrative, valence, arousal, dominance, attempts,
                    created_at, latency_ms)
                SELECT sha256(r || '/' || i), r, sha256(i::VARCHAR), 0,
                       CASE WHEN hash(i, r) % 100 = 0 THEN 'unparsed' ELSE 'ok' END,
                       '{{"emotion": "' || {_EMOTION} || '", "narrative": "' || {_NARRATIVE} || '"}}',
                       CASE WHEN hash(i, r) % 100 > 0 THEN {_EMOTION} END, {_EMOTION}, {_ARMS}, 'a ' || {_FEELING},
                       {_NARRATIVE}, {", ".join(f"1 + hash(i, r, {turn}) % 90 / 10.0" for turn in (7, 8, 9))}, 1,
                       TIMESTAMP '2026-01-01' + to_seconds(r * {pictures} + i), 100
                FROM range(1, {runs + 1}) AS a(r), range({pictures}) AS b(i);
            INSERT INTO body_parts SELECT generation_id, p, ['both arms', 'head', 'hands'][p + 1],
                    ['arms', 'head', 'hands'][p + 1], ['upper', 'head', 'hands'][p + 1]
                FROM generations, range(3) AS q(p);""")
    for run_id in range(1, runs + 1):
        finish_run(store, run_id, "done")
    return store
