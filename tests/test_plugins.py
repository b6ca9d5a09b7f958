"""Plugins are loaded one by one: a broken one is reported and skipped, and everything else works."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from elena_wb import builtin, hookimpl
from elena_wb.core import Choice, UsageError, WorkbenchError
from elena_wb.plugins import PluginHost, build_host


def host_with(**modules: object) -> PluginHost:
    return build_host([], [("builtin", builtin), *modules.items()])


def plugin(scheme: str, target: object) -> SimpleNamespace:
    def register_models(register):
        register(scheme, target)

    return SimpleNamespace(register_models=hookimpl(register_models))


def test_two_plugins_of_one_scheme_are_both_named_and_the_first_is_used() -> None:
    host = host_with(first=plugin("x", "one:One"), second=plugin("x", "two:Two"))
    assert host.claims["models"]["x"].plugin == "first"
    assert [failure.plugin for failure in host.failures] == ["second"]
    assert "first" in host.failures[0].reason


def test_a_promise_that_cannot_be_kept_names_the_plugin() -> None:
    host = host_with(hollow=plugin("hollow", "no_such_module:Thing"))
    with pytest.raises(WorkbenchError, match=r"hollow.*no_such_module"):
        host.find("models", "hollow")


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        host_with(near=plugin("gguf", object)).find("models", "ggfu")
    assert caught.value.hint
    assert "gguf" in caught.value.hint


def test_an_entry_point_may_not_take_the_place_of_another() -> None:
    points = [EntryPoint("same", "json", "elena_wb"), EntryPoint("same", "math", "elena_wb")]
    host = build_host(points, [])
    assert len(host.failures) == 1


class Thing:
    def __init__(self, padding: float = 0.05, colour: str = "black", strict: bool = False) -> None:
        if padding < 0:
            raise ValueError("padding must be 0 or more")
        self.made = (padding, colour, strict)


def making() -> PluginHost:
    class Plugin:
        @staticmethod
        @hookimpl
        def register_maskers(register: Any) -> None:
            register("thing", Thing)
            register("plain", lambda: "made")
            register("faulty", lambda: 1 // 0)
            register("leaving", lambda: sys.exit(0))

    return build_host([], [("builtin", Plugin)])


def test_options_given_as_text_are_read_as_their_parameters_are_annotated() -> None:
    host = making()
    assert host.make("maskers", Choice.parse("thing")).made == (0.05, "black", False)
    chosen = Choice.parse("thing,padding=0.2,strict=yes,colour=red")
    assert host.make("maskers", chosen).made == (0.2, "red", True)
    assert host.makers("maskers")["thing"]({"padding": "1"}).made == (1.0, "black", False)
    assert list(host.makers("maskers")["thing"].options) == ["padding", "colour", "strict"]


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ("thing,pading=1", "no option `pading`"),
        ("thing,padding=wide", "padding=wide"),
        ("thing,padding=-1", "padding must be 0 or more"),
        ("thing,padding=-1,strict=no", "padding must be 0 or more"),
        ("plain,padding=1", "no option `padding`"),
        ("thng", "no masking style `thng`"),
    ],
)
def test_an_option_that_does_not_do_is_refused_by_name(choice: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        making().make("maskers", Choice.parse(choice))


def test_a_plugin_whose_thing_cannot_be_made_is_named() -> None:
    for name in ("faulty", "leaving"):
        for make in (making().makers("maskers")[name], lambda name=name: making().instances("maskers")[name]):
            with pytest.raises(WorkbenchError, match=f"`{name}` of plugin `builtin`"):
                make()


def test_verbs_are_added_to_an_app_once_however_often_they_are_asked_for() -> None:
    def register_commands(app):
        app.command("greet")(lambda: None)

    host = host_with(greeter=SimpleNamespace(register_commands=hookimpl(register_commands)))
    app = typer.Typer()
    host.add_commands(app)
    host.add_commands(app)
    assert host.failures == []
    assert [one.name for one in app.registered_commands] == ["greet"]
