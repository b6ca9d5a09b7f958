"""``elena-wb attend`` as its user meets it: what is looked at, what is said of it, and what is left alone."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from elena_wb.cli.attend_pictures import token_name
from elena_wb.cli.attend_sources import Meant, meant_by
from elena_wb.errors import SetupError, UsageError
from elena_wb.parsing.layers import parse_layers
from elena_wb.plugins import plugin_host
from elena_wb.store import Store
from tests import quick
from tests.conftest import Program, plugin_on_path
from tests.here import Here

FACE = (8, 4, 8, 8)
LOOKS = 14


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven grey pictures with a bright face, in ``faces``, answered about bare (run 1) and masked (run 2)."""
    folder = tmp_path_factory.mktemp("gaze")
    faces, site = folder / "faces", folder / "site"
    faces.mkdir()
    site.mkdir()
    lines = ["path,part,x,y,w,h"]
    x, y, w, h = FACE
    for number in range(7):
        pixels = np.full((24, 24, 3), 60 + number, dtype=np.uint8)
        pixels[y : y + h, x : x + w] = 250
        Image.fromarray(pixels).save(faces / f"{number}.png")
        lines += [f"{number}.png,face,{x},{y},{w},{h}", f"{number}.png,body,4,2,16,22"]
    (faces / "regions.csv").write_text("\n".join(lines) + "\n", "utf-8")
    for plugin in ("scripted", "gazing"):
        plugin_on_path(site, plugin, (Path(__file__).parents[1] / f"{plugin}.py").read_text("utf-8"))
    model = f"gazing:?look=0.1&log={folder / 'log'}"
    masks = ("--mask", "none", "--mask", "face:box@annotated")
    environment = {**os.environ, "PYTHONPATH": str(site), "ELENA_WB_HOME": str(folder / "home")}
    command = ("run", str(faces), "-m", model, "-p", "naive", "--name", "gaze", *masks)
    quick.run(["elena_wb", *command], env=environment, check=True)
    (folder / "log").unlink()
    return folder


@pytest.fixture
def gazing(
    answered: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Here]:
    """``elena-wb`` with both runs in its store, and a model that attends to what is bright."""
    shutil.copytree(answered / "home", home)
    (answered / "log").unlink(missing_ok=True)
    monkeypatch.syspath_prepend(str(answered / "site"))
    plugin_host.cache_clear()
    yield Here(home, answered / "site", capsys)
    plugin_host.cache_clear()


@pytest.fixture
def log(answered: Path) -> Path:
    """What the model was asked to do."""
    return answered / "log"


def noted(log: Path) -> Mapping[str, int]:
    return Counter(line.split()[0] for line in log.read_text("utf-8").splitlines()) if log.exists() else {}


def store_of(program: Here) -> Store:
    return Store(program.home / "data" / "elena-wb.duckdb")


def ask(program: Here, sql: str) -> Sequence[tuple[Any, ...]]:
    with store_of(program).read() as connection:
        return connection.execute(sql).fetchall()


def gaze_on(found: dict[str, Any], run_id: int, part: str) -> dict[str, Any]:
    (run,) = (run for run in found["runs"] if run["run_id"] == run_id)
    wanted = ("emotion", part, None)
    (gaze,) = (one for one in run["gazes"] if (one["target"], one["part"], one["layer"]) == wanted)
    return dict(gaze)


def test_where_the_gaze_goes_is_told_and_told_again_from_the_store_without_a_model(gazing, log):
    told = " ".join(gazing("attend", "gaze").stdout.split())
    assert noted(log) == {"opened": 1, "looked": LOOKS}
    assert "80.0 % to the picture, 20.0 % to the question" in told
    assert "From run 1 (none) to run 2 (face:box@annotated)" in told
    assert told.count("falls") == 2  # the face, and the body that it is part of
    assert "Attention is no cause" in told
    log.unlink()

    again = gazing("attend", "gaze", "--json")
    assert "Nothing is missing" in again.stderr
    assert not log.exists()
    found = json.loads(again.stdout)
    seen, hidden = gaze_on(found, 1, "face"), gaze_on(found, 2, "face")
    assert seen["share"]["n"] == hidden["share"]["n"] == 7
    assert seen["area"] == pytest.approx(64 / 576)
    assert seen["bias"]["value"] == pytest.approx(seen["share"]["value"] / seen["area"])
    assert seen["bias"]["value"] > 2 > 0.2 > hidden["bias"]["value"]
    assert seen["pointing"]["value"] == 1
    masses = {one["on"]: one["mass"] for one in found["runs"][0]["masses"] if one["target"] == "emotion"}
    assert masses == {name: pytest.approx(mass, abs=1e-6) for name, mass in
                      (("picture", 0.8), ("question", 0.2), ("padding", 0))}  # fmt: skip
    face = next(one for one in found["moved"][0]["parts"] if (one["part"], one["layer"]) == ("face", None))
    assert (face["verdict"], face["pairs"]) == ("falls", 7)


def test_what_is_meant_is_chosen_by_sql_by_flips_and_by_number(gazing, log):
    flips = ask(gazing, "SELECT count(*) FROM flips")[0][0]
    assert 0 < flips < 7
    plan = json.loads(gazing("attend", "2", "--flips", "--dry-run", "--json").stdout)
    assert [(run["run"], run["to look at"]) for run in plan["runs"]] == [(1, flips), (2, flips)]
    assert not log.exists()
    condition = "picture IN ('1.png', '4.png', '5.png') AND condition = 'none'"
    gazing("attend", "gaze", "--where", condition, "--limit", "2", "--layers", "last")
    looked = "FROM extractions JOIN narratives USING (generation_id) ORDER BY ALL"
    assert ask(gazing, f"SELECT picture, run_id, layers {looked}") == [("1.png", 1, "-1"), ("4.png", 1, "-1")]
    assert ask(gazing, "SELECT DISTINCT layer FROM attention") == [(2,)]
    nothing = gazing("attend", "1", "--where", "false", code=2)
    assert "No answer is left by --where false" in nothing.stderr


def test_one_model_is_open_for_answering_and_looking(gazing, answered, log):
    model = f"gazing:?log={log}"
    command = (str(answered / "faces"), "-m", model, "-p", "naive")
    done = gazing("run", *command, "--attend", "--limit", "3")
    assert noted(log) == {"opened": 1, "asked": 3, "taken": 3, "looked": 3}
    assert "Looked at: 3 answers" in " ".join(done.stdout.split())
    log.unlink()
    plan = gazing("attend", *command, "--limit", "5", "--dry-run")
    assert "2 calls of gazing:" in plan.stderr
    assert not log.exists()
    told = " ".join(gazing("attend", *command, "--limit", "5").stdout.split())
    assert "Looked at: 5 answers" in told
    assert noted(log) == {"opened": 1, "asked": 2, "taken": 2, "looked": 2}


def test_pictures_are_drawn_listed_kept_and_bound_by_the_rules_of_their_originals(
    gazing, answered, tmp_path, log
):
    rule = answered / "faces" / ".elena-wb.toml"
    rule.write_text('upload = "local-only"\n', "utf-8")
    words = ("--tokens", "emotion,/raised/", "--limit", "1")
    out = tmp_path / "out"
    try:
        gazing("attend", "gaze", *words)
        drawn = gazing("attend", "gaze", *words, "--out", str(out))
    finally:
        rule.unlink()
    assert "looked at again to be drawn: 1 of run 1" in drawn.stderr
    assert "local-only" in (out / ".elena-wb.toml").read_text("utf-8")
    with (out / "index.csv").open(encoding="utf-8", newline="") as stream:
        listed = list(csv.DictReader(stream))
    files = {path.relative_to(out).as_posix() for path in out.rglob("*.png")}
    assert {one["file"] for one in listed} == files
    assert Counter((one["run_id"], one["target"], one["view"]) for one in listed) == {
        (run, target, view): 1
        for run in ("1", "2")
        for target in ("emotion", "/raised/")
        for view in ("mean", "layers")
    }
    middles = []
    for run in (1, 2):
        (file,) = (out / f"run-{run}").glob("*-emotion.png")
        with Image.open(file) as picture:
            x, y = picture.width // 2, picture.height // 4
            middles.append(np.asarray(picture.crop((x - 30, y, x + 30, y + 60)), np.float64).mean())
    assert middles[1] < middles[0] / 2, "the hidden face shows through"
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.png")}
    log.unlink()
    gazing("attend", "gaze", *words, "--out", str(out))
    assert not log.exists()
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.png")} == before


def test_drawings_obey_the_users_settings_of_where_pictures_may_go(gazing, answered, tmp_path):
    gazing("config", "set", f"uploads.{answered / 'faces'}", "local-only")
    gazing("attend", "1", "--tokens", "emotion", "--limit", "1", "--out", str(tmp_path / "out"))
    assert "local-only" in (tmp_path / "out" / ".elena-wb.toml").read_text("utf-8")


def test_where_an_answer_lacks_the_emotion_other_words_are_told_of(gazing, monkeypatch):
    from elena_wb.parsing import spans

    monkeypatch.setattr(spans, "_emotion", lambda view, said: None)
    for _ in range(2):
        told = " ".join(gazing("attend", "1", "--tokens", "emotion,answer").stdout.split())
        assert "Looked at: 7 answers. Of all attention of `answer`" in told


def test_pictures_without_known_parts_are_told_of_all_the_same(gazing, monkeypatch):
    from elena_wb.engine import attending_work

    monkeypatch.setattr(attending_work, "parts_of", lambda stimulus, known: {})
    told = " ".join(gazing("attend", "1").stdout.split())
    assert "Of all attention of `emotion` 80.0 % to the picture" in told
    assert "No part of the body is known in these pictures" in told


def test_pictures_that_are_gone_are_not_called_looked_at(gazing, answered, tmp_path):
    (picture,) = (answered / "faces").glob("3.png")
    shutil.move(picture, tmp_path)
    try:
        gazing("attend", "1", "--where", "picture <> '3.png'")
        told = gazing("attend", "1", code=4)
    finally:
        shutil.move(tmp_path / "3.png", picture)
    assert "3.png: this picture is not there any more" in told.stderr
    assert "Nothing is missing" not in told.stderr


def test_where_nothing_is_missing_the_store_is_opened_a_handful_of_times(gazing, monkeypatch):
    gazing("attend", "gaze")
    opened = []
    connect = Store._connect
    monkeypatch.setattr(Store, "_connect", lambda *of, **more: opened.append(more) or connect(*of, **more))
    gazing("attend", "gaze")
    assert all(one["read_only"] for one in opened)
    assert 0 < len(opened) <= 9, "each opening costs tens of milliseconds and holds off whoever writes"


def test_a_folder_with_other_things_in_it_or_among_the_originals_is_left_alone(gazing, answered, tmp_path):
    from elena_wb.cli.attend_pictures import Album
    from elena_wb.core import Stimulus
    from elena_wb.engine.attending import Wanted

    stimulus = Stimulus("0" * 64, answered / "faces" / "0.png", "folder", 1, 1, upload="local-only")
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "holiday.png").write_bytes(b"mine")
    with pytest.raises(UsageError, match=r"holiday\.png"):
        Album(foreign, Wanted(), [stimulus], [])
    with pytest.raises(UsageError, match="originals"):
        Album(answered / "faces", Wanted(), [stimulus], [])
    (foreign / "holiday.png").rename(foreign / "index.csv")
    with pytest.raises(SetupError, match="no list of attention pictures"):
        Album(foreign, Wanted(), [stimulus], [])
    assert (foreign / "index.csv").read_bytes() == b"mine"


def test_pictures_are_not_drawn_where_they_would_be_taken_for_originals(gazing, answered):
    within = answered / "faces" / "drawn"
    told = gazing("attend", "1", "--limit", "1", "--out", str(within), code=2)
    assert "among the originals" in told.stderr
    assert not within.exists()


def test_failures_are_listed_and_make_the_work_partial_or_failed(gazing, answered):
    faces = str(answered / "faces")
    command = ("-m", "gazing:?blind=2", "-p", "naive", "--name", "half", "--attend")
    done = gazing("run", faces, *command, code=4)
    seen = ask(gazing, "SELECT count(*) FROM extractions")[0][0]
    assert 0 < seen < 7
    assert done.stderr.count("Failed:") == done.stderr.count("it closed its eyes") == 7 - seen
    assert "it closed its eyes" in gazing("attend", "half", code=1).stderr


def test_one_interrupt_keeps_what_was_seen_and_the_same_command_goes_on(gazing):
    command = ("attend", "gaze", "--events", "jsonl")
    process = Program(gazing.home, gazing.site).start(*command)
    assert process.stdout is not None
    while '"Attended"' not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    kept = ask(gazing, "SELECT count(*) FROM extractions")[0][0]
    assert 1 <= kept < LOOKS
    events = [json.loads(line) for line in gazing(*command).stdout.splitlines()]
    assert sum(event["event"] == "Attended" for event in events) == LOOKS - kept
    assert ask(gazing, "SELECT count(*), count(DISTINCT generation_id) FROM extractions") == [(LOOKS, LOOKS)]


def test_what_cannot_be_looked_at_is_refused_in_words(gazing, answered):
    for arguments, said in (
        (("1", "-m", "gazing:"), "--model cannot be given with a run"),
        (("1", "--method", "gradient"), "has no attention by `gradient`"),
        (("1", "--layers", "9"), "There is no layer 9"),
    ):
        done = gazing("attend", *arguments, code=2)
        assert said in " ".join(done.stderr.split()), done.stderr
        assert not done.stdout
    faces = str(answered / "faces")
    blind = gazing("run", faces, "-m", "scripted:", "-p", "naive", "--limit", "1", "--attend", code=2)
    assert "The attention of scripted: cannot be looked at" in blind.stderr


def test_runs_and_pictures_are_told_apart(gazing, answered, tmp_path, monkeypatch):
    store, faces = store_of(gazing), str(answered / "faces")
    monkeypatch.chdir(tmp_path)
    assert meant_by(store, ["gaze"]) == Meant(runs=(1, 2))
    assert meant_by(store, ["2", faces][:1]) == Meant(runs=(2,))
    assert meant_by(store, [faces]) == Meant(pictures=(faces,))
    assert meant_by(Store(tmp_path / "none.duckdb"), [faces]) == Meant(pictures=(faces,))
    (tmp_path / "gaze").mkdir()
    (tmp_path / "1").mkdir()
    assert meant_by(store, ["1"]) == Meant(runs=(1,))
    assert meant_by(store, ["./1", "./gaze"]) == Meant(pictures=("./1", "./gaze"))
    for texts, said in (
        (["gaze"], "name of run 1, 2, and of a file"),
        (["1", faces], "is a picture or a folder and run 1 is a run"),
        (["7"], "neither a run nor a file"),
        (["./7"], "no file or folder"),
        ([" "], "name is empty"),
    ):
        with pytest.raises(UsageError, match=said):
            meant_by(store, texts)


def test_layers_and_names_of_files_are_read_and_made():
    assert [parse_layers(text) for text in ("all", " Last ", "3", "0-2,8, 5-5,1")] == [
        None,
        (-1,),
        (3,),
        (0, 1, 2, 5, 8),
    ]
    for wrong in ("", "first", "-1", "3-1", "1,,2", "0-99999999999", "١"):
        with pytest.raises(UsageError, match="names no layers"):
            parse_layers(wrong)
    names = [
        "emotion",
        "part:hands",
        "part:clenched fists",
        r"/hand\w*/",
        r"/hand\W*/",
        "/../../x/",
        "/\u202e/",
    ]
    made = [token_name(name) for name in names]
    assert made[:3] == ["emotion", "part-hands", "part-clenched-fists"]
    assert len(set(made)) == len(names)
    assert all(name.replace("-", "").isascii() and name.replace("-", "").isalnum() for name in made)


def test_the_embedded_model_looks_at_the_figure_rather_than_at_the_background(gazing, tmp_path):
    from elena_wb_tiny.stimuli.folder import write_folder

    stimuli = str(tmp_path / "stimuli")
    write_folder(Path(stimuli), 4, 90210, False)
    gazing("run", stimuli, "-m", "tiny:", "--name", "tiny", "--attend")
    found = json.loads(gazing("attend", "tiny", "--json").stdout)
    head, background = gaze_on(found, 3, "head"), gaze_on(found, 3, "background")
    assert head["share"]["n"] == 4
    assert head["bias"]["value"] > 1.5 > 1 > background["bias"]["value"]
    assert len({gaze["layer"] for gaze in found["runs"][0]["gazes"]} - {None}) > 1
