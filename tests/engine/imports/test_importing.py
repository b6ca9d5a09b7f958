"""Published answers into a real store: what they are read as, and which pictures they are about."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from elena_wb.core import ReadsNames, SetupError, UsageError
from elena_wb.engine.imports.importing import ImportRequest, import_answers
from elena_wb.engine.resume import request_of
from elena_wb.plugins import PluginHost
from elena_wb.store import Outbox, Store, show_run, working_on
from tests.engine.imports.helpers import (
    NUMBERED,
    PLAIN,
    Bring,
    Postures,
    ask,
)
from tests.real_data import real


def test_an_answer_is_read_from_the_models_own_text(bring: Bring, store: Store) -> None:
    bring({"p1S_45.png": {**NUMBERED, "category": "Happy"}})
    ((emotion, raw, text, narrative, notes),) = ask(
        store, "SELECT emotion, emotion_raw, raw_text, narrative, notes FROM generations"
    )
    assert (emotion, raw, text, narrative) == ("sadness", "Sad", NUMBERED["raw_response"], "He left.")
    assert notes[0] == "the authors read `Happy`"


def test_an_answer_without_its_text_is_put_together_from_its_fields(bring: Bring, store: Store) -> None:
    bring({"p1H_45.png": {**PLAIN, "valence": 9, "arousal": 7, "dominance": 70}})
    ((emotion, valence, dominance, text, notes),) = ask(
        store, "SELECT emotion, valence, dominance, raw_text, notes FROM generations"
    )
    assert (emotion, valence, dominance) == ("happiness", 9, None)
    assert json.loads(text)["dominance"] == 70
    assert "put together" in notes[0]
    assert ask(store, "SELECT part FROM body_parts") == [("arms",)]


def test_failures_are_errors_refusals_are_refusals_and_silence_abstains(bring: Bring, store: Store) -> None:
    result = bring(
        {
            "p1H_45.png": PLAIN,
            "p2H_45.png": {"error": "Failed to extract JSON"},
            "p3H_45.png": {},
            "p4H_45.png": {"error": "I'm sorry, but I cannot analyse people in pictures."},
            "p5H_45.png": {"emotion": "Unknown", "narrative": "N/A", "explicit_description": "N/A"},
            "p6H_45.png": {**PLAIN, "emotion": "tarragon"},
        }
    )
    rows = ask(store, "SELECT picture, status, emotion, error FROM narratives ORDER BY picture")
    assert rows == [
        ("p1H_45.png", "ok", "happiness", None),
        ("p2H_45.png", "error", None, "Failed to extract JSON"),
        ("p3H_45.png", "error", None, "The file has no answer for this picture."),
        ("p4H_45.png", "refused", None, None),
        ("p5H_45.png", "ok", None, None),
        ("p6H_45.png", "unparsed", None, None),
    ]
    assert (result.status, result.abstained) == ("partial", 1)
    assert result.counts == {"ok": 2, "error": 2, "refused": 1, "unparsed": 1}


def test_a_file_of_nothing_but_failures_is_a_failed_run(bring: Bring) -> None:
    assert bring({"p1H_45.png": {"error": "quota"}}).status == "failed"


def test_bad_entries_are_reported_and_the_rest_is_imported(bring: Bring, store: Store) -> None:
    result = bring({"p1H_45.png": PLAIN, "p2H_45.png": ["Anger"], "p3H_45.png": PLAIN})
    assert (result.status, result.bad_entries) == ("partial", 1)
    assert "p2H_45.png" in result.problems[0].where
    assert show_run(store, result.run_id)["planned"] == 2


def test_a_run_says_where_its_answers_come_from(bring: Bring, store: Store, tmp_path: Path) -> None:
    result = bring({"p1H_45.png": PLAIN}, name="theirs", model="gemini-2.5-flash", condition="hands+face")
    shown = show_run(store, result.run_id)
    assert (shown["name"], shown["model_uri"], shown["condition"]) == (
        "theirs",
        "gemini-2.5-flash",
        "face+hands",
    )
    assert (shown["dataset"], shown["prompt_name"], shown["status"]) == (
        "postures",
        "elena-published",
        "done",
    )
    options = shown["options"]
    assert (options["provenance"], options["importer"], options["scheme"]) == ("imported", "elena", "ekman7")
    assert options["file"] == "answers.json"
    assert options["sha256"] == shown["model_digest"]
    assert shown["finished_at"] >= shown["started_at"]


def test_a_model_that_nobody_named_is_not_made_up(bring: Bring, store: Store) -> None:
    result = bring({"p1H_45.png": PLAIN}, file="gemini_pro.json")
    assert show_run(store, result.run_id)["model_uri"] == "imported:gemini_pro"


def test_the_same_file_again_changes_nothing(bring: Bring, store: Store) -> None:
    answers = {"p1H_45.png": PLAIN, "p2H_45.png": {"error": "quota"}}
    first = bring(answers)
    before = ask(store, "FROM runs") + ask(store, "FROM generations ORDER BY ALL")
    again = bring(answers, file="renamed.json", model="another")
    assert (first.new, again.new, again.run_id) == (True, False, first.run_id)
    assert ask(store, "FROM runs") + ask(store, "FROM generations ORDER BY ALL") == before
    assert "model imported:answers (not another)" in again.notes[0]
    assert bring(answers).notes == ()
    assert bring(answers, name="second").run_id != first.run_id


@pytest.mark.parametrize(("where", "missing"), [("append", True), ("drain", False)])
def test_an_import_that_was_cut_short_is_completed(
    bring: Bring, monkeypatch: pytest.MonkeyPatch, where: str, missing: bool
) -> None:
    answers = {f"p{number}H_45.png": PLAIN for number in range(5)}

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Outbox, where, killed)
        with pytest.raises(KeyboardInterrupt):
            bring(answers)
    result = bring(answers)
    assert (result.run_id, result.new, result.status, result.counts) == (1, missing, "done", {"ok": 5})


def test_names_that_a_dataset_can_read_give_labels_and_attributes(bring: Bring, store: Store) -> None:
    result = bring({"p1H_45.png": PLAIN, "p2S_90.png": PLAIN, "p3X_90.png": PLAIN})
    assert (result.dataset, result.labelled, result.linked) == ("postures", 2, 0)
    assert "postures" in result.notes[0]
    assert ask(store, "SELECT picture, truth, correct FROM narratives ORDER BY picture") == [
        ("p1H_45.png", "happiness", True),
        ("p2S_90.png", "sadness", False),
        ("p3X_90.png", None, None),
    ]
    assert ask(store, "SELECT attributes->>'view', upload FROM stimuli ORDER BY path") == [
        ("45", "local-only"),
        ("90", "local-only"),
        ("90", "local-only"),
    ]


def test_names_that_are_mostly_of_no_dataset_belong_to_none(bring: Bring, store: Store) -> None:
    result = bring({"p1H_45.png": PLAIN, "holiday.jpg": PLAIN}, file="mine.json")
    assert (result.dataset, result.labelled) == ("mine", 0)
    assert "--pictures" in result.notes[0]


def test_a_named_dataset_reads_the_names_it_knows(bring: Bring) -> None:
    result = bring({"p1H_45.png": PLAIN, "holiday.jpg": PLAIN}, dataset="postures")
    assert (result.dataset, result.labelled) == ("postures", 1)
    assert result.notes == ("1 of 2 pictures are not called as those of postures are.",)


def test_a_dataset_that_does_not_exist_is_an_error_before_anything_is_written(
    bring: Bring, store: Store
) -> None:
    with pytest.raises(UsageError, match="posture"):
        bring({"p1H_45.png": PLAIN}, dataset="posture")
    assert not store.exists()


def test_the_stimulus_of_a_name_is_no_files(bring: Bring, store: Store) -> None:
    bring({"p1H_45.png": PLAIN})
    bring({"p1H_45.png": {**PLAIN, "emotion": "Fear"}}, file="other.json")
    ((stimulus_id, path),) = ask(store, "SELECT stimulus_id, path FROM stimuli")
    assert re.fullmatch(r"name:[0-9a-f]{64}", stimulus_id)
    assert path == "p1H_45.png"


def test_an_import_that_another_process_is_at_is_told_what_to_do(bring: Bring, store: Store) -> None:
    bring({"p1H_45.png": PLAIN})
    ((key,),) = ask(store, "SELECT run_key FROM runs")
    with working_on(store, key), pytest.raises(SetupError) as caught:
        bring({"p1H_45.png": PLAIN})
    assert "give the command again" in (caught.value.hint or "")


def test_what_reads_names_is_a_dataset() -> None:
    class OnlyNames:
        from_name = Postures.from_name

    assert isinstance(Postures(), ReadsNames)
    assert not isinstance(OnlyNames(), ReadsNames)


def test_an_imported_run_cannot_be_gone_on_with(bring: Bring, store: Store) -> None:
    bring({"p1H_45.png": PLAIN})
    with pytest.raises(UsageError, match=r"imported from answers\.json"):
        request_of(store, "1", retry_failed=True)


def test_nothing_is_imported_where_one_of_the_files_is_none(
    tmp_path: Path, host: PluginHost, store: Store
) -> None:
    (tmp_path / "good.json").write_text(json.dumps({"p1H_45.png": PLAIN}))
    (tmp_path / "bad.json").write_text("[]")
    with pytest.raises(UsageError, match=r"bad\.json"):
        import_answers(ImportRequest([tmp_path / "good.json", tmp_path / "bad.json"]), host, store)
    assert not store.exists()


@pytest.mark.parametrize("options", [{"condition": "face:"}, {"model": "  "}])
def test_options_that_mean_nothing_are_refused(bring: Bring, options: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        bring({"p1H_45.png": PLAIN}, **options)


def test_hostile_texts_can_be_stored(bring: Bring, store: Store) -> None:
    texts = ["\ud800", "\x00", "'; DROP TABLE runs; --", "x" * 200_000, "[" * 10_000]
    answers = {f"p{n}H_45.png": {"category": text, "raw_response": text} for n, text in enumerate(texts)}
    assert bring(answers).counts == {"unparsed": len(texts)}
    answers = {f"p{n}H_45.png": {"error": text} for n, text in enumerate(texts)}
    assert bring(answers, file="errors.json").counts == {"error": len(texts)}


def test_the_published_answers_agree_with_the_paper(host: PluginHost, store: Store) -> None:
    path = real("elena/elena_besst_gemini.json")
    (result,) = import_answers(ImportRequest([path], dataset="besst"), host, store)
    assert (result.counts, result.abstained, result.labelled) == ({"ok": 1134}, 4, 1132)
    ((count, accuracy, recall),) = ask(
        store,
        """SELECT sum(n), sum(n * r) / sum(n), avg(r) FROM (
               SELECT count(*) AS n, avg(correct::INTEGER) AS r FROM narratives
               WHERE truth IS NOT NULL GROUP BY truth)""",
    )
    assert count == 1132
    assert accuracy == pytest.approx(0.5769, abs=5e-5)
    assert recall == pytest.approx(0.5784, abs=5e-5)
