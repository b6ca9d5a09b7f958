"""The screen of plugins and of what works here: whole reasons, commands to copy, looking again."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest
from textual.widgets import OptionList, Static

from elena_wb import hookimpl
from elena_wb.engine import health
from elena_wb.engine.health import Finding, State
from elena_wb.plugins import build_host

HOSTILE = "[bold]no[/] [@click=app.quit]licence[/]\x1b[31m\u202e " + "long " * 300


def metrics_plugin(*names: str) -> SimpleNamespace:
    @hookimpl
    def register_metrics(register) -> None:
        for name in names:
            register(name, object)

    return SimpleNamespace(register_metrics=register_metrics)


async def looked(pilot) -> None:
    """Until the machine was examined and what was found is on the screen."""
    for _ in range(3000):
        await pilot.pause(0.02)
        heads = [*pilot.app.screen.query("#machine-head").results(Static)]
        if heads and "looks again" in str(heads[0].content):
            break
    await pilot.pause()


def words(pilot) -> str:
    return str(pilot.app.screen.query_one("#words", Static).content)


def lines(pilot, which: str) -> list[str]:
    list_ = pilot.app.screen.query_one(f"#{which}", OptionList)
    return [str(list_.get_option_at_index(index).prompt) for index in range(list_.option_count)]


FINDINGS = (
    Finding("program", "python", State.OK, "elena-wb 0.1.0 runs on Python 3.11.0."),
    Finding(
        "store",
        "file",
        State.FAIL,
        "Cannot open the store: a newer DuckDB wrote it.",
        "pip install --upgrade duckdb",
    ),
    Finding("settings", "model", State.OK, "The default model is tiny:.", "elena-wb models default tiny:"),
    Finding("plugins", "first", State.OK, "elena-wb provides metrics: one, two. It uses numpy 2.0."),
    Finding("plugins", "needy", State.WARN, "needy 1.0 lacks torch>=2.4.", 'pip install "torch>=2.4"'),
    Finding("detectors", "yunet", State.WARN, "The weights are not here yet.", "elena-wb models pull yunet"),
    Finding("network", "use", State.OK, "The network may be used; nothing was tried."),
)


@pytest.fixture
def app(opened, planted, monkeypatch):
    """The app with a sound plugin, one that lacks a package, one that claims what is taken, and one that fails."""
    monkeypatch.setattr(health, "examine", lambda *_, **__: FINDINGS)
    host = build_host(
        [EntryPoint("absent", "a_module_that_is_not_there", "elena_wb")],
        [
            ("first", metrics_plugin("one", "two")),
            ("needy", metrics_plugin("three")),
            ("thief", metrics_plugin("two")),
        ],
    )
    app = opened(planted, bare=True)
    app.host = host
    return app


async def test_plugins_and_machine_are_told_problems_first_and_commands_copied(app) -> None:
    copied: list[str] = []
    app.copy_to_clipboard = copied.append
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("8")
        await looked(pilot)
        assert [line.split()[2] for line in lines(pilot, "plugins")] == ["absent", "first", "needy", "thief"]
        assert "already provided by plugin `first`" in lines(pilot, "plugins")[3]
        assert lines(pilot, "machine")[0].startswith("✗ fail store file")
        assert lines(pilot, "machine")[1].startswith("! warn detectors yunet")
        assert "pip install --upgrade duckdb" in words(pilot)
        await pilot.press("c", "down", "c")
        assert copied == ["pip install --upgrade duckdb", "elena-wb models pull yunet"]
        await pilot.press("shift+tab", "home")
        assert "No module named 'a_module_that_is_not_there'" in words(pilot)
        await pilot.press("down")
        assert "metrics: one, two" in words(pilot)
        assert "Uses numpy 2.0." in words(pilot)
        await pilot.press("down", "c")
        assert copied[2:] == ['pip install "torch>=2.4"']


async def test_looking_again_shows_what_has_changed_and_hostile_words_are_text(app, monkeypatch) -> None:
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("8")
        await looked(pilot)
        changed = (Finding("store", "[red]f", State.WARN, HOSTILE),)
        monkeypatch.setattr(health, "examine", lambda *_, **__: changed)
        app.refresh_data()
        await looked(pilot)
        assert len(lines(pilot, "machine")) == 5
        await pilot.press("r")
        await looked(pilot)
        assert len(lines(pilot, "machine")) == 1
        assert "[bold]no[/] [@click=app.quit]licence[/]\\u001b[31m\\u202e" in words(pilot)
        assert words(pilot).count("long") == 300
        await pilot.press("c")
        assert "no command" in app.told[-1].message
        assert app.is_running


async def test_the_real_examination_is_shown_and_keys_go_on_while_it_looks(opened, planted) -> None:
    app = opened(planted, bare=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("8")
        await pilot.pause()
        await pilot.press("6")
        await pilot.pause()
        assert app.current_mode == "sql"
        await pilot.press("f8")
        await looked(pilot)
        assert any("program python" in line for line in lines(pilot, "machine"))
        assert lines(pilot, "plugins") == ["None."]


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=str)
def test_how_it_looks(snap_compare, app, size: tuple[int, int]) -> None:
    async def at_plugins(pilot) -> None:
        await pilot.press("8")
        await looked(pilot)

    assert snap_compare(app, terminal_size=size, run_before=at_plugins)
