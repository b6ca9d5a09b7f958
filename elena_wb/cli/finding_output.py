"""What every verb that tells findings can be asked for, and how it writes them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from elena_wb.errors import SetupError, UsageError
from elena_wb.remote.redaction import redact

if TYPE_CHECKING:
    from elena_wb.findings import Section
    from elena_wb.store import Store

_SUFFIXES = {".json": "json", ".csv": "csv", ".tex": "latex", ".md": "md", ".markdown": "md"}


class Format(StrEnum):
    """How findings are written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    LATEX = "latex"
    MD = "md"


ChosenFormat = Annotated[
    Format | None,
    typer.Option("--format", "-f", help="Default: what FILE is called, else a table.", show_default=False),
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file.", show_default=False)
]
Resamples = Annotated[
    int, typer.Option(min=0, max=1_000_000, help="Bootstrap samples for the intervals; 0 for none.")
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")]
Runs = Annotated[
    list[str], typer.Argument(metavar="RUN…", help="Numbers or names of runs.", show_default=False)
]


def wanted_format(
    chosen: Format | None, output: Path | None, store: Store, *, as_json: bool = False
) -> Format:
    """What to write; looks at the file before anything is computed.

    Raises:
        UsageError: the file is the store itself or a device, or ``--json`` and another format are asked for.
    """
    if as_json:
        if chosen not in (None, Format.JSON):
            raise UsageError(f"`--json` and `--format {chosen}` contradict each other.")
        chosen = Format.JSON
    if output is not None:
        from elena_wb.store.saving import refuse_devices

        refuse_devices(output)
        if output.resolve() == store.path.resolve():
            raise UsageError(f"{output} is the store itself.", hint="Write to another file.")
    return chosen or Format(_SUFFIXES.get(output.suffix.lower(), "table") if output is not None else "table")


def put_sections(
    kind: Format, output: Path | None, sections: Sequence[Section], data: Callable[[], object]
) -> None:
    """Write findings; ``data`` makes what ``json`` is to hold, in full precision."""
    from elena_wb.cli import written

    found = written.flattened(sections)
    match kind:
        case Format.JSON:
            text = json.dumps(data(), indent=2, ensure_ascii=False, allow_nan=False, default=str) + "\n"
        case Format.CSV:
            text = written.as_csv(found)
        case Format.LATEX:
            text = written.latex(found)
        case Format.MD:
            text = written.markdown(found)
        case Format.TABLE:
            text = written.drawn(found, plots=False)
    put(text, output)


def put(text: str, output: Path | None) -> None:
    """Print, or write to a file: beside it first, so that a failure leaves an earlier one as it was."""
    text = redact(text.encode("utf-8", "backslashreplace").decode())
    if output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    draft = output.with_name(f".{output.name}.part")
    try:
        try:
            draft.write_text(text, encoding="utf-8")
            draft.replace(output)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as problem:
        raise SetupError(f"Cannot write {output}: {problem.strerror or problem}.") from problem
