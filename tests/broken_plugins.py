"""Every way in which a plugin can be broken, and what is to be said of each.

Run as a program (``python -m tests.broken_plugins FOLDER KIND``, with such a plugin on the path), it asks every verb
for its help, has some verbs do their work, and writes what they said to ``FOLDER/done.json``.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from elena_wb import cli
from elena_wb.plugins import host
from tests.conftest import plugin_on_path

if TYPE_CHECKING:
    import click

HOSTILE = "\x1b[31mred\x1b[0m [bold]x[/bold] \u202eevil"


@dataclass(frozen=True)
class Broken:
    """``source`` of the module, and what is in the reason that is given. ``unsound`` stands for its own name."""

    source: str
    says: str
    health: str = "broken"
    requires: str = ""
    points: str = ""
    metadata: bool = True
    plugin: str = "unsound"


def hook(body: str, name: str = "register_models", given: str = "register") -> str:
    return f"from elena_wb import hookimpl\n@hookimpl\ndef {name}({given}):\n    {body}\n"


PROVIDES = hook("register('unsound', 'json:JSONDecoder')")

KINDS = {
    "raises": Broken("raise RuntimeError('no licence')", "RuntimeError: no licence"),
    "syntax": Broken("def broken(:", "SyntaxError: invalid syntax"),
    "imports": Broken("import a_module_that_is_not_there", "No module named 'a_module_that_is_not_there'"),
    "not_utf8": Broken("", "SyntaxError"),
    "exits": Broken("import sys; sys.exit(3)", "calls sys.exit(3)"),
    "exits_at_once": Broken("import os; os._exit(4)", "calls os._exit(4)"),
    "raises_beyond_exceptions": Broken("raise BaseException('from below')", "BaseException: from below"),
    "raises_what_cannot_be_shown": Broken(
        "class Mute(Exception):\n    def __str__(self): raise ValueError\nraise Mute",
        "Mute: (the error cannot be shown)",
    ),
    "endless_words": Broken(
        f"raise RuntimeError({HOSTILE!r} + '\\nand more ' * 100_000)", "and more and more"
    ),
    "recursion": Broken("def f(): f()\nf()", "RecursionError"),
    "another_version": Broken(
        PROVIDES, "is made for elena-wb<0.1, and this is elena-wb", requires="elena-wb<0.1"
    ),
    "missing_attribute": Broken("", "has no attribute 'Plugin'", points="unsound = unsound:Plugin"),
    "no_target": Broken("", "not of the form `package.module`", points="unsound = not a module!"),
    "misspelt": Broken(
        hook("...", "register_modells"), "there is no hook `register_modells`. Did you mean `register_models`"
    ),
    "wrong_arguments": Broken(
        hook("...", given="register, more"),
        "`register_models` takes (register, more), and the hook gives (register)",
    ),
    "raises_in_hook": Broken(hook("raise ValueError('late')"), "ValueError: late"),
    "exits_in_hook": Broken(hook("raise SystemExit('enough')"), "calls sys.exit(enough)"),
    "raises_in_commands": Broken(
        hook("raise ValueError('later')", "register_commands", "app"), "ValueError: later"
    ),
    "scheme_taken": Broken(
        hook("register('scripted', 'json:JSONDecoder')"),
        "`scripted` is already provided by plugin `scripted`",
    ),
    "no_scheme": Broken(
        hook("register('C:\\\\ \\x1b[31m', 'json:JSONDecoder')"), "names are of small letters"
    ),
    "no_path": Broken(hook("register('unsound', 'json')"), "not of the form `package.module:Attribute`"),
    "number_for_a_target": Broken(hook("register('unsound', 3)"), "which cannot be called"),
    "verb_replaced": Broken(
        hook("app.registered_commands.clear(); app.command('run')(print)", "register_commands", "app"),
        "the verb `run` is already there",
    ),
    "verb_of_no_type": Broken(
        "class Odd: ...\n"
        + hook("app.command('odd')(verb)", "register_commands", "app")
        + "def verb(one: int | str): ...",
        "the verb `odd` cannot be added",
    ),
    "hollow": Broken(
        hook("register('unsound', 'a_module_that_is_not_there:Model')"),
        "there is no package `a_module_that_is_not_there`",
        health="doubtful",
    ),
    "slow": Broken(
        f"import time; time.sleep(0.4)\n{PROVIDES}", "to load, which every verb waits for", "doubtful"
    ),
    "prints": Broken(
        f"import os; print('hello'); os.write(1, b'from below'); os.system('echo child')\n{PROVIDES}",
        "prints while it is loaded: “hello”",
        "doubtful",
    ),
    "no_hook": Broken("", "implements no hook", "doubtful"),
    "unmarked": Broken("def register_models(register): ...", "is not marked with @hookimpl", "doubtful"),
    "lacks": Broken(PROVIDES, "lacks nosuchpackage>=2", "doubtful", requires="nosuchpackage>=2"),
    "undefined_marker": Broken(
        PROVIDES,
        "lacks nosuchpackage",
        "doubtful",
        requires="elena-wb>=0.1; python_version ~= 'x'\nRequires-Dist: nosuchpackage",
    ),
    "only_metadata_missing": Broken(PROVIDES, "metadata is damaged or missing", "doubtful", metadata=False),
    "no_metadata": Broken("raise RuntimeError('nameless')", "nameless", metadata=False),
    "entry_points_torn": Broken(
        "", "its entry points cannot be read", points="no equals sign", plugin="zz-unsound"
    ),
    "hostile_name": Broken(
        "raise RuntimeError('x')", "RuntimeError: x", points=f"{HOSTILE} = unsound", plugin=HOSTILE
    ),
    "name_taken": Broken(
        PROVIDES, "`scripted` is already there", points="scripted = unsound", plugin="scripted (zz-unsound)"
    ),
}
VERBS = {
    "plugins": ["plugins", "list", "--json"],
    "drawn": ["plugins"],
    "run": ["run", "pictures", "-m", "scripted:", "--name", "one"],
    "runs": ["runs", "list", "--json"],
    "query": ["query", "SELECT count(*) AS answers FROM generations", "--format", "json"],
    "doctor": ["doctor", "--json"],
}


def named(kind: str, text: str) -> str:
    """``text`` with the name of this kind's plugin in it."""
    return text.replace("unsound", f"unsound_{kind}")


def lay_out(kind: str, folder: Path) -> None:
    """The distribution ``zz-unsound_KIND`` of this kind below ``folder``."""
    broken, dist = KINDS[kind], named(kind, "zz-unsound")
    plugin_on_path(folder, named(kind, "unsound"), named(kind, broken.source), dist=dist)
    info = folder / f"{dist}-1.0.dist-info"
    if broken.points:
        (info / "entry_points.txt").write_text(f"[elena_wb]\n{named(kind, broken.points)}\n", "utf-8")
    if broken.requires:
        with (info / "METADATA").open("a") as file:
            file.write(f"Requires-Dist: {broken.requires}\n")
    if not broken.metadata:
        (info / "METADATA").unlink()
    if kind == "not_utf8":
        (folder / "unsound_not_utf8.py").write_bytes(b"word = '\xff\xfe'")


def help_of_every_verb(command: click.Command) -> dict[str, str]:
    """Verb → its help, or what went wrong when it was asked for it."""
    told: dict[str, str] = {}

    def ask(command: click.Command, path: tuple[str, ...]) -> None:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            try:
                command.main(["--help"], " ".join(path), standalone_mode=False)
            except BaseException as error:  # noqa: BLE001 - it is the tests that judge
                out.write(repr(error))
        told[" ".join(path)] = out.getvalue()
        for name, inner in getattr(command, "commands", {}).items():
            ask(inner, (*path, name))

    ask(command, ("elena-wb",))
    return told


def carried_out(work: Callable[[], object], scratch: Path) -> dict[str, object]:
    """Exit code and output of ``work``; stdout and stderr are files, so that machine code cannot slip by."""
    kept = os.dup(1), os.dup(2)
    paths = scratch / "out", scratch / "err"
    for number, path in enumerate(paths, 1):
        file = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        os.dup2(file, number)
        os.close(file)
    code: object = 0
    try:
        work()
    except SystemExit as ending:
        code = ending.code or 0
    finally:
        for number, stream in enumerate((sys.stdout, sys.stderr), 1):
            stream.flush()
            os.dup2(kept[number - 1], number)
            os.close(kept[number - 1])
    out, err = (path.read_text("utf-8") for path in paths)
    return {"code": code, "out": out, "err": err}


def main() -> None:
    """Load the plugins that are installed, the broken one among them, and have the verbs do their work."""
    scratch = Path(sys.argv[1])
    host.LONG_S = 0.3
    kind = sys.argv[2]
    sys.argv = ["elena-wb", "run", "pictures", "-m", "unsounder:"]
    done: dict[str, Any] = {
        "no such model": carried_out(cli.main, scratch)
    }  # loads plugins, adds their verbs
    command = typer.main.get_command(cli.app)
    done["help"] = help_of_every_verb(command)
    whole = ["plugins", "list", named(kind, "zz-unsound")]
    for name, arguments in {**VERBS, "whole": whole}.items():
        done[name] = carried_out(lambda given=arguments: command.main(given, "elena-wb"), scratch)
    (scratch / "done.json").write_text(json.dumps(done), "utf-8")


if __name__ == "__main__":
    main()
