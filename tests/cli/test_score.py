"""``score`` as people and programs use it."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from elena_wb.cli.confusions import confusion_plot, confusion_table
from elena_wb.cli.written import latex, markdown
from elena_wb.core import Crosstab, Label
from elena_wb.findings import Table
from elena_wb.store import AuditRecord, Outbox, Store, begin_run
from tests.conftest import Program, rows
from tests.real_data import real
from tests.store.conftest import digest, generation, spec, stimulus

HOSTILE = "50_% & \\emph{x} #1 \x1b[31m|[red]"
PUBLISHED = (".5769", ".5784", ".5275", ".5267")
BY_CLASS = {
    "anger": ".6549",
    "disgust": ".0482",
    "fear": ".3923",
    "happiness": ".7684",
    "sadness": ".6835",
    "surprise": ".4898",
    "neutral": ".6550",
}
PLUGIN = """
from elena_wb import hookimpl
from elena_wb.core import Estimate, Scores


class Share:
    reads = frozenset({"emotion"})

    def score(self, answers, resampling):
        share = float(answers.weights[answers.emotion >= 0].sum() / answers.n)
        return Scores("Named", answers.n, {"share_named": Estimate(share, share, share, answers.n)})


class Broken:
    reads = frozenset({"vad"})

    def score(self, answers, resampling):
        raise ZeroDivisionError("no such luck")


class Wrong:
    reads = frozenset({"vad"})

    def score(self, answers, resampling):
        return 0.5


@hookimpl
def register_metrics(register):
    register("share", "extra:Share")
    register("broken", Broken)
    register("wrong", Wrong)
    register("absent", "extra:Absent")
"""


@pytest.fixture
def store(home: Path) -> Store:
    """Two runs called pilot, unmasked and masked; the second partly audited, one answer failed."""
    store = Store(home / "s.duckdb")
    pictures = [
        stimulus(n, Label("d", "ekman7", label), attributes={"view": "45" if n < 2 else "90"})
        for n, label in enumerate(["fear", "anger", "fear", "anger"])
    ]
    with Outbox(store) as outbox:
        for key, condition, emotions in (
            ("a", "none", ["fear", "anger", "anger", "anger"]),
            ("b", "face", ["fear", None, "fear", "anger"]),
        ):
            options = {"masking": f"{condition}:x"}
            begin_run(store, spec(key, condition=condition, name="pilot", options=options), pictures)
            for n, emotion in enumerate(emotions):
                status = "error" if (key, n) == ("b", 3) else "ok" if emotion else "refused"
                outbox.append(generation(key, n, status, emotion=emotion, error="x" * (status == "error")))
        outbox.append(AuditRecord(digest("s", 0), "face", "face:x", "yunet", 0))
        outbox.append(AuditRecord(digest("s", 2), "face", "face:x", "yunet", 1))
    begin_run(store, spec("c", name=HOSTILE), [])
    return store


def score(program: Program, store: Store, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    return program("--store", str(store.path), "score", *arguments, code=code)


def table(text: str, first: str) -> list[list[str]]:
    """The cells of the rows that begin with ``first``; a drawn row begins with a space."""
    return [line.split() for line in text.splitlines() if line[:1] == " " and line.split()[:1] == [first]]


def test_the_published_answers_score_what_their_authors_got(program: Program) -> None:
    program("import", str(real("elena/elena_besst_gemini.json")), "--as", "elena", "--name", "besst")
    shown = program("score", "besst").stdout
    for name, expected in zip(("accuracy", "UAR", "macro-F1", "weighted-F1"), PUBLISHED, strict=True):
        ((_, value, low, high, n),) = table(shown, name)
        assert (value, n) == (expected, "1,132")
        assert low.strip("[,") < value < high.strip("]")
    for label, f1 in BY_CLASS.items():
        assert table(shown, label)[0][3] == f1
    found = json.loads(program("score", "besst", "--format", "json").stdout)["runs"][0]
    assert (found["answers"], found["unlabelled"], found["answered_in"]) == (1134, 2, "ekman7")
    (group,) = found["groups"]
    assert group["rates"]["figures"]["abstention_rate"]["value"] == pytest.approx(4 / 1134)
    assert sum(map(sum, group["metrics"]["single-label"]["confusion"]["counts"])) == 1132
    by_view = json.loads(program("score", "besst", "--by", "view", "--format", "json").stdout)["runs"][0]
    parts = {
        of["by"]["view"]: of["metrics"]["single-label"]["figures"]["accuracy"] for of in by_view["groups"]
    }
    assert {view: of["n"] for view, of in parts.items()} == {"45": 564, "90": 568}
    whole = group["metrics"]["single-label"]["figures"]["accuracy"]["value"]
    assert sum(of["value"] * of["n"] for of in parts.values()) / 1132 == pytest.approx(whole)
    figures = group["metrics"]["single-label"]["figures"]
    (seen,) = rows(program, "SELECT accuracy, macro_f1, weighted_f1, uar FROM scores")
    assert list(map(float, seen)) == pytest.approx(
        [figures[name]["value"] for name in ("accuracy", "macro_f1", "weighted_f1", "uar")]
    )


def test_a_name_of_several_runs_gives_a_row_for_each(program: Program, store: Store) -> None:
    shown = score(program, store, "pilot").stdout
    assert table(shown, "1")[0][:4] == ["1", "none", "4", ".7500"]
    assert table(shown, "2")[0][:4] == ["2", "face", "3", ".6667"]
    told = " ".join(shown.split())
    assert "Failed, and no answers: 1." in told
    assert "whose mask was audited: 2 of 3. Of these with a face left: 1." in told


def test_csv_has_a_row_for_each_figure_and_class(program: Program, store: Store) -> None:
    out = score(program, store, "1", "--by", "view", "-f", "csv").stdout
    found = list(csv.DictReader(io.StringIO(out)))
    accuracy = {row["by_view"]: row for row in found if row["figure"] == "accuracy"}
    assert {view: float(row["value"]) for view, row in accuracy.items()} == {"45": 1.0, "90": 0.5}
    assert {row["class"] for row in found if row["figure"] == "recall"} == {"fear", "anger"}
    assert {(row["run_id"], row["condition"], row["scheme"]) for row in found} == {("1", "none", "ekman7")}


def test_only_answers_about_well_masked_pictures_are_scored_if_wished(program: Program, store: Store) -> None:
    found = json.loads(score(program, store, "2", "--audited-only", "-f", "json").stdout)["runs"][0]
    assert [group["rates"]["n"] for group in found["groups"]] == [1]
    assert found["audit"] == {"audited": 2, "with_face": 1, "unhidden": 0, "hides_face": True}
    with store.write() as connection:
        connection.execute("DELETE FROM mask_audits")
    refused = score(program, store, "2", "--audited-only", code=2)
    assert "--audit" in refused.stderr
    assert "not audited" in score(program, store, "2").stdout


def test_mistakes_name_what_was_meant_and_leave_the_file_alone(
    program: Program, store: Store, tmp_path: Path
) -> None:
    out = tmp_path / "scores.json"
    score(program, store, "1", "-o", str(out))
    before = out.read_text("utf-8")
    assert json.loads(before)["runs"][0]["run"] == "pilot"
    for arguments, words in (
        (["1", "--by", "veiw", "-o", str(out)], "`view`"),
        (["1", "--metric", "single"], "`single-label`"),
        (["1", "--scheme", "ekman"], "`ekman7`"),
        (["1", "--source", "e"], "`d`"),
        (["9"], "no run `9`"),
        (["1", "-o", str(store.path)], "store itself"),
    ):
        done = score(program, store, *arguments, code=2)
        assert words in done.stderr
        assert done.stdout == ""
    assert out.read_text("utf-8") == before


def test_what_could_be_meant_otherwise_is_said(program: Program, store: Store) -> None:
    with store.write() as connection:
        connection.execute("""UPDATE stimuli SET attributes = '{"condition": "patient"}'""")
        connection.execute(
            """INSERT INTO labels (stimulus_id, source, scheme, label)
               SELECT stimulus_id, 'e', 'ekman7', 'sadness' FROM labels LIMIT 3"""
        )
    done = score(program, store, "1", "--by", "condition")
    assert "`attribute.condition`" in done.stderr
    told = " ".join(done.stdout.split())
    assert "Of 3 stimuli more than one says what is true (d and e)" in told
    assert "--source" in told
    done = score(program, store, "1", "--by", "attribute.condition", "--source", "d", "-f", "json")
    (run,) = json.loads(done.stdout)["runs"]
    assert [group["by"] for group in run["groups"]] == [{"attribute.condition": "patient"}]
    assert (done.stderr, run["several_sources"]) == ("", 0)


def test_a_run_without_answers_or_truth_is_said_to_have_none(program: Program, store: Store) -> None:
    assert "run 3 has no answers" in score(program, store, "3").stderr
    with store.write() as connection:
        connection.execute("DELETE FROM labels")
    done = score(program, store, "1")
    assert "Nothing is known to be true" in done.stderr
    assert "parse rate" in done.stdout


def test_metrics_of_plugins_are_shown_and_broken_ones_take_no_other_with_them(
    program: Program, store: Store
) -> None:
    program.install("extra", PLUGIN)
    done = score(program, store, "1", "2", code=4)
    assert [row[-1] for row in table(done.stdout, "1") + table(done.stdout, "2")].count("1.0000") >= 1
    assert "share named" in done.stdout
    assert "accuracy" in done.stdout
    for name, reason in (
        ("broken", "no such luck"),
        ("wrong", "returned float"),
        ("absent", "cannot be loaded"),
    ):
        assert f"metric `{name}` cannot be used" in done.stderr
        assert reason in done.stderr
    alone = json.loads(score(program, store, "2", "--metric", "share", "-f", "json").stdout)
    assert alone["failed"] == []
    metrics = alone["runs"][0]["groups"][0]["metrics"]
    assert metrics["share"]["figures"]["share_named"]["value"] == pytest.approx(2 / 3)
    assert list(metrics) == ["share"]


def test_a_terminal_also_gets_a_plot_and_a_pipe_does_not(program: Program, store: Store) -> None:
    pty = pytest.importorskip("pty")
    assert "Share of each" not in score(program, store, "1").stdout

    def on_terminal(*more: str) -> str:
        parent, child = pty.openpty()
        environment = {
            **os.environ,
            "PYTHONPATH": str(program.site),
            "COLUMNS": "80",
            "TERM": "xterm-256color",
        }
        command = [sys.executable, "-m", "elena_wb", "--store", str(store.path), "score", "1", *more]
        process = subprocess.Popen(
            command, stdout=child, stderr=subprocess.PIPE, stdin=child, env=environment
        )
        os.close(child)
        shown = b""
        while True:
            try:
                piece = os.read(parent, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        try:
            assert process.wait(60) == 0
        finally:
            process.kill()
            os.close(parent)
        return shown.decode()

    assert "Share of each" in on_terminal()
    assert "Share of each" not in on_terminal("--no-plot")


def crosstab(names: Sequence[str]) -> Crosstab:
    import numpy as np

    rng = np.random.default_rng(0)
    counts = rng.integers(0, 90_000, (len(names), len(names) + 1))
    return Crosstab(tuple(names), (*names, "abstained"), counts)


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("count", [1, 7, 26])
def test_a_confusion_fits_the_terminal(width: int, count: int) -> None:
    from rich.text import Text

    of = crosstab([f"{chr(97 + n)}motion{n}" for n in range(count)])
    shown = confusion_table(of, width)
    widest = sum(
        max(len(row[place]) for row in (shown.columns, *shown.rows)) + 2
        for place in range(len(shown.columns))
    )
    assert widest <= width
    lines = Text.from_ansi(confusion_plot(of, width)).plain.splitlines()
    assert max(map(len, lines)) <= width
    assert sum("┤" in line for line in lines) == count


def test_a_plot_without_colour_has_shades(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    drawn = confusion_plot(crosstab(["fear", "anger"]), 80)
    assert "\x1b" not in drawn
    assert set("░▒") & set(drawn)


def test_names_are_escaped_in_every_format() -> None:
    piece = Table(HOSTILE, ("", "figure"), ((HOSTILE, "[.1, .2]"),))
    written = latex([HOSTILE, piece])
    body = "\n".join(line for line in written.splitlines() if not line.startswith("%"))
    assert r"50\_\% \& \textbackslash{}emph\{x\} \#1" in body
    assert "{[.1, .2]}" in body
    shown = markdown([HOSTILE, piece])
    assert r"50\_% & \\emph{x} #1" in shown
    assert r"\|\[red]" in shown
    assert "\x1b" not in written + shown


def test_latex_tables_are_whole(program: Program, store: Store) -> None:
    with store.write() as connection:
        connection.execute("UPDATE stimuli SET attributes = json_object('view', ?)", [HOSTILE])
    lines = score(program, store, "1", "2", "--by", "view", "-f", "latex").stdout.splitlines()
    columns = 0
    for line in lines:
        if line.startswith("\\begin{tabular}"):
            columns = len(line.split("{")[-1].strip("}"))
        elif line.endswith("\\\\"):
            assert len(re.findall(r"(?<!\\)&", line)) == columns - 1
            assert not line.startswith("[")
    plain = "".join(line for line in lines if not line.startswith("%"))
    assert len(re.findall(r"(?<!\\)\{", plain)) == len(re.findall(r"(?<!\\)\}", plain))
    assert sum(line == "\\toprule" for line in lines) == sum(line == "\\end{table}" for line in lines) > 2


def test_latex_compiles(program: Program, store: Store, tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("there is no pdflatex here")
    with store.write() as connection:
        connection.execute("UPDATE runs SET name = ? WHERE run_id = 1", [HOSTILE])
        connection.execute("UPDATE stimuli SET attributes = json_object('view', ?)", [HOSTILE])
    tables = score(program, store, "1", "2", "--by", "view", "-f", "latex").stdout
    document = (
        "\\documentclass{article}\\usepackage{booktabs}\\usepackage[T1]{fontenc}\\begin{document}\n"
        f"{tables}\\end{{document}}\n"
    )
    (tmp_path / "scores.tex").write_text(document, "utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "scores.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
