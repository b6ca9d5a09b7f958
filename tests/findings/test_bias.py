"""Whether a model goes by the face, told of runs whose every answer is known."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from elena_wb.analysis.occluding import effects
from elena_wb.core import BodyPart, Condition, Label
from elena_wb.engine.occluding import arranged
from elena_wb.findings.bias import Tried, facial_bias
from elena_wb.findings.bias_runs import control_of, hides_face
from elena_wb.findings.bias_told import data, sections
from elena_wb.findings.comparing import compare_runs
from elena_wb.findings.gazes import gather_gazes
from elena_wb.findings.pieces import Chart, Table
from elena_wb.masking import NO_ROOM, NOTHING_HIDDEN
from elena_wb.store import Store
from elena_wb.store.attention import ROWS, Extraction, add_extractions
from elena_wb.store.audits import add_audits
from elena_wb.store.pairing import trios
from elena_wb.store.records import AuditRecord
from elena_wb.store.selection import Choice, choose_answers
from elena_wb.vocabulary import body_part, facial_mentions
from tests.findings.checking import checked_tables
from tests.findings.planted import put
from tests.store.conftest import digest, stimulus

EMOTIONS = ("happiness", "fear", "anger")
INCONGRUENT = range(24, 34)
"""Pictures whose face says happiness and whose body says fear."""
LABELS = {
    **{n: (Label("intended", "ekman7", EMOTIONS[n % 3]),) for n in range(24)},
    **{n: (Label("face", "ekman7", "happiness"), Label("body", "ekman7", "fear")) for n in INCONGRUENT},
}
MASKING = "face(box)"


def answer(emotion: str, parts: str, narrative: str, **fields: Any) -> dict[str, Any]:
    named: tuple[BodyPart, ...] = tuple(body_part(part) for part in parts.split(", "))
    return {"emotion": emotion, "body_parts": named, "narrative": narrative, **fields}


def unmasked(n: int) -> dict[str, Any]:
    emotion = "happiness" if n in INCONGRUENT else EMOTIONS[n % 3]
    return answer(emotion, "wide smile, open hands, aura", "A broad smile, and her face turns to the wall.")


def hidden(n: int) -> dict[str, Any]:
    emotion = "fear" if n in INCONGRUENT or n % 4 == 0 else EMOTIONS[n % 3]
    story = "There is a smile." if n % 8 == 0 else "They face the wall with one hand over their mouth."
    note = (f"no face found: {NOTHING_HIDDEN}",) if n == 1 else ()
    return answer(emotion, "raised head, open hands", story, notes=note)


def control(n: int) -> dict[str, Any]:
    emotion = "anger" if n == 9 else unmasked(n)["emotion"]
    note = (f"{NO_ROOM}: {NOTHING_HIDDEN}",) if n == 2 else ()
    return answer(emotion, "wide smile", "A smile.", notes=note)


def plant(store: Store, hiding: str = "face", *, with_control: bool = True) -> None:
    masked: dict[str, Any] = {"condition": hiding, "options": {"masking": MASKING}}
    put(store, "u", {n: unmasked(n) for n in LABELS}, LABELS, name="study")
    put(store, "h", {n: hidden(n) for n in LABELS}, LABELS, name="study", **masked)
    if with_control:
        put(store, "c", {n: control(n) for n in LABELS}, LABELS, name="study", condition=control_of(hiding))
    audits = [AuditRecord(digest("s", n), hiding, MASKING, "mtcnn", int(n == 3)) for n in range(20)]
    add_audits(store, [stimulus(n) for n in range(20)], audits)


def look(store: Store, key: str, share: float, numbers: Sequence[int]) -> None:
    """Attention of some answers of a run: two layers, the face getting ``share`` or a little more or less."""
    found = []
    for n in numbers:
        rows = []
        for layer in (3, 5):
            face = share + 0.002 * (n % 5) + 0.01 * (layer - 4)
            for part, of, area in (("picture", 1.0, 1.0), ("face", face, 0.1), ("background", 1 - face, 0.9)):
                rows.append(
                    {
                        "layer": layer,
                        "target": "emotion",
                        "token_index": 0,
                        "token_count": 1,
                        "part": part,
                        "mass": 0.8 * of,
                        "share": of,
                        "share_without_sinks": of,
                        "area_fraction": area,
                        "peak_inside": part != "face" or n % 2 == 0,
                        "entropy": 2.0 if part == "picture" else None,
                    }
                )
        table = pa.Table.from_pylist(rows, schema=ROWS)
        of_answer = Extraction(digest(key, n, 0), "raw", "mean", "all", "emotion", 9, 9, 0, 0, (), (), table)
        found.append(of_answer)
    add_extractions(store, found)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bias")
    store = Store(folder / "study.duckdb", lock_timeout=20)
    plant(store)
    look(store, "u", 0.4, range(20))
    look(store, "h", 0.1, range(15))
    return folder


@pytest.fixture
def study(planted: Path, tmp_path: Path) -> Store:
    shutil.copytree(planted, tmp_path / "copy")
    return Store(tmp_path / "copy" / "study.duckdb", lock_timeout=20)


def one(store: Store, *runs: int, **options: Any) -> Tried:
    (tried,) = facial_bias(store, runs, **options).tried
    return tried


def test_every_measure_is_that_of_a_plain_count_over_the_pictures(study):
    of = one(study, 1, 2, 3)
    dependence = of.dependence
    assert dependence is not None
    kept = [n for n in LABELS if n not in (1, 2, 3)]  # no face found, no room, a face left
    left = dependence.left
    assert (left.unfound, left.no_room, left.face_left, left.total) == (1, 1, 1, 3)
    changed = [n for n in kept if hidden(n)["emotion"] != unmasked(n)["emotion"]]
    assert dependence.flips.hidden.value == len(changed) / len(kept)
    assert dependence.flips.control.value == 1 / len(kept)
    scored = [n for n in kept if n < 24]
    right = [hidden(n)["emotion"] == EMOTIONS[n % 3] for n in scored]
    assert dependence.accuracy.hidden.value == sum(right) / len(scored)
    assert dependence.accuracy.beyond.n == len(scored)
    pairs = [n for n in LABELS if n not in (1, 3)]  # room for the control does not matter here
    assert (of.parts.unmasked.value, of.parts.unmasked.n) == (1 / 2, len(pairs))  # the aura is no part
    assert of.parts.hidden.value == 0  # the head is none of the face
    said = [bool(facial_mentions(hidden(n)["narrative"])) for n in pairs]
    assert (of.words.unmasked.value, of.words.hidden.value) == (1, sum(said) / len(pairs))
    before, after = of.followed
    assert before is not None
    assert after is not None
    assert (before.n, before.face.value, after.face.value, after.body.value) == (10, 1, 0, 1)
    assert checked_tables(study, sections(facial_bias(study, [1, 2, 3])))


def test_the_numbers_are_those_of_compare_occlude_and_attend(study):
    of = one(study, 1, 2, 3)
    dependence, gaze = of.dependence, of.gaze
    assert dependence is not None
    assert gaze is not None
    table = trios(
        study, 1, 2, 3, scheme="ekman7", stimuli=[digest("s", n) for n in LABELS if n != 3], repeats=1
    )
    (effect,) = effects([("face", arranged(table))])
    assert (dependence.flips.hidden, dependence.flips.control) == (effect.hidden, effect.control)
    assert (dependence.flips.beyond, dependence.flips.p) == (effect.difference, effect.p)

    chosen = choose_answers(study, [1, 2], Choice())
    told = gather_gazes(study, chosen, method="raw", heads="mean", target="emotion")
    for run, side in zip(told.runs, (gaze.ratio.unmasked, gaze.ratio.hidden), strict=True):
        (face,) = (one for one in run.gazes if one.part == "face" and one.layer is None)
        assert (side.value, side.low, side.high, side.n) == pytest.approx(
            (face.bias.value, face.bias.low, face.bias.high, face.n)
        )
    moved = next(one for one in told.moved if one.second == 2)
    (face,) = (part for part in moved.shift.over_layers if part.part == "face")
    assert (gaze.share.change.value, gaze.share.change.low) == pytest.approx(
        (face.share.value, face.share.low)
    )
    assert gaze.ratio.change.value == pytest.approx(-3.0)
    assert gaze.ratio.unmasked.value == pytest.approx(4.04)
    assert (gaze.ratio.stimuli, gaze.method, gaze.heads, gaze.target) == (15, "raw", "mean", "emotion")


def test_without_anything_left_out_the_change_is_that_of_compare(store):
    emotions = {n: EMOTIONS[(n * n) % 3] for n in range(30)}
    labels = {n: (Label("intended", "ekman7", EMOTIONS[n % 3]),) for n in range(30)}
    put(
        store,
        "u",
        {n: [EMOTIONS[n % 3] if n % 5 else "!refused", "fear"][:: 1 - 2 * (n % 2)] for n in range(30)},
        labels,
    )
    put(store, "h", {n: [emotion, "fear"] for n, emotion in emotions.items()}, labels, condition="face:blur")
    found, compared = one(store, 2).dependence, compare_runs(store, "1", "2")
    assert found is not None
    assert compared.scores is not None
    theirs = compared.scores.figures["macro_f1"]
    assert (found.macro_f1.unmasked, found.macro_f1.hidden, found.macro_f1.change) == (
        theirs.first,
        theirs.second,
        theirs.change,
    )
    assert found.flips.hidden == compared.changes.flips
    assert found.unread == 6


def test_audited_only_leaves_out_what_no_audit_found_whole(study):
    of = one(study, 1, 2, 3, audited_only=True)
    assert of.dependence is not None
    assert (of.dependence.left.unaudited, of.words.hidden.n) == (14, 18)
    assert of.gaze is not None
    assert of.gaze.ratio.hidden.n == 13  # of the 15 looked at one shows the face, in one none was found
    bias = facial_bias(study, [1, 2, 3], audited_only=True)
    assert checked_tables(study, sections(bias))
    assert "14 mask not audited" in str(sections(bias))


def test_a_run_alone_is_set_beside_those_of_the_store_that_belong_to_it(study):
    put(study, "other", {n: unmasked(n) for n in LABELS}, LABELS, model_digest="another")
    put(study, "hands", {n: unmasked(n) for n in LABELS}, LABELS, condition="hands")
    for named in ([1], [2], [3], [1, 2], [5, 2]):
        bias = facial_bias(study, named)
        (of,) = bias.tried
        assert [run.run_id for run in of.trial.runs] == [1, 2, 3]
    told = str(sections(facial_bias(study, [5, 2])))
    assert "Run 5 (`hands`) hides neither the face alone" in told
    assert "Runs 1 and 3 of the store" in told
    both = facial_bias(study, [2, 4])
    assert [of.runs for of in both.tried] == [
        {"unmasked": 1, "hidden": 2, "control": 3},
        {"unmasked": 4},
    ]
    found = sections(both)
    assert found[0].name == "face-bias-models"
    assert len({section.name for section in found}) == len(found)
    assert checked_tables(study, found)


def test_what_cannot_be_told_is_said_with_the_command_that_makes_it(store):
    put(store, "u", dict.fromkeys(range(4), "fear"), dict.fromkeys(range(4), ()))
    told = str(sections(facial_bias(store, [1])))
    assert "`elena-wb occlude 1 --parts face`" in told
    assert "`elena-wb attend 1`" in told
    assert "--incongruent" in told
    put(
        store, "h", dict.fromkeys(range(4), "anger"), dict.fromkeys(range(4), ()), condition="face:blur@yunet"
    )
    told = str(sections(facial_bias(store, [1])))
    assert "--mask face:control,style=blur@yunet" in told
    assert "Without a control that may be due to hiding anything" in told
    assert "One true label is known of none" in told
    assert "depend on the face more" not in told
    put(
        store, "x", {7: "anger"}, condition="face", model_uri="imported:x", options={"provenance": "imported"}
    )
    told = str(sections(facial_bias(store, [3])))
    assert "were imported" in told
    assert "elena-wb occlude 3" not in told
    put(store, "n", {}, condition="face", prompt_name="nobody")
    assert sections(facial_bias(store, [4]))
    assert sections(facial_bias(store, [])) == ()


def test_no_verdict_comes_from_few_stimuli_or_from_prompts_that_differ(store):
    def verdicts(count: int, **changes: Any) -> str:
        keys = [f"{key}{count}{len(changes)}" for key in "uhc"]
        experiment = {"experiment": keys[0]}
        labels = {n: (Label("intended", "ekman7", "fear"),) for n in range(count)}
        first = put(store, keys[0], dict.fromkeys(range(count), "fear"), labels, **experiment)
        put(
            store,
            keys[1],
            dict.fromkeys(range(count), "anger"),
            labels,
            condition="face",
            **experiment,
            **changes,
        )
        put(
            store,
            keys[2],
            dict.fromkeys(range(count), "fear"),
            labels,
            condition="face:control",
            **experiment,
        )
        return " ".join(data(facial_bias(store, [first]))["tried"][0]["verdicts"])

    assert "depend on the face more than" in verdicts(12)
    assert "not told from fewer than 6 stimuli" in verdicts(5)
    other = verdicts(12, prompt_digest="masked variant")
    assert "or on the other words of the prompt" in other
    assert "depend on the face more than" not in other


def test_tests_are_corrected_for_how_many_there_are(study):
    tests = one(study, 1, 2, 3).tests
    assert set(tests) == {
        *("macro_f1", "accuracy", "flips", "preference", "gaze", "parts", "words", "follows"),
        *("unmasked_either", "hidden_either"),
    }
    smallest = min(tests.values(), key=lambda test: test.p)
    assert smallest.p_holm == pytest.approx(min(1, 10 * smallest.p))
    assert all(test.p <= test.p_holm for test in tests.values())


def test_a_knock_out_hides_no_pixel_and_is_told_so(store):
    plant(store, "face:knock-out,layers=0-3")
    (of,) = facial_bias(store, [2], audited_only=True).tried
    assert of.dependence is not None
    assert of.dependence.left.unaudited == 0
    look(store, "u", 0.4, range(4))
    look(store, "h", 0.0, range(4))
    found = sections(facial_bias(store, [2]))
    assert "Attention on the face over its area, by layer" in checked_tables(
        store, [section for section in found if section.name == "face-attention"]
    )
    told = str(found)
    assert "Forbidding attention to the face changes" in told
    assert "that was not shown" not in told


def test_the_profile_by_layer_and_where_attention_goes_are_told_in_tables_and_charts(study):
    found = {section.name: section for section in sections(facial_bias(study, [1, 2, 3]))}
    _, layers, _ = (piece for piece in found["face-attention"].pieces if isinstance(piece, Table))
    assert layers.columns == ("layer", "none", "none 95 %", "none n", "hidden", "hidden 95 %", "hidden n")
    assert [(row[0], row[1], row[3], row[4], row[6]) for row in layers.rows] == [
        ("3", "3.94", "20", ".94", "15"),
        ("5", "4.14", "20", "1.14", "15"),
    ]
    assert layers.rows[0][2].startswith("3.9")
    lines, points = (piece for piece in found["face-attention"].pieces if isinstance(piece, Chart))
    assert [series.name for series in lines.series] == ["nothing hidden", "face hidden"]
    assert [mark.label for mark in lines.series[0].marks] == ["3", "5"]
    assert lines.series[0].marks[0].value == pytest.approx(3.94)
    assert lines.reference == 1
    assert [mark.label for mark in points.series[0].marks] == ["face", "background"]
    assert "no cause" in found["face-attention"].not_shown


def test_conditions_that_hide_the_face_alone_and_their_controls():
    hiding = ["face", "head", "face:blur,strength=0.9", "face@yunet", "face:knock-out", "face+head"]
    assert all(map(hides_face, hiding))
    others = ["none", "hands", "face+hands", "body", "face:control", "face:knock-out-control", "what is this"]
    assert not any(map(hides_face, others))
    assert [control_of(condition) for condition in hiding[:5]] == [
        "face:control",
        "head:control",
        "face:control,strength=0.9,style=blur",
        "face:control@yunet",
        "face:knock-out-control",
    ]
    assert all(str(Condition.parse(control_of(condition))) == control_of(condition) for condition in hiding)
