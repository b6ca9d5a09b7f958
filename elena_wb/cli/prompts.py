"""``elena-wb prompts``: the prompt packs there are, and making and checking one's own."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from elena_wb.cli.options import AsJson
from elena_wb.cli.output import print_json, print_listing, say
from elena_wb.plain import plain

if TYPE_CHECKING:
    from elena_wb.prompts import Library, Pack
    from elena_wb.prompts.pack import Texts

app = typer.Typer(help="List, show, make and check prompt packs.", invoke_without_command=True)

Force = Annotated[bool, typer.Option("--force", help="Replace a pack of yours that has this name.")]


class Output(StrEnum):
    """What an imported prompt asks for."""

    JSON = "json"
    TEXT = "text"


@app.callback()
def default(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List, show, make and check prompt packs."""
    if ctx.invoked_subcommand is None:
        listing(as_json=as_json)


@app.command("list")
def listing(as_json: AsJson = False) -> None:
    """Every prompt pack: the program's, the plugins' and yours."""
    library = _library()
    rows: list[dict[str, Any]] = [
        {
            "name": pack.name,
            "from": pack.origin,
            "variants": list(pack.variants) if as_json else ", ".join(pack.variants),
            "models": list(pack.models) if as_json else ", ".join(pack.models),
            "stands for": pack.stands_for,
            "paraphrase of": pack.paraphrase_of,
            "title": pack.title,
            "problem": None,
        }
        for pack in library.packs.values()
    ]
    rows += [{"name": name, "problem": error.message} for name, error in library.problems.items()]
    rows.sort(key=lambda row: str(row["name"]))
    columns = ["name", "from", "variants", "models", "stands for", "title"]
    empty = "There is no prompt pack. `elena-wb prompts new NAME` writes one."
    if not as_json and library.problems:
        columns.append("problem")
    print_listing(rows, columns, as_json=as_json, empty=empty)


@app.command()
def show(name: Annotated[str, typer.Argument(help="A prompt pack.")], as_json: AsJson = False) -> None:
    """A pack's texts as they are sent, with the schema of its answers and its digests."""
    pack = _library().find(name)
    prompts = {variant: pack.prompt(variant) for variant in pack.variants}
    if as_json:
        print_json(
            {
                "name": pack.name,
                "title": pack.title,
                "description": pack.description,
                "version": pack.version,
                "from": pack.origin,
                "path": str(pack.path),
                "scheme": pack.scheme,
                "max_tokens": pack.max_tokens,
                "models": pack.models,
                "made_for": pack.made_for,
                "stands_for": pack.stands_for,
                "paraphrase_of": pack.paraphrase_of,
                "schema": pack.schema,
                "variants": {
                    variant: {"system": prompt.system, "user": prompt.user, "digest": prompt.digest}
                    for variant, prompt in prompts.items()
                },
            }
        )
        return
    for line in _described(pack):
        typer.echo(line)
    for variant, prompt in prompts.items():
        typer.echo(f"\n── {variant} · {prompt.digest[:12]}")
        for part, text in (("system", prompt.system), ("user", prompt.user)):
            if text:
                typer.echo(f"[{part}]")
                typer.echo("\n".join(plain(line) for line in text.splitlines()))


@app.command()
def new(name: Annotated[str, typer.Argument(help="What to call it.")], force: Force = False) -> None:
    """Write a commented pack that works, for you to change."""
    from elena_wb.prompts.writing import new_pack

    pack = new_pack(name, force=force)
    say("Wrote a pack that works as it is. Change it, then check it with")
    say(f"  elena-wb prompts check {name}")
    typer.echo(str(pack.path))


@app.command()
def check(
    packs: Annotated[list[str], typer.Argument(metavar="FILE|NAME…", help="Pack files, or names of packs.")],
) -> None:
    """Check packs; names file, key and reason where one is not sound."""
    from elena_wb.errors import ExitCode, UsageError
    from elena_wb.prompts import load_pack

    library = _library()
    unsound = 0
    for given in packs:
        is_file = given.endswith(".toml") or "/" in given or "\\" in given
        try:
            pack = load_pack(Path(given).expanduser()) if is_file else library.find(given)
        except UsageError as error:
            unsound += 1
            say(f"{error.message} {error.hint or ''}".rstrip(), style="red")
            continue
        unlike = library.unlike_original(pack)
        if unlike:
            unsound += 1
            say(f"{pack.path} is no paraphrase: {'; '.join(unlike)}.", style="red")
            continue
        typer.echo(f"{pack.path}: sound ({', '.join(pack.variants)})")
    if unsound:
        raise typer.Exit(ExitCode.FAILED)


@app.command("import")
def import_(
    name: Annotated[str, typer.Argument(help="What to call the pack.")],
    user: Annotated[Path, typer.Option(help="Text file with the user message.")],
    system: Annotated[Path | None, typer.Option(help="Text file with the system message.")] = None,
    masked_user: Annotated[Path | None, typer.Option(help="User message where the face is hidden.")] = None,
    masked_system: Annotated[
        Path | None, typer.Option(help="System message where the face is hidden.")
    ] = None,
    scheme: Annotated[str, typer.Option(help="Label scheme of the answer's emotion.")] = "ekman7",
    output: Annotated[
        Output, typer.Option(help="json: the fields of `elena`; text: free text.")
    ] = Output.JSON,
    max_tokens: Annotated[int, typer.Option(min=1, max=100_000, help="Longest answer.")] = 600,
    force: Force = False,
) -> None:
    """Make a pack of text files, such as a published prompt; braces in the texts mean nothing."""
    from elena_wb.prompts.writing import import_pack

    masked = None
    if masked_user is not None or masked_system is not None:
        masked = _texts(masked_system or system, masked_user or user)
    pack = import_pack(
        name,
        default=_texts(system, user),
        masked=masked,
        scheme=scheme,
        output=output.value,
        max_tokens=max_tokens,
        force=force,
    )
    say(f"Use it with `elena-wb run … -p {name}`.")
    typer.echo(str(pack.path))


def _library() -> Library:
    from elena_wb.plugins import plugin_host
    from elena_wb.prompts import packs

    return packs(plugin_host().prompt_folders)


def _described(pack: Pack) -> list[str]:
    keys = [field.name if field.required else f"{field.name}?" for field in pack.output]
    facts = {
        "pack": f"{pack.name} {pack.version} ({pack.origin}, {pack.path})",
        "title": pack.title,
        "about": " ".join(pack.description.split()),
        "labels": pack.scheme,
        "answer": ", ".join(keys) or "free text",
        "tokens": f"{pack.max_tokens} at most",
        "models": ", ".join(pack.models),
        "made for": ", ".join(pack.made_for),
        "stands for": pack.stands_for,
        "says again": pack.paraphrase_of,
    }
    return [f"{what:<11} {plain(value)}" for what, value in facts.items() if value]


def _texts(system: Path | None, user: Path) -> Texts:
    from elena_wb.errors import UsageError
    from elena_wb.prompts.pack import Texts

    texts = {"system": "" if system is None else _read(system), "user": _read(user)}
    if not texts["user"].strip():
        raise UsageError(f"{user} is empty; a prompt needs a user message.")
    return Texts(**texts)


def _read(path: Path) -> str:
    from elena_wb.errors import UsageError

    try:
        return path.expanduser().read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no text in UTF-8.", hint="Save it as UTF-8 and try again.") from error
