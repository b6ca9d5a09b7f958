"""Checking installed plugins: each thing that one provides in a process that may fail, leave or hang."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import IO, Any, Literal

from elena_wb.engine.installed import Installed
from elena_wb.plugins import KINDS, PluginHost
from elena_wb.plugins.claims import SINGULAR

State = Literal["ok", "failed", "not checked"]

_OURS = re.compile(r"elena[-_.]+wb\b(?![-_.])", re.IGNORECASE)
_LONGEST = 100_000
_TO_START_S = 60.0
"""How long a process may take until it has loaded the plugins, on a machine that is busy."""


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that a plugin provides: ``kind`` is one of ``KINDS``, ``prompts`` or ``commands``."""

    kind: str
    name: str

    @property
    def spoken(self) -> str:
        """Kind and name, for people."""
        kind = {**SINGULAR, "prompts": "prompt pack", "commands": "verb", "package": "package"}[self.kind]
        return f"{kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of checking one thing: ``says`` is what was seen, or why nothing was looked at, or what was left out.

    ``checked`` are the sentences of the contract that were seen to hold.
    """

    thing: Thing
    state: State
    says: str = ""
    checked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Means:
    """What the user gives for the check: ``models`` (URIs), ``data`` (folders), and whether to ask over the network."""

    models: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    ask: bool = False
    timeout_s: float = 300.0


@dataclass(slots=True)
class _Child:
    """The process at work; ``lines`` are those of its journal, and ``None`` once it has ended."""

    process: subprocess.Popen[str]
    lines: queue.SimpleQueue[str | None] = field(default_factory=queue.SimpleQueue)


def things_of(plugin: Installed) -> list[Thing]:
    """What there is to check of a plugin, beside its package."""
    kinds = [*KINDS, "prompts", "commands"]
    return [Thing(kind, name) for kind in kinds for name in plugin.provides.get(kind, ())]


def check_package(plugin: Installed, host: PluginHost) -> Outcome:
    """Whether it loads quickly and silently, claims nothing that is another's, and asks for elena-wb itself.

    The host has loaded it already; nothing is imported for this.
    """
    thing = Thing("package", plugin.label)
    troubles = list(plugin.troubles)
    distribution = host.distributions.get(plugin.plugin)
    if distribution is not None:
        with contextlib.suppress(Exception):  # metadata may be anything, and then is among the troubles
            if not any(_OURS.match(one) for one in distribution.requires or ()):
                troubles.append(
                    "its distribution does not require elena-wb, so that nothing keeps the two in step"
                )
    if troubles:
        return Outcome(thing, "failed", "; ".join(troubles))
    return Outcome(
        thing, "ok", checked=("loads", "is quick and prints nothing", "clashes with no other", "requirements")
    )


def check_installed(plugin: Installed, means: Means, heard: Callable[[str], None]) -> Iterator[Outcome]:
    """The outcome of each thing that ``plugin`` provides, as it comes.

    They are checked one after the other in a process of their own; where that ends or takes longer than
    ``means.timeout_s`` over one of them, another goes on with the next. ``heard`` gets each line that it prints.
    """
    left = things_of(plugin)
    while left:
        child = _started(plugin.plugin, left, means, heard)
        try:
            yield from _outcomes(child, left, means.timeout_s)
        finally:
            _end(child.process)


def _outcomes(child: _Child, left: list[Thing], timeout_s: float) -> Iterator[Outcome]:
    """Those that the child comes to; what it has come to is taken from ``left``."""
    ready = False
    while left:
        try:
            line = child.lines.get(timeout=timeout_s if ready else timeout_s + _TO_START_S)
        except queue.Empty:
            thing = left.pop(0)
            yield Outcome(thing, "failed", f"it took longer than {timeout_s:g} s and was ended (--timeout)")
            return
        if line is None:
            thing = left.pop(0)
            yield Outcome(thing, "failed", f"it ended the process that checked it ({_status(child.process)})")
            return
        told: Mapping[str, Any] = json.loads(line)
        if not ready:
            ready = True
            continue
        thing = left.pop(0)
        yield Outcome(thing, told["state"], told["says"], tuple(told["checked"]))


def _started(plugin: str, things: Sequence[Thing], means: Means, heard: Callable[[str], None]) -> _Child:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "elena_wb.testing.running"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="backslashreplace",
        start_new_session=True,  # so that whatever it starts can be ended with it
    )
    child = _Child(process)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    told = {"plugin": plugin, "things": [asdict(thing) for thing in things], "means": asdict(means)}
    with contextlib.suppress(OSError):
        process.stdin.write(json.dumps(told))
        process.stdin.close()
    threading.Thread(target=_read_journal, args=(process.stdout, child.lines), daemon=True).start()
    threading.Thread(target=_read_talk, args=(process.stderr, heard), daemon=True).start()
    return child


def _read_journal(stream: IO[str], lines: queue.SimpleQueue[str | None]) -> None:
    with contextlib.suppress(OSError, ValueError):
        for line in stream:
            lines.put(line)
    lines.put(None)


def _read_talk(stream: IO[str], heard: Callable[[str], None]) -> None:
    with contextlib.suppress(OSError, ValueError):
        while line := stream.readline(_LONGEST):
            heard(line.rstrip("\n"))


def _status(process: subprocess.Popen[str]) -> str:
    with contextlib.suppress(subprocess.TimeoutExpired):
        code = process.wait(5)
        if code < 0:
            with contextlib.suppress(ValueError):
                return f"by {signal.Signals(-code).name}"
        return f"exit code {code}"
    return "it closed its output"


def _end(process: subprocess.Popen[str]) -> None:
    """End the process and all that it has started, whether it still runs or not."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)
