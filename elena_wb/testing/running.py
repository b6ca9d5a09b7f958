"""The process that checks what a plugin provides: told on stdin what to check, it tells on stdout what came of it.

A line of JSON says that it is ready, and one for each thing what came of it. Whatever else is printed goes to stderr.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from elena_wb.core import Provider, SetupError, WorkbenchError
from elena_wb.engine.models import ModelAddress
from elena_wb.offline import forbid_network, is_offline
from elena_wb.plugins import PluginHost, plugin_host
from elena_wb.testing.datasets import check_dataset
from elena_wb.testing.executors import check_executor
from elena_wb.testing.inspection import Inspection, Report, must
from elena_wb.testing.installed import Means, State, Thing
from elena_wb.testing.locators import check_locator
from elena_wb.testing.maskers import check_masker
from elena_wb.testing.metrics import check_metric
from elena_wb.testing.models import check_model
from elena_wb.testing.providers import check_options


class NotCheckedError(Exception):
    """Why something is not looked at."""


def main() -> None:
    """Check one thing after the other."""
    journal = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what machine code and child processes print
    sys.stdout = sys.stderr
    told = json.loads(sys.stdin.read())
    means = Means(
        **{**told["means"], "models": tuple(told["means"]["models"]), "data": tuple(told["means"]["data"])}
    )
    if is_offline():
        forbid_network()
    host = plugin_host()
    print("{}", file=journal, flush=True)
    for given in told["things"]:
        state, says, checked = outcome(Thing(**given), told["plugin"], host, means)
        print(json.dumps({"state": state, "says": says, "checked": checked}), file=journal, flush=True)


def outcome(thing: Thing, plugin: str, host: PluginHost, means: Means) -> tuple[State, str, Sequence[str]]:
    """Whether ``thing`` keeps its contract, in one sentence, and the sentences of it that were seen to hold."""
    try:
        report = _CHECKS[thing.kind](thing.name, plugin, host, means)
    except NotCheckedError as reason:
        return "not checked", str(reason), ()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the plugin's fault, whatever it is
        said = str(error) if isinstance(error, AssertionError | WorkbenchError) else ""
        return "failed", said or f"{type(error).__name__}: {error}", ()
    left_out = f"not looked at: {'; '.join(report.left_out)}" if report.left_out else ""
    return "ok", left_out, report.checked


def _model(name: str, plugin: str, host: PluginHost, means: Means) -> Report:
    uris = [uri for uri in means.models if uri.partition(":")[0] == name]
    provider: Provider = host.find("models", name)()
    inspection = Inspection(f"{type(provider).__name__}")
    options = check_options(inspection, provider, None)
    reports = [
        _asked(uri, host, means)
        for uri in uris or [f"{name}:"]
        if _may_be_asked(uri, provider, options, uris)
    ]
    return Report(reports[0].subject, *(tuple(x for one in reports for x in part(one)) for part in _PARTS))


_PARTS: tuple[Callable[[Report], tuple[str, ...]], ...] = (lambda one: one.checked, lambda one: one.left_out)


def _may_be_asked(uri: str, provider: Provider, options: Any, named: Sequence[str]) -> bool:
    """Whether there is a model to ask.

    Raises:
        NotCheckedError: none was named, and the provider has none that needs no name.
    """
    if named:
        return True
    again = f"name one: --model {uri}…"
    if provider.destination("", options) is not None:
        raise NotCheckedError(f"its options are sound; its models answer over the network, {again} --ask")
    try:
        provider.describe("", options)
    except WorkbenchError as error:
        raise NotCheckedError(f"its options are sound; for its models, {again} ({error})") from error
    return True


def _asked(uri: str, host: PluginHost, means: Means) -> Report:
    try:
        address = ModelAddress.parse(uri, host)
    except SetupError as error:
        raise NotCheckedError(f"{error} {error.hint or ''}".strip()) from error
    if address.destination is not None and not means.ask:
        raise NotCheckedError(
            f"{uri} is answered by {address.destination}, which may cost money: --ask allows it"
        )
    return check_model(
        address.provider, address.reference, address.options, deterministic=address.destination is None
    )


def _dataset(name: str, plugin: str, host: PluginHost, means: Means) -> Report:
    make = host.makers("datasets")[name].claim.load()
    folders = [Path(folder) for folder in means.data]
    own = sum(claim.plugin == plugin for claim in host.claims["datasets"].values())
    if own > 1 and folders:
        dataset = make()
        folders = [folder for folder in folders if dataset.recognises(folder)]
    return check_dataset(make, folders[0] if folders else None)


def _of(kind: str, check: Callable[[Any], Report]) -> Callable[[str, str, PluginHost, Means], Report]:
    return lambda name, plugin, host, means: check(host.find(kind, name))


def _prompts(name: str, plugin: str, host: PluginHost, means: Means) -> Report:
    from elena_wb.prompts import load_pack

    inspection = Inspection(name)
    for owner, folder in host.prompt_folders:
        path = folder / f"{name}.toml"
        if owner == plugin and path.is_file():
            with inspection.asking("a prompt pack is sound"):
                load_pack(path)
    return inspection.report()


def _command(name: str, plugin: str, host: PluginHost, means: Means) -> Report:
    import typer
    from typer.testing import CliRunner

    inspection = Inspection(name)
    app = typer.Typer()
    app.callback()(lambda: None)
    with inspection.asking("a verb is added, and its help can be shown"):
        host.add_commands(app)
        shown = CliRunner().invoke(app, [name, "--help"])
        must(shown.exit_code == 0 and shown.output.strip(), f"{shown.exception or shown.output!r}")
    return inspection.report()


_CHECKS: Mapping[str, Callable[[str, str, PluginHost, Means], Report]] = {
    "models": _model,
    "locators": _of("locators", check_locator),
    "maskers": _of("maskers", check_masker),
    "datasets": _dataset,
    "metrics": _of("metrics", check_metric),
    "executors": _of("executors", check_executor),
    "prompts": _prompts,
    "commands": _command,
}


if __name__ == "__main__":
    main()
