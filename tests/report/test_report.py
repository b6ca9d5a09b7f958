"""The report as a file: strict, harmless, whole or told to be incomplete, and to be checked."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from elena_wb import builtin
from elena_wb.core import Resampling, UsageError
from elena_wb.plugins import PluginHost, build_host
from elena_wb.remote.redaction import hide
from elena_wb.report import ReportOptions, write_report
from elena_wb.report.harmless import without_places
from elena_wb.store import Store
from tests.findings.planted import put
from tests.report.hostile import MARKUP, fill, shown_at
from tests.report.strict import check

QUICK = ReportOptions(resampling=Resampling(20))


@pytest.fixture(scope="module")
def host() -> PluginHost:
    return build_host([], [("builtin", builtin)])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "study.duckdb", lock_timeout=20)


@pytest.fixture
def _scores_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other analyses are not what the test is about, and take their time."""
    monkeypatch.setattr("elena_wb.report.finding.analyses", lambda *_: ())


def test_whatever_others_wrote_is_text_in_a_page_that_is_strict_html(store, host, tmp_path):
    runs = fill(store)
    hide("sk-verysecretkey-4711")
    with store.write() as connection:
        connection.execute("UPDATE generations SET narrative = narrative || ' sk-verysecretkey-4711'")
    output = tmp_path / "out" / "report.html"
    output.parent.mkdir()
    options = replace(QUICK, title=f"{MARKUP} & co", question=MARKUP * 3)
    written = write_report(store, host, runs, output, options)
    html = shown_at(output)
    page = check(html)
    assert written.size == len(output.read_bytes()) < 3_000_000
    assert page.root.all("title")[0].words == f"{MARKUP} & co"
    assert page.root.all("h1")[0].words == f"{MARKUP} & co"
    assert MARKUP in page.root.all("main")[0].words
    assert MARKUP not in html
    assert "{{7*7}}" in page.root.words
    assert "49" not in page.root.all("h1")[0].words
    assert re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", html) is None
    assert "\\u202e" in html
    assert "alice" not in html
    assert str(tmp_path) not in html
    assert "verysecretkey" not in html
    assert "x" * 10_000 not in html
    assert "more characters)" in html


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/Users/Bo Alice/photos/p.jpg", "…/p.jpg"),
        (r"\\\\nas-alice\\share\\p.jpg", "…/p.jpg"),
        (r"C:\Users\Bo Alice\p.jpg", "…/p.jpg"),
        ("gguf:/home/alice/m.gguf?mmproj=/home/alice/n.gguf", "gguf:…/m.gguf?mmproj=…/n.gguf"),
        ("file:///srv/photos/p.jpg, file://host/share/p.jpg", "…/p.jpg, …/p.jpg"),
        ("http://a.org/home/x, 1/2, and/or", "http://a.org/home/x, 1/2, and/or"),
    ],
)
def test_places_on_this_machine_are_their_last_part(text, shown):
    assert without_places(text) == shown


@pytest.mark.usefixtures("_scores_alone")
def test_the_policy_allows_the_one_style_and_nothing_else(store, host, tmp_path):
    import base64
    import hashlib

    put(store, "a", {0: "fear"})
    write_report(store, host, [1], tmp_path / "r.html", QUICK)
    page = check(shown_at(tmp_path / "r.html"))
    (policy,) = [of for of in page.root.all("meta") if of.attributes.get("http-equiv")]
    (style,) = page.root.all("style")
    digest = base64.b64encode(hashlib.sha256(style.text.encode()).digest()).decode()
    assert policy.attributes["content"] == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert "url(" not in style.text
    assert "@import" not in style.text


def test_a_report_tells_the_findings_the_set_up_and_how_to_repeat_it(store, host, tmp_path):
    options = {
        "sources": ["/data/study/photos"],
        "prompt_variant": "default",
        "dataset": None,
        "limit": None,
        "repeats": 1,
        "sampling": {"temperature": 0.0},
        "max_tokens": 99,
        "scheme": "ekman7",
    }
    emotions = ["fear", "fear", "anger", "anger", "fear", "fear"]
    masked = ["anger", "fear", "fear", "anger", "sadness", "fear"]
    put(store, "a", dict(enumerate(emotions)), options=options)
    put(store, "b", dict(enumerate(masked)), options=options, condition="face")
    written = write_report(store, host, [1, 2], tmp_path / "r.html", replace(QUICK, question="Why?"))
    assert written.missing == ()
    page = check(shown_at(tmp_path / "r.html"))
    words = " ".join(page.root.all("main")[0].words.split())
    headings = [of.words for tag in ("h2", "h3") for of in page.root.all(tag)]
    for wanted in (
        "At a glance",
        "Set-up",
        "Prompts",
        "Answers against what is true",
        "Telling pairs",
        "Methods",
    ):
        assert wanted in headings
    assert "Why?" in page.root.all("header")[0].words
    assert "66.7 % of 6 in run 1, none" in words
    assert "elena-wb --store STORE.duckdb run photos -m tiny: -p elena --mask none --mask face" in words
    assert "elena-wb --store STORE.duckdb report 1 2 -o report.html" in words
    pairs = page.root.all("article")
    titles = [of.all("h3")[0].words for of in pairs]
    assert titles == [
        "1. 0000.jpg: fear → anger",
        "2. 0002.jpg: anger → fear",
        "3. 0004.jpg: fear → sadness",
    ]
    assert "a right answer turns wrong. True is fear." in pairs[0].words
    assert "a wrong answer turns right. True is fear." in pairs[1].words
    assert any("What do you see?" in of.words for of in page.root.all("pre"))


@pytest.mark.usefixtures("_scores_alone")
def test_a_caller_who_knows_better_gives_the_commands(store, host, tmp_path):
    put(store, "a", {0: "fear"})
    options = replace(QUICK, commands=("elena-wb experiment /home/bo/study.toml",))
    write_report(store, host, [1], tmp_path / "r.html", options)
    assert "elena-wb experiment …/study.toml" in shown_at(tmp_path / "r.html")


@pytest.mark.usefixtures("_scores_alone")
def test_what_fails_is_told_and_takes_nothing_else_with_it(store, host, tmp_path, monkeypatch):
    put(store, "a", {0: "fear", 1: "fear"})
    put(store, "b", {0: "anger", 1: "fear"}, condition="face")

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError(f"no {MARKUP}")

    monkeypatch.setattr("elena_wb.findings.failures.failures", broken)
    written = write_report(store, host, [1, 2], tmp_path / "r.html", QUICK)
    assert [one.what for one in written.missing] == ["Failures and exclusions"]
    page = check(shown_at(tmp_path / "r.html"))
    told = next(of for of in page.root.all("section") if of.attributes["aria-labelledby"] == "incomplete")
    assert f"ZeroDivisionError: no {MARKUP}" in told.words
    assert "Answers against what is true" in page.root.words


@pytest.mark.usefixtures("_scores_alone")
def test_an_earlier_report_is_replaced_at_once_or_stays(store, host, tmp_path, monkeypatch):
    put(store, "a", {0: "fear"})
    output = tmp_path / "r.html"
    output.write_text("earlier")
    monkeypatch.setattr("elena_wb.report.writing.render", lambda values: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_report(store, host, [1], output, QUICK)
    assert output.read_text() == "earlier"
    monkeypatch.undo()
    write_report(store, host, [1], output, QUICK)
    check(shown_at(output))
    assert not list(tmp_path.glob(".*.part"))


def test_a_report_is_not_written_over_the_store_nor_of_runs_that_are_not_there(store, host, tmp_path):
    put(store, "a", {0: "fear"})
    with pytest.raises(UsageError, match="is the store itself"):
        write_report(store, host, [1], store.path, QUICK)
    with pytest.raises(UsageError, match="is a folder"):
        write_report(store, host, [1], tmp_path, QUICK)
    with pytest.raises(UsageError, match="There is no run `9`"):
        write_report(store, host, [9], tmp_path / "r.html", QUICK)
    with pytest.raises(UsageError, match="There is no metric `speed`"):
        write_report(store, host, [1], tmp_path / "r.html", replace(QUICK, metrics=("speed",)))
    assert not (tmp_path / "r.html").exists()


def test_runs_without_answers_or_truth_or_a_pair_are_reported_too(store, host, tmp_path):
    put(store, "a", {0: "!error", 1: "!refused"}, {0: (), 1: ()})
    put(store, "b", {}, {})
    written = write_report(store, host, [1, 2], tmp_path / "r.html", QUICK)
    page = check(shown_at(tmp_path / "r.html"))
    assert "1 failed" in page.root.words
    assert [one.what for one in written.missing] == ["Run 1 and run 2 compared"]
    assert "no command can be given" in page.root.words
