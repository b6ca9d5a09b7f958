"""Published answers into a real store: what they are read as, and which pictures they are about."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from elena_wb import builtin, hookimpl
from elena_wb.core import NOTHING_KNOWN, Collection, KnownFile, Label, ReadsNames, SetupError, UsageError
from elena_wb.data import FolderDataset
from elena_wb.engine.imports.importing import Imported, ImportRequest, import_answers
from elena_wb.engine.resume import request_of
from elena_wb.engine.study import Request, plan_study
from elena_wb.hookspecs import Register
from elena_wb.plugins import PluginHost, build_host
from elena_wb.store import GenerationRecord, Outbox, Store, show_run, working_on
from tests import scripted
from tests.real_data import real

LETTERS = {"H": "happiness", "S": "sadness", "X": None}
PLAIN = {
    "explicit_description": "Arms up.",
    "narrative": "She won.",
    "body_parts": ["arms"],
    "emotion": "Happiness",
}
NUMBERED = {
    "category": "Sad",
    "raw_response": "1. Embodied Emotion: Yes\n2. Category: Sad\n3. Narrative: He left.",
}

Pictures = Callable[..., Path]


class Postures:
    """A dataset whose names tell the emotion and the view: ``p1H_45.png``; X is said to be nothing we know."""

    def recognises(self, root: Path) -> bool:
        return (root / "postures").exists()

    def load(self, root: Path, known: Mapping[str, KnownFile] = NOTHING_KNOWN) -> Collection:
        found = FolderDataset().load(root, known)
        read = [(stimulus, self.from_name(stimulus.path.name)) for stimulus in found.stimuli]
        stimuli = [replace(one, dataset="postures", labels=said[0] if said else ()) for one, said in read]
        return replace(found, stimuli=tuple(stimuli))

    def from_name(self, name: str) -> tuple[tuple[Label, ...], Mapping[str, str]] | None:
        match = re.fullmatch(r"p\d+([HSX])_(\d+)\.png", name)
        if match is None:
            return None
        label = LETTERS[match[1]]
        return ((Label("postures", "ekman7", label),) if label else ()), {"view": match[2]}


class Broken:
    """A dataset that fails where it is asked about names."""

    def recognises(self, root: Path) -> bool:
        return False

    def load(self, root: Path, known: Mapping[str, KnownFile] = NOTHING_KNOWN) -> Collection:
        raise UsageError(f"{root} is not of this dataset.")

    def from_name(self, name: str) -> tuple[tuple[Label, ...], Mapping[str, str]] | None:
        raise RuntimeError("no such file")


class _Plugin:
    @hookimpl
    def register_datasets(self, register: Register) -> None:
        register("postures", Postures)
        register("broken", Broken)


@pytest.fixture
def host() -> PluginHost:
    return build_host([], [("builtin", builtin), ("scripted", scripted), ("postures", _Plugin())])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store.duckdb")


@pytest.fixture
def bring(tmp_path: Path, host: PluginHost, store: Store) -> Callable[..., Imported]:
    """Writes the answers to a file and imports it."""

    def run(answers: Mapping[str, Any], file: str = "answers.json", **options: Any) -> Imported:
        path = tmp_path / file
        path.write_text(json.dumps(answers), "utf-8")
        (result,) = import_answers(ImportRequest([path], **options), host, store)
        return result

    return run


def ask(store: Store, sql: str) -> list[tuple[Any, ...]]:
    with store.read() as connection:
        return connection.execute(sql).fetchall()


Bring = Callable[..., Imported]


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


@pytest.fixture
def postures(pictures: Pictures) -> Path:
    """Four pictures of the dataset, one of them in a folder of its own."""
    folder = pictures(4)
    for number, name in enumerate(("p1H_45.png", "p2S_45.png", "p3H_90.png", "p4S_90.png")):
        (folder / f"{number:04d}.png").rename(folder / name)
    (folder / "postures").touch()
    (folder / "more").mkdir()
    (folder / "p4S_90.png").rename(folder / "more" / "p4S_90.png")
    return folder


def test_answers_are_linked_to_the_pictures_of_a_folder(bring: Bring, store: Store, postures: Path) -> None:
    result = bring({"p1H_45.png": PLAIN, "more/p4S_90.png": PLAIN, "p9H_45.png": PLAIN}, pictures=[postures])
    assert (result.dataset, result.linked, result.labelled) == ("postures", 2, 3)
    assert [(problem.where, problem.excludes) for problem in result.problems] == [("p9H_45.png", False)]
    assert ask(store, "SELECT count(*) FROM stimuli WHERE stimulus_id NOT LIKE 'name:%'") == [(2,)]
    assert ask(store, "SELECT path FROM stimuli ORDER BY path") == [
        (str(postures / "more" / "p4S_90.png"),),
        (str(postures / "p1H_45.png"),),
        ("p9H_45.png",),
    ]


def test_a_name_in_other_clothes_is_the_same(bring: Bring, pictures: Pictures) -> None:
    folder = pictures(2)
    (folder / "0000.png").rename(folder / "fr\u00f6hlich.png")
    (folder / "sub").mkdir()
    (folder / "0001.png").rename(folder / "sub" / "b.png")
    result = bring({"fro\u0308hlich.png": PLAIN, "sub\\b.png": PLAIN}, pictures=[folder])
    assert (result.linked, result.problems) == (2, ())


def test_a_name_that_several_pictures_bear_is_reported_and_its_answer_kept(
    bring: Bring, store: Store, postures: Path
) -> None:
    for folder in ("a", "b"):
        (postures / folder).mkdir()
    (postures / "p2S_45.png").rename(postures / "a" / "p7H_45.png")
    (postures / "p3H_90.png").rename(postures / "b" / "p7H_45.png")
    result = bring({"p1H_45.png": PLAIN, "p7H_45.png": PLAIN, "b/p7H_45.png": PLAIN}, pictures=[postures])
    assert result.linked == 2
    (problem,) = result.problems
    assert (problem.where, "2 pictures" in problem.reason) == ("p7H_45.png", True)
    assert result.counts == {"ok": 3}


def test_the_picture_of_the_top_folder_goes_before_one_of_the_same_name_below(
    bring: Bring, store: Store, postures: Path
) -> None:
    (postures / "p2S_45.png").rename(postures / "more" / "p1H_45.png")
    result = bring({"p1H_45.png": PLAIN}, pictures=[postures])
    assert (result.linked, result.problems) == (1, ())
    assert ask(store, "SELECT path FROM stimuli") == [(str(postures / "p1H_45.png"),)]


def test_copies_of_one_picture_are_repeats_of_one_question(
    bring: Bring, store: Store, postures: Path
) -> None:
    shutil.copy(postures / "p1H_45.png", postures / "p5H_45.png")
    result = bring({"p1H_45.png": PLAIN, "p5H_45.png": PLAIN}, pictures=[postures])
    assert result.linked == 2
    assert ask(
        store, "SELECT count(DISTINCT stimulus_id), list(repeat ORDER BY repeat) FROM generations"
    ) == [(1, [0, 1])]


def test_an_answer_about_a_picture_of_several_persons_is_about_none_of_them(
    bring: Bring, store: Store, pictures: Pictures, tmp_path: Path
) -> None:
    root = tmp_path / "heco"
    shutil.copytree(pictures(2), root / "Data")
    (root / "Labels").mkdir()
    (root / "Labels" / "HECO_Labels.csv").write_text(
        "Image,xmin,ymin,xmax,ymax,Category,Valence,Arousal,Dominance,Label_SA,Label_CA\n"
        "0000.png,0,0,9,9,Peace,5,5,5,0,0\n"
        "0000.png,10,10,20,20,Anger,5,5,5,0,0\n"
        "0001.png,0,0,9,9,Happinesst,5,5,5,0,0\n"
    )
    result = bring({"0000.png": PLAIN, "0001.png": PLAIN}, pictures=[root], dataset="heco")
    assert (result.dataset, result.linked, result.labelled) == ("heco", 2, 1)
    (problem,) = result.problems
    assert (problem.where, "2 labelled persons" in problem.reason) == ("0000.png", True)
    assert ask(
        store,
        """SELECT picture, truth, correct, person_box IS NULL
           FROM narratives JOIN stimuli USING (stimulus_id) ORDER BY picture""",
    ) == [
        ("0000.png", None, None, True),
        ("0001.png", "happiness", True, False),
    ]


def test_an_answer_about_a_picture_of_several_persons_keeps_only_what_holds_of_all(
    bring: Bring, store: Store, pictures: Pictures, tmp_path: Path
) -> None:
    folder = pictures(1)
    table = tmp_path / "persons.csv"
    table.write_text(
        "path,emotion,x,y,w,h,gender,place,split\n"
        "0000.png,anger,0,0,9,9,male,street,train\n"
        "0000.png,fear,10,10,9,9,female,street,train\n"
    )
    dataset = f"table,label=emotion,images={folder}"
    result = bring({"0000.png": PLAIN}, pictures=[table], dataset=dataset)
    assert (result.linked, result.labelled) == (1, 0)
    ((attributes, split),) = ask(store, "SELECT attributes, split FROM stimuli")
    assert (json.loads(attributes), split) == ({"place": "street"}, "train")


@pytest.fixture
def moods(tmp_path: Path, pictures: Pictures) -> Path:
    """A folder in which the only picture is `happy/001.png`."""
    root = tmp_path / "moods"
    pictures(1).rename(tmp_path / "made")
    (root / "happy").mkdir(parents=True)
    (tmp_path / "made" / "0000.png").rename(root / "happy" / "001.png")
    return root


def test_an_answer_about_a_picture_that_is_not_there_is_not_linked_to_its_namesake(
    bring: Bring, store: Store, moods: Path
) -> None:
    result = bring({"happy/001.png": PLAIN, "sad/001.png": PLAIN}, pictures=[moods])
    assert result.linked == 1
    (problem,) = result.problems
    assert (problem.where, "in other folders" in problem.reason) == ("sad/001.png", True)
    assert ask(store, "SELECT path FROM stimuli ORDER BY path") == [
        (str(moods / "happy" / "001.png"),),
        ("sad/001.png",),
    ]
    with pytest.raises(UsageError, match="No answer in") as caught:
        bring({"sad/001.png": PLAIN}, pictures=[moods])
    assert "1 are called as pictures in other folders" in (caught.value.hint or "")


def test_an_answer_is_not_linked_to_a_namesake_of_the_store(
    bring: Bring, host: PluginHost, store: Store, moods: Path
) -> None:
    study = plan_study(Request([moods], "scripted:", prompts=["naive"]), host, store)
    study.carry_out(store, listener=lambda _: None)
    names = {"happy/001.png": PLAIN, "sad/001.png": PLAIN}
    result = bring(names, dataset="folder")
    assert result.linked == 1
    (problem,) = result.problems
    assert (problem.where, "in other folders" in problem.reason) == ("sad/001.png", True)


@pytest.mark.parametrize("head", ["", "emotic/", "/home/them/emotic/", "C:\\emotic\\"])
def test_names_of_more_folders_than_the_tree_has_are_linked(
    bring: Bring, store: Store, pictures: Pictures, tmp_path: Path, head: str
) -> None:
    made = pictures(2)
    names = ["mscoco/images/000.png", "framesdb/images/000.png"]
    for picture, name in zip(sorted(made.iterdir()), names, strict=True):
        (tmp_path / "emo" / name).parent.mkdir(parents=True)
        picture.rename(tmp_path / "emo" / name)
    result = bring({f"{head}{name}": PLAIN for name in names}, pictures=[tmp_path / "emo"])
    assert (result.linked, result.problems) == (2, ())
    assert ask(store, "SELECT path FROM stimuli ORDER BY path DESC") == [
        (str(tmp_path / "emo" / name),) for name in names
    ]


def test_a_copy_that_was_left_out_still_makes_a_name_ambiguous(
    bring: Bring, store: Store, postures: Path
) -> None:
    for folder in ("a", "b"):
        (postures / folder).mkdir()
    (postures / "p2S_45.png").rename(postures / "b" / "p7H_45.png")
    (postures / "p1H_45.png").rename(postures / "0kept.png")
    shutil.copy(postures / "0kept.png", postures / "a" / "p7H_45.png")
    result = bring({"p7H_45.png": PLAIN, "a/p7H_45.png": PLAIN}, pictures=[postures])
    assert [(problem.where, "2 pictures" in problem.reason) for problem in result.problems] == [
        ("p7H_45.png", True)
    ]
    assert ask(store, "SELECT path FROM stimuli WHERE stimulus_id NOT LIKE 'name:%'") == [
        (str(postures / "0kept.png"),)
    ]


def test_a_folder_written_with_dots_is_the_same_folder(bring: Bring, store: Store, postures: Path) -> None:
    (postures / "p2S_45.png").rename(postures / "more" / "p1H_45.png")
    assert bring({"p1H_45.png": PLAIN}, pictures=[postures / "more" / ".."]).linked == 1
    assert ask(store, "SELECT path FROM stimuli") == [(str(postures / "p1H_45.png"),)]


def test_a_folder_reached_by_a_link_has_its_pictures_under_that_name_too(
    bring: Bring, postures: Path
) -> None:
    (postures / "other").symlink_to(postures / "more", target_is_directory=True)
    result = bring({"other/p4S_90.png": PLAIN, "more/p4S_90.png": PLAIN}, pictures=[postures])
    assert (result.linked, result.problems) == (2, ())


def test_names_that_no_file_can_have_are_known_by_name(bring: Bring, postures: Path) -> None:
    result = bring(
        {"p1H_45.png": PLAIN, "x" * 5000 + ".png": PLAIN, "p1H_45.png/": PLAIN}, pictures=[postures]
    )
    assert (result.linked, result.bad_entries) == (1, 1)
    assert max(len(problem.where) for problem in result.problems) < 500


def test_the_users_settings_say_where_linked_pictures_may_go(bring: Bring, store: Store, moods: Path) -> None:
    bring({"001.png": PLAIN}, pictures=[moods], uploads={str(moods): "local-only"})
    assert ask(store, "SELECT upload FROM stimuli") == [("local-only",)]


def test_a_name_that_macos_took_apart_is_found_in_the_store(
    bring: Bring, host: PluginHost, store: Store, pictures: Pictures
) -> None:
    folder = pictures(1)
    (folder / "0000.png").rename(folder / "a\u0308.png")
    study = plan_study(Request([folder], "scripted:", prompts=["naive"]), host, store)
    study.carry_out(store, listener=lambda _: None)
    assert bring({"\u00e4.png": PLAIN}, dataset="folder").linked == 1


def test_a_second_import_reports_the_links_that_there_are(bring: Bring, store: Store, postures: Path) -> None:
    answers = {"p1H_45.png": PLAIN, "p2S_45.png": PLAIN, "p9H_45.png": PLAIN}
    assert bring(answers).linked == 0
    again = bring(answers, pictures=[postures], dataset="postures")
    assert (again.new, again.linked, again.problems) == (False, 0, ())
    (note,) = again.notes
    assert "links to pictures: 0 (not 2)" in note
    assert "elena-wb runs delete 1" in note
    assert ask(store, "SELECT count(*) FROM stimuli WHERE stimulus_id NOT LIKE 'name:%'") == [(0,)]


def test_a_second_import_with_the_same_links_has_nothing_to_say(bring: Bring, postures: Path) -> None:
    answers = {"p1H_45.png": PLAIN, "p2S_45.png": PLAIN}
    for _ in range(2):
        result = bring(answers, pictures=[postures])
        assert (result.linked, result.notes) == (2, ())
    result = bring(answers)
    assert (result.linked, result.notes) == (2, ())


def test_answers_of_an_import_that_was_cut_short_are_not_doubled_under_other_links(
    bring: Bring, store: Store, postures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = {f"p{number}H_45.png": PLAIN for number in range(4)}
    append = Outbox.append

    def killed(self: Outbox, *records: GenerationRecord) -> None:
        append(self, *records[:2])
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Outbox, "append", killed)
        with pytest.raises(KeyboardInterrupt):
            bring(answers)
    with pytest.raises(UsageError, match="unfinished import") as caught:
        bring(answers, pictures=[postures])
    assert "runs delete 1" in (caught.value.hint or "")
    assert bring(answers).counts == {"ok": 4}


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


def test_names_that_lead_out_of_the_folder_find_nothing(
    bring: Bring, postures: Path, pictures: Pictures
) -> None:
    pictures(1, "secret", seed=5)
    result = bring({"p1H_45.png": PLAIN, "../secret/0000.png": PLAIN}, pictures=[postures])
    assert result.linked == 1


def test_folders_in_which_no_name_is_found_are_a_mistake(
    bring: Bring, store: Store, pictures: Pictures
) -> None:
    with pytest.raises(UsageError, match="No answer in"):
        bring({"p1H_45.png": PLAIN}, pictures=[pictures(2)])
    assert not store.exists()


def test_answers_are_linked_to_pictures_that_the_store_has(
    bring: Bring, host: PluginHost, store: Store, postures: Path
) -> None:
    study = plan_study(Request([postures], "scripted:", prompts=["naive"]), host, store)
    study.carry_out(store, listener=lambda _: None)
    result = bring({"p1H_45.png": PLAIN, "p4S_90.png": PLAIN, "p9H_45.png": PLAIN})
    assert (result.linked, result.labelled) == (2, 3)
    assert ask(store, "SELECT count(*) FROM stimuli WHERE stimulus_id LIKE 'name:%'") == [(1,)]


def test_running_the_pictures_later_is_not_disturbed(
    bring: Bring, host: PluginHost, store: Store, postures: Path
) -> None:
    bring({"p1H_45.png": PLAIN, "p2S_45.png": PLAIN})
    study = plan_study(Request([postures], "scripted:", prompts=["naive"]), host, store)
    assert study.to_ask == 4
    (finished,) = study.carry_out(store, listener=lambda _: None)
    assert finished.ok == 4
    assert ask(store, "SELECT count(*) FROM stimuli WHERE stimulus_id LIKE 'name:%'") == [(2,)]
    assert bring({"p1H_45.png": PLAIN, "p2S_45.png": PLAIN}).new is False


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
