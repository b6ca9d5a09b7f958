"""Installing plugins into the environment that runs, and taking them out again.

What is to be installed is looked at first: a wheel is made of it, its plugins are read from that, and pip works out
what it would change. What would break the program or another plugin is refused before anything is changed.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elena_wb.errors import UsageError, WorkbenchError
from elena_wb.nearest import nearest
from elena_wb.offline import is_offline
from elena_wb.plugins.environment import require_open_environment
from elena_wb.plugins.finding import folded_name
from elena_wb.plugins.judging import (
    HOST,
    Change,
    broken_by,
    change_to,
    constraints,
    needed,
    plugin_distributions,
    who_requires,
)
from elena_wb.plugins.pip import pip, would_install
from elena_wb.plugins.requirements import unmet
from elena_wb.plugins.sources import Kind, Source, Wheel, read_source, read_wheel

if TYPE_CHECKING:
    from packaging.requirements import Requirement


_PATIENCE_S = 120.0
"""So long a program with new plugins may take to start."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an installation would change; ``named`` are the distributions that were asked for.

    ``constraints`` hold pip to what the program needs.
    """

    sources: tuple[Source, ...]
    named: tuple[str, ...]
    changes: tuple[Change, ...]
    constraints: tuple[str, ...] = ()
    upgrade: bool = False
    editable: bool = False

    @property
    def alters(self) -> tuple[Change, ...]:
        """Changes to what is here that were not asked for by name."""
        own = {folded_name(name) for name in self.named}
        return tuple(
            one
            for one in self.changes
            if one.before is not None
            and not (folded_name(one.name) in own and (self.upgrade or one.before == one.after))
        )


def plan_install(sources: Sequence[str], *, upgrade: bool = False, editable: bool = False) -> Plan:
    """Work out what installing ``sources`` would change. Nothing is changed.

    Folders and archives are built for it, with the build backend that they name.

    Raises:
        UsageError: a source is nothing that can be installed, or no plugin.
        SetupError: the environment is not to be changed, or the package index cannot be reached.
        WorkbenchError: it would break the program or a plugin that is installed.
    """
    wanted = tuple(read_source(text) for text in sources)
    require_open_environment("install", [source.shown for source in wanted])
    for source in wanted:
        if editable and source.kind is not Kind.FOLDER:
            raise UsageError(f"Only a folder can be installed as it lies there, and {source.shown} is none.")
        _refuse_offline(source)
    with tempfile.TemporaryDirectory(prefix="elena-wb-") as name:
        scratch = Path(name)
        wheels = [_wheel_of(source, scratch) for source in wanted if source.kind is not Kind.NAME]
        for wheel in wheels:
            _refuse_what_is_no_plugin(wheel)
        requirements = needed()
        held = scratch / "constraints.txt"
        limits = constraints(requirements)
        held.write_text("\n".join(limits), "utf-8")
        names = [source.given for source in wanted if source.kind is Kind.NAME]
        targets = [*(str(wheel.path) for wheel in wheels), *names]
        flags = ["--upgrade"] if upgrade else []
        changes = [
            change_to(one["name"], one["version"])
            for one in would_install([*flags, "--constraint", str(held), *targets])
        ]
        changed = {folded_name(one.name): one for one in changes}
        for given in names:
            wheels += _wheel_of_name(given, changed, scratch)
        changes += [
            change_to(wheel.name, wheel.version)
            for wheel in wheels
            if folded_name(wheel.name) not in changed and wheel.path.exists() and not _is_here(wheel)
        ]
    _refuse_what_breaks(changes, requirements)
    return Plan(
        wanted,
        tuple(dict.fromkeys([*(wheel.name for wheel in wheels), *map(_name, names)])),
        tuple(sorted(changes, key=lambda one: (one.before is None, one.name))),
        tuple(limits),
        upgrade,
        editable,
    )


def install(plan: Plan) -> None:
    """Install what was planned, in the versions that were told.

    Raises:
        WorkbenchError: pip failed.
    """
    lines = [*plan.constraints, *(f"{one.name}=={one.after}" for one in plan.changes)]
    changed = {folded_name(one.name): one for one in plan.changes}
    with tempfile.TemporaryDirectory(prefix="elena-wb-") as name:
        held = Path(name) / "constraints.txt"
        held.write_text("\n".join(lines), "utf-8")
        flags = ["install", "--no-warn-conflicts", "--constraint", str(held), *_isolation(plan.sources)]
        if plan.upgrade:
            flags.append("--upgrade")
        given = [
            one
            for source in plan.sources
            if source.kind is not Kind.ADDRESS
            for one in (["--editable", source.given] if plan.editable else [source.given])
        ]
        private = [source.given for source in plan.sources if source.kind is Kind.ADDRESS]
        pip(*flags, *given, private=private)
        for source in plan.sources:  # pip leaves a wheel alone whose version is here, whatever is in it
            if source.kind is Kind.WHEEL:
                own = changed.get(folded_name(read_wheel(Path(source.given)).name))
                if own is not None and own.before == own.after:
                    pip("install", "--no-warn-conflicts", "--force-reinstall", "--no-deps", source.given)
    importlib.invalidate_caches()


def distributions_called(names: Sequence[str]) -> tuple[str, ...]:
    """The distributions that brought the plugins ``names``, each the name of a plugin or of a distribution.

    Raises:
        UsageError: there is no such plugin, it is the program's own, or others that would stay need it.
    """
    brought = plugin_distributions()
    chosen = list(dict.fromkeys(_called(name, brought) for name in names))
    staying = [name for name in brought if name not in chosen]
    for name in chosen:
        by = who_requires(name, staying)
        if by:
            listed = " and ".join(by)
            raise UsageError(
                f"{name} cannot be taken out: {listed} {'needs' if len(by) == 1 else 'need'} it.",
                hint=f"To take out all: elena-wb plugins uninstall {' '.join([name, *by])}",
            )
    return tuple(chosen)


def uninstall(names: Sequence[str]) -> None:
    """Take the distributions ``names`` out of the environment; what they needed stays.

    Raises:
        SetupError: the environment is not to be changed.
        WorkbenchError: pip failed, or a distribution is not within the environment.
    """
    require_open_environment("uninstall", list(names))
    pip("uninstall", "--yes", *names)
    importlib.invalidate_caches()
    for name in names:
        try:
            place = Path(str(distribution(name).locate_file("")))
        except PackageNotFoundError:
            continue
        raise WorkbenchError(
            f"{name} is still there, in {place}.",
            hint="Its metadata is damaged or missing, so that pip does not know it; delete its folders there."
            if place.is_relative_to(sys.prefix)
            else "It does not belong to this environment; take it out of the one that it was installed into.",
        )


def listed_anew() -> list[dict[str, Any]] | None:
    """What ``elena-wb plugins list --json`` says in a new process; ``None`` if the program does not start any more."""
    command = [sys.executable, "-P", "-m", "elena_wb", "plugins", "list", "--json"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_PATIENCE_S
        )
        rows: list[dict[str, Any]] = json.JSONDecoder().raw_decode(done.stdout.decode("utf-8"))[0]
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return rows if done.returncode == 0 else None


def take_back(plan: Plan) -> tuple[str, ...]:
    """Uninstall what ``plan`` asked for by name and was not here before; what that is."""
    own = {folded_name(name) for name in plan.named}
    new = tuple(one.name for one in plan.changes if one.before is None and folded_name(one.name) in own)
    if new:
        pip("uninstall", "--yes", *new)
    return new


def _called(name: str, brought: dict[str, tuple[str, ...]]) -> str:
    for distributed, plugins in brought.items():
        if name in plugins:
            return distributed
    for distributed in brought:
        if folded_name(name) == folded_name(distributed):
            return distributed
    if folded_name(name) in (HOST, "builtin"):
        raise UsageError(
            f"`{name}` is the program itself, not a plugin.",
            hint=f"Run: pip uninstall {HOST}, if that is meant.",
        )
    known = {*brought, *(plugin for plugins in brought.values() for plugin in plugins)}
    raise UsageError(f"No plugin `{name}` is installed.", hint=nearest(name, known))


def _refuse_offline(source: Source) -> None:
    if not is_offline():
        return
    if source.kind is Kind.ADDRESS or (source.kind is Kind.NAME and not os.environ.get("PIP_FIND_LINKS")):
        raise UsageError(
            f"{source.shown} would be fetched, and the network is switched off (--offline).",
            hint="Give a wheel or a folder, or name a folder with wheels in the variable PIP_FIND_LINKS.",
        )


def _wheel_of(source: Source, scratch: Path) -> Wheel:
    """The wheel that ``source`` is, or one built of it."""
    if source.kind is Kind.WHEEL:
        return read_wheel(Path(source.given))
    made = Path(tempfile.mkdtemp(dir=scratch))
    arguments = ["wheel", "--no-deps", "--wheel-dir", str(made), *_isolation([source])]
    if source.kind is Kind.ADDRESS:
        pip(*arguments, private=[source.given])
    else:
        pip(*arguments, source.given)
    (path,) = made.glob("*.whl")
    return read_wheel(path)


def _wheel_of_name(given: str, changed: dict[str, Change], scratch: Path) -> list[Wheel]:
    """The wheel of a package that would be installed, fetched to see whether it is a plugin."""
    name = _name(given)
    change = changed.get(folded_name(name))
    if folded_name(name) == HOST:
        raise _the_program(name)
    if change is None:
        if folded_name(name) not in map(folded_name, plugin_distributions()):
            raise UsageError(f"{name} is installed, and is no plugin of elena-wb.")
        return []
    wheel = _wheel_of(Source(Kind.NAME, f"{name}=={change.after}", name), scratch)
    _refuse_what_is_no_plugin(wheel)
    return [wheel]


def _name(requirement: str) -> str:
    from packaging.requirements import Requirement

    return Requirement(requirement).name


def _isolation(sources: Sequence[Source]) -> list[str]:
    """Without a network a build takes place with what is installed, if that will do.

    Raises:
        UsageError: it will not.
    """
    folders = [Path(source.given) for source in sources if source.kind is Kind.FOLDER]
    if not is_offline() or not folders:
        return []
    import tomllib

    for folder in folders:
        try:
            project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
            requires = project.get("build-system", {}).get("requires", ["setuptools"])
        except (OSError, ValueError):
            requires = ["setuptools"]
        lacking = unmet(requires)
        if lacking:
            raise UsageError(
                f"{folder} cannot be built without a network: {', '.join(lacking)} is not installed.",
                hint="Build a wheel where there is one (python -m build), and install that.",
            )
    return ["--no-build-isolation"]


def _is_here(wheel: Wheel) -> bool:
    """Whether exactly this wheel is installed, file by file."""
    try:
        recorded = distribution(wheel.name).read_text("RECORD") or ""
    except PackageNotFoundError:
        return False
    lines = [line for line in wheel.record if ",sha256=" in line]
    return bool(lines) and set(lines) <= set(recorded.splitlines())


def _refuse_what_is_no_plugin(wheel: Wheel) -> None:
    if folded_name(wheel.name) == HOST:
        raise _the_program(wheel.name)
    if not wheel.plugins:
        raise UsageError(
            f"{wheel.name} {wheel.version} is no plugin of elena-wb: it has no entry point of the group `elena_wb`.",
            hint="Nothing was changed. A library that a plugin needs is installed with pip.",
        )
    for distributed, plugins in {**plugin_distributions(), HOST: ("builtin",)}.items():
        taken = set(plugins) & set(wheel.plugins)
        if taken and folded_name(distributed) != folded_name(wheel.name):
            raise WorkbenchError(
                f"{wheel.name} brings a plugin called `{min(taken)}`, and so does {distributed}, which is installed.",
                hint=f"To use the other: elena-wb plugins uninstall {distributed}",
            )


def _the_program(name: str) -> UsageError:
    return UsageError(
        f"{name} is the program itself, not a plugin.", hint=f"To upgrade it: pip install --upgrade {HOST}"
    )


def _refuse_what_breaks(changes: Sequence[Change], requirements: Sequence[tuple[str, Requirement]]) -> None:
    for one in changes:
        if folded_name(one.name) == HOST and one.before != one.after:
            raise WorkbenchError(
                f"The program itself would be {one.word}: {one.before} → {one.after}.",
                hint=f"Nothing was changed. Upgrade it first: pip install --upgrade {HOST}",
            )
    broken = list(broken_by(changes, requirements))
    if broken:
        raise WorkbenchError("\n".join(broken), hint="Nothing was changed.")
