"""The marker of a folder of copies, which binds them to no less than what binds their originals.

A folder that is handed on takes its marker along, so that one further up, or a setting, is not enough.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from elena_wb.core import Upload, UsageError
from elena_wb.data.policy import MARKER, POLICIES, Policies, stricter
from elena_wb.data.writing import OutputFolder
from elena_wb.engine.copies.manifest import MANIFEST

_SHOWN = 3


def check_marker(
    folder: OutputFolder, upload: Upload, *, ours: Collection[str], overwrite: bool
) -> str | None:
    """What will be done to the marker of ``folder`` for copies that are ``upload``, in words; writes nothing.

    ``ours`` are the copies that lie there, with ``/``.

    Raises:
        UsageError: the marker cannot be understood, or it would also bind files that are no copies of ours and
            may not be overwritten.
    """
    if upload == POLICIES[0]:
        return None
    said = _said(folder)
    if stricter((upload, said or POLICIES[0])) == said:
        return f"Originals are {upload}; the {MARKER} that lies with the copies says {said}."
    others = [] if overwrite else list(_others(folder, ours))
    if others:
        more = " and more" if len(others) > _SHOWN else ""
        raise UsageError(
            f"Originals are {upload}, which a {MARKER} beside the copies would say of all in {folder.root}; "
            f"other files lie there: {', '.join(others[:_SHOWN])}{more}.",
            hint="Choose another folder, or give --overwrite to bind them too.",
        )
    if said is None:
        return f"Originals are {upload}, and so are the copies: a {MARKER} beside them says so."
    return (
        f"Originals are {upload}: the {MARKER} that lies with the copies says {said}, and now {upload}, "
        "also of the copies that are there."
    )


def mark(folder: OutputFolder, upload: Upload) -> None:
    """Let the marker of ``folder`` say ``upload``, unless it says that or something stricter.

    Raises:
        UsageError: there is one that cannot be understood.
        WorkbenchError: it cannot be written.
    """
    if upload == POLICIES[0]:
        return
    said = _said(folder)
    if stricter((upload, said or POLICIES[0])) != said:
        folder.write([MARKER], f'upload = "{upload}"\n'.encode())


def _said(folder: OutputFolder) -> Upload | None:
    policies = Policies()
    said = policies.of_marker(folder.root)
    if policies.problems:
        raise UsageError(
            f"{folder.path([MARKER])} {policies.problems[0].reason.partition('. ')[0]}.",
            hint="It should say how far the copies may go. Mend or remove it, or choose another folder.",
        )
    return said


def _others(folder: OutputFolder, ours: Collection[str]) -> Iterator[str]:
    """A few files that are neither ours nor hidden, relative to ``folder``."""
    found = 0
    for where, folders, names in os.walk(folder.root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(where, name).relative_to(folder.root).as_posix()
            if name.startswith(".") or path == MANIFEST or path in ours:
                continue
            yield path
            found += 1
            if found > _SHOWN:
                return
