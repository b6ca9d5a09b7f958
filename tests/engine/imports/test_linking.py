"""Which picture an answer is about, where all that the file says is a name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from elena_wb.core import UsageError
from elena_wb.engine.study import Request, plan_study
from elena_wb.plugins import PluginHost
from elena_wb.store import GenerationRecord, Outbox, Store
from tests.engine.imports.helpers import (
    PLAIN,
    Bring,
    Pictures,
    ask,
)


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
