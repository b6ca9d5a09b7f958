"""Whether a folder may take copies, and what each picture is called below it: originals are never in danger."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from elena_wb.core import UsageError
from elena_wb.data.writing import OutputFolder
from elena_wb.engine.copies.manifest import Entry, is_of

_SHOWN = 3


def check_folder(out: Path, sources: Sequence[str | Path]) -> None:
    """Check that copies may go into ``out``, before any picture is looked for.

    Raises:
        UsageError: it is no folder, or lies within a folder of originals.
    """
    if os.path.lexists(out) and not out.is_dir():
        what = "is a link that leads nowhere" if not out.exists() else "is a file"
        raise UsageError(f"{out} {what}.", hint="Name a folder for the copies; it is made if need be.")
    real = Path(os.path.realpath(out))
    for source in map(_absolute, sources):
        if source.is_dir() and _identity(source) in map(_identity, (real, *real.parents)):
            raise UsageError(
                f"The copies would lie in {source}, among the originals.",
                hint="Next time they would be taken for originals themselves. Choose a folder beside it.",
            )


def check_apart(out: Path, originals: Iterable[Path]) -> None:
    """Check that no original lies in ``out``, whatever links lead to it.

    Raises:
        UsageError: one does.
    """
    here = _identity(out)
    if here is None:
        return
    for parent in dict.fromkeys(Path(os.path.realpath(original)).parent for original in originals):
        if here in map(_identity, (parent, *parent.parents)):
            raise UsageError(
                f"{out} holds originals, in {parent}.",
                hint="Copies go into a folder of their own, which can be handed on without the originals.",
            )


def check_free(
    folder: OutputFolder,
    outputs: Iterable[Sequence[str]],
    *,
    originals: Iterable[Path],
    ours: Collection[str],
    overwrite: bool,
) -> None:
    """Check that what lies where ``outputs`` go is no original, and is ours unless it may be overwritten.

    Outputs are given by their parts; ``ours`` are those of an earlier time, with ``/``.

    Raises:
        UsageError: something lies there that must stay.
    """
    taken = [(parts, target) for parts in outputs if os.path.lexists(target := folder.path(parts))]
    known = {_identity(original) for original in originals} - {None} if taken else set()
    for _, target in taken:
        if _identity(target) in known:
            raise UsageError(
                f"{target} is one of the originals, which are never written to.",
                hint="A link leads there. Choose another folder for the copies.",
            )
    others = [target for parts, target in taken if "/".join(parts) not in ours]
    if others and not overwrite:
        more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        raise UsageError(
            f"Files that are no copies of ours are in the way: {', '.join(map(str, others[:_SHOWN]))}{more}.",
            hint="Choose another folder, or give --overwrite.",
        )


def check_same_originals(
    folder: OutputFolder, wanted: Iterable[tuple[Sequence[str], str]], earlier: Mapping[str, Entry]
) -> None:
    """Check that copies that lie where others are ``wanted`` are of the same pictures.

    ``wanted`` are outputs by their parts, each with the ``picture_id`` of what it is to be a copy of.

    Raises:
        UsageError: one is a copy of another picture.
    """
    named = ((parts, picture_id, earlier.get("/".join(parts))) for parts, picture_id in wanted)
    others = [
        "/".join(parts)
        for parts, picture_id, entry in named
        if entry is not None and not is_of(entry, picture_id) and os.path.lexists(folder.path(parts))
    ]
    if others:
        more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        raise UsageError(
            f"In {folder.root} lie copies of other pictures of the same names: {', '.join(others[:_SHOWN])}{more}.",
            hint="Choose another folder; or give --overwrite, as for pictures that were edited since.",
        )


def below_what_was_given(paths: Sequence[Path], sources: Sequence[str | Path]) -> list[tuple[str, ...]]:
    """Each path by its parts below the folder it was found in; below that folder's name where several are given."""
    roots = list(dict.fromkeys(map(_absolute, sources)))
    plain = [_absolute(path) for path in paths]
    folders: dict[Path, tuple[str, ...]] = {}
    used: set[str] = set()
    for root in roots:
        if root.is_dir():
            label = next(name for name in _numbered(root.name) if name not in used)
            used.add(label)
            folders[root] = (label,) if len(roots) > 1 else ()
    for table in set(roots) - folders.keys() - set(plain):
        folders.setdefault(table.parent, ())
    outside = {path for path in plain if folders.keys().isdisjoint(path.parents)}
    elsewhere = _common([path.parent for path in outside - set(roots)])
    relative = []
    for path in plain:
        found = next((parent for parent in path.parents if parent in folders), None)
        if found is not None:
            relative.append((*folders[found], *path.relative_to(found).parts))
        elif path in roots or elsewhere is None:
            relative.append((path.name,))
        else:
            relative.append(path.relative_to(elsewhere).parts)
    return relative


def _common(folders: Sequence[Path]) -> Path | None:
    try:
        return Path(os.path.commonpath(folders))
    except ValueError:  # none at all, or on several drives
        return None


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1


def _absolute(path: str | Path) -> Path:
    return Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 - links stay as the user wrote them


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells that two names are of one file or folder; ``None`` where there is none."""
    try:
        info = path.stat()
    except OSError:
        return None
    return info.st_dev, info.st_ino
