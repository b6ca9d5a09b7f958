"""Whether a folder may take copies, and what each picture is called below it: originals are never in danger."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from elena_wb.core import UsageError
from elena_wb.data.writing import OutputFolder

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
