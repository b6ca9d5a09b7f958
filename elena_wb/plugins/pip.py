"""Running pip in a process of its own, and what is said of its failures: little, in words, and without passwords."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from elena_wb.errors import SetupError, UsageError, WorkbenchError
from elena_wb.offline import is_offline
from elena_wb.plugins.environment import pip_command
from elena_wb.plugins.sources import hide_credentials, without_credentials
from elena_wb.remote.redaction import redact

_ELSEWHERE = (
    "TARGET",
    "PREFIX",
    "ROOT",
    "DRY_RUN",
    "REPORT",
    "QUIET",
    "VERBOSE",
    "LOG",
    "NO_DEPS",
    "EDITABLE",
)
"""Settings of pip in the environment that would make it do something else than it is asked to here."""
_NOWHERE = "http://127.0.0.1:9"
_LINES, _LONGEST = 8, 1_200
_SAYS_NOTHING = re.compile(r"^ERROR: Exception:$|^error: subprocess-exited-with-error$")
"""Lines by which pip only says that something went wrong."""
_UNREACHABLE = re.compile(
    r"NewConnectionError|ConnectTimeout|ReadTimeout|NameResolutionError|ProxyError|SSLError|Connection refused|"
    r"Max retries exceeded|Temporary failure in name resolution"
)
_NOT_FOUND = re.compile(
    r"(?:No matching distribution found for|Could not find a version that satisfies the requirement) ([^\s(]+)"
    r"(?: \(from (?!versions)([\w.-]+)[^)]*\))?(?: \(from versions: ([^)]*)\))?"
)


def pip(*arguments: str, private: Sequence[str] = ()) -> str:
    """What pip prints. ``private`` are requirements that may hold a password, which no list of processes is to show.

    Raises:
        UsageError: what is to be installed does not exist, or is not for this machine.
        SetupError: there is no pip, or no network.
        WorkbenchError: pip failed; the message says how, in a few lines.
    """
    command = [*pip_command(), "--disable-pip-version-check", "--no-input", *arguments]
    with tempfile.TemporaryDirectory(prefix="elena-wb-") as scratch:
        if private:
            listed = Path(scratch) / "requirements.txt"
            listed.write_text("\n".join(private), "utf-8")
            command += ["--requirement", str(listed)]
        try:
            done = subprocess.run(
                command, env=_environment(), stdin=subprocess.DEVNULL, capture_output=True, check=False
            )
        except OSError as error:
            raise SetupError(f"pip cannot be started: {error.strerror}.") from error
    if done.returncode:
        said = "\n".join(stream.decode("utf-8", "replace") for stream in (done.stdout, done.stderr))
        raise _failure(_harmless(said))
    return done.stdout.decode("utf-8", "replace")


def would_install(arguments: Sequence[str], private: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The metadata of each distribution that ``pip install`` with these arguments would install.

    Raises:
        WorkbenchError: as :func:`pip`.
    """
    with tempfile.TemporaryDirectory(prefix="elena-wb-") as scratch:
        report = Path(scratch) / "report.json"
        pip("install", "--dry-run", "--report", str(report), *arguments, private=private)
        return [one["metadata"] for one in json.loads(report.read_text("utf-8"))["install"]]


def _environment() -> dict[str, str]:
    """That of this process, with pip held to the task, and to this machine where the network is switched off."""
    environment = {
        name: value for name, value in os.environ.items() if name not in {f"PIP_{one}" for one in _ELSEWHERE}
    }
    for name in (
        "PIP_INDEX_URL",
        "PIP_EXTRA_INDEX_URL",
        "PIP_FIND_LINKS",
        "PIP_PROXY",
        "UV_INDEX_URL",
        "UV_INDEX",
    ):
        hide_credentials(environment.get(name, ""))
    if is_offline():
        # `--no-index` leaves addresses that a configuration file names, and what builds a package has no such option.
        environment |= {"PIP_NO_INDEX": "1", "PIP_RETRIES": "0", "no_proxy": "", "NO_PROXY": ""}
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            environment |= {name: _NOWHERE, name.upper(): _NOWHERE}
    return environment


def _harmless(text: str) -> str:
    return without_credentials(redact(re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)))


def _failure(said: str) -> WorkbenchError:
    """What pip's output amounts to."""
    conflict = _conflict(said)
    if conflict:
        return WorkbenchError(
            f"This does not go together with what is installed:\n{conflict}", hint=_NOTHING_DONE
        )
    python = re.search(r"requires a different Python: (\S+) not in '?([^'\n]+)'?", said)
    if python:
        return UsageError(f"It needs Python {python[2]}, and this is Python {python[1]}.")
    if "is not a supported wheel on this platform" in said:
        return UsageError("The wheel is for another machine, system or version of Python.")
    if _UNREACHABLE.search(said):
        return SetupError(
            "The package index cannot be reached.",
            hint="Without a network, give a wheel or a folder whose requirements are installed, and --offline.",
        )
    missing = _NOT_FOUND.search(said)
    if missing:
        versions = [one for one in (missing[3] or "").split(", ") if one and one != "none"]
        wanted = missing[1] + (f", which {missing[2]} needs" if missing[2] else "")
        if versions:
            return UsageError(
                f"There is no {wanted}.", hint=f"There are the versions {', '.join(versions[-8:])}."
            )
        return UsageError(
            f"There is no package {wanted}, that could be installed here."
            if missing[2]
            else f"There is no package {wanted} that could be installed here.",
            hint="The network is switched off, so that no package index was asked."
            if is_offline()
            else "Is its name spelt right? Is there a version of it for this Python?",
        )
    return WorkbenchError(f"pip failed:\n{_last_words(said)}", hint=_NOTHING_DONE)


_NOTHING_DONE = "Nothing was changed."


def _conflict(said: str) -> str:
    """The requirements that contradict each other, one a line; empty where that is not what went wrong."""
    lines = [line.strip() for line in said.splitlines()]
    found = [line for line in lines if re.fullmatch(r"\S+(\[\S*\])? \S+ depends on .+", line)]
    asked = [line for line in lines if line.startswith("The user requested")]
    if not found and not (asked and "conflict" in said):
        return ""
    told = [
        f"the program, as it is installed, needs {line.removeprefix('The user requested (constraint) ')}"
        if "(constraint)" in line
        else line.replace("The user requested", "you asked for")
        for line in asked
    ]
    return "\n".join(dict.fromkeys([*found, *told][:_LINES]))


def _last_words(said: str) -> str:
    """The lines that tell what went wrong, as far as pip marks them; else the last ones."""
    lines = [line.strip() for line in said.splitlines() if line.strip(" |╰─>×")]
    marked = [
        line
        for line in lines
        if re.match(r"(ERROR|error|Error|fatal|[\w.]+Error)\b", line) and not _SAYS_NOTHING.search(line)
    ]
    if (
        not marked and "ERROR: Exception:" in lines
    ):  # pip itself failed, and its traceback ends with the reason
        marked = lines[-1:]
    return "\n".join((marked or lines)[-_LINES:])[-_LONGEST:]
