"""What the arguments of ``elena-wb attend`` mean: runs or pictures."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from elena_wb.errors import UsageError

if TYPE_CHECKING:
    from elena_wb.store import Store


@dataclass(frozen=True, slots=True)
class Meant:
    """Runs, or pictures to ask about first: one of the two is empty."""

    runs: tuple[int, ...] = ()
    pictures: tuple[str, ...] = ()


def meant_by(store: Store, texts: Sequence[str]) -> Meant:
    """What ``texts`` name: runs by number or name, or files and folders.

    A number is a run, and a text with a ``/`` or that begins with ``.`` or ``~`` is a file.

    Raises:
        UsageError: one is neither or could be both, or runs and pictures are mixed.
    """
    runs: dict[int, None] = {}
    pictures: list[str] = []
    for text in texts:
        of_text = _runs(store, text)
        if of_text:
            runs |= dict.fromkeys(of_text)
        else:
            pictures.append(text)
    if runs and pictures:
        raise UsageError(
            f"`{pictures[0]}` is a picture or a folder and run {next(iter(runs))} is a run.",
            hint="Give either runs that are to be looked at, or pictures to be asked about first.",
        )
    return Meant(tuple(runs), tuple(pictures))


def _runs(store: Store, text: str) -> tuple[int, ...]:
    """The runs that ``text`` names; none where it is a file."""
    from elena_wb.store.scorable import resolve_runs

    if not text.strip():
        raise UsageError("A name is empty.", hint="Name runs, or pictures and folders.")
    there = Path(text).expanduser().exists()
    if text[0] in ".~" or os.sep in text or (os.altsep or os.sep) in text:
        if not there:
            raise UsageError(f"There is no file or folder {text}.", hint="`elena-wb runs` lists the runs.")
        return ()
    if not store.exists():
        if there:
            return ()
        raise UsageError(
            f"`{text}` is no picture or folder, and there is no store yet that could hold such a run.",
            hint="`elena-wb run FOLDER -m MODEL` asks a model about pictures.",
        )
    try:
        runs = resolve_runs(store, [text])
    except UsageError as problem:
        if there:
            return ()
        raise UsageError(f"`{text}` is neither a run nor a file or folder.", hint=problem.hint) from None
    if there and not text.strip().isdecimal():
        raise UsageError(
            f"`{text}` is the name of run {', '.join(map(str, runs))}, and of a file or folder.",
            hint=f"Say `{os.curdir}{os.sep}{text}` for the file, or the number of the run.",
        )
    return runs
