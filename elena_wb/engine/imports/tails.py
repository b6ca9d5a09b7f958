"""Which files somebody else's names mean: those whose paths end as the names do."""

from __future__ import annotations

import posixpath
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

Parts = tuple[str, ...]
"""The parts of a path, the file's name first and the outermost folder last."""


@dataclass(frozen=True, slots=True)
class Match:
    """The ``paths`` that a name may mean: none, one, or several that it fits equally well.

    ``elsewhere`` is whether files are called so that lie in other folders than the name says, or that another name
    means.
    """

    paths: tuple[Path, ...] = ()
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class _Candidates:
    """``files`` share their last ``longest`` parts with ``wanted``; ``exact`` ones are ``wanted`` below a root."""

    wanted: Parts
    files: tuple[Parts, ...] = ()
    longest: int = 0
    exact: bool = False

    @property
    def is_whole(self) -> bool:
        return self.longest == len(self.wanted)

    @property
    def rank(self) -> tuple[bool, int]:
        return self.exact, self.longest


class Tree:
    """Files by the ends of their paths. ``roots`` are the folders that stand for those in which the names were written.

    Unicode's ways of composing letters, ``\\`` and ``/``, ``./`` and ``a/../`` make no difference.
    """

    def __init__(self, paths: Iterable[Path], roots: Iterable[Path] = ()) -> None:
        self._paths: dict[Parts, list[Path]] = {}
        for path in dict.fromkeys(paths):
            self._paths.setdefault(_parts(path.as_posix()), []).append(path)
        self._sorted = sorted(self._paths)
        self._roots = sorted({_parts(root.as_posix()) for root in roots}, key=len, reverse=True)

    def find(self, names: Iterable[str]) -> Mapping[str, Match]:
        """The file that each of ``names`` means, where that is clear.

        It is the name below a root, else the file whose path has the longest end in common with it. Either the
        whole name is that end, or what is left of it, its head, goes beyond a root: ``them/emotic/mscoco/0.png`` is
        ``mscoco/0.png`` below a root, ``sad/0.png`` never is ``happy/0.png``. A head stands for the root: where
        others agree better with what the root itself is called, or lead to it in fewer steps, the name lies in
        another folder. A file that several names mean is that of the name that fits best, and nobody's where none does.
        """
        found = {name: self._closest(_parts(name)) for name in names}
        nearest: dict[Parts, int] = {}
        for one in found.values():
            for root, beyond, _ in (self._head(one, file) for file in one.files):
                nearest[root] = max(beyond, nearest.get(root, 0))
        heads: dict[Parts, set[Parts]] = {}
        for one in found.values():
            if len(one.files) == 1 and len(one.wanted) > 1:
                root, beyond, head = self._head(one, one.files[0])
                if beyond >= 0 and (one.is_whole or beyond == nearest[root]):
                    heads.setdefault(root, set()).add(head)
        fitting = {name: self._fitting(one, nearest, heads) for name, one in found.items()}
        claims: dict[Parts, set[_Candidates]] = {}
        for one in fitting.values():
            if len(one.files) == 1:
                claims.setdefault(one.files[0], set()).add(one)
        return {name: self._match(one, claims) for name, one in fitting.items()}

    def _closest(self, wanted: Parts) -> _Candidates:
        exact = tuple(below for root in self._roots if (below := wanted + root) in self._paths)
        if exact:
            return _Candidates(wanted, exact, len(wanted), exact=True)
        at = bisect_left(self._sorted, wanted)
        longest = max((_common(near, wanted) for near in self._sorted[max(0, at - 1) : at + 1]), default=0)
        if longest == len(wanted):
            return _Candidates(wanted, tuple(self._ending(wanted)), longest)
        reaching = dict.fromkeys(
            wanted[:inner] + root for root in self._roots for inner in range(1, longest + 1)
        )
        files = (file for file in reaching if file in self._paths and _common(file, wanted) == longest)
        return _Candidates(wanted, tuple(files), longest)

    def _ending(self, tail: Parts) -> Sequence[Parts]:
        def ends(file: Parts) -> Parts:
            return file[: len(tail)]

        return self._sorted[
            bisect_left(self._sorted, tail, key=ends) : bisect_right(self._sorted, tail, key=ends)
        ]

    def _head(self, one: _Candidates, file: Parts) -> tuple[Parts, int, Parts]:
        """The innermost root of ``file``, how many parts of the root's own path the name agrees with, and its head.

        The number is negative where the name does not reach the root.
        """
        root = next((root for root in self._roots if file[-len(root) :] == root), ())
        inside = len(file) - len(root)
        return root, one.longest - inside, one.wanted[inside:]

    def _fitting(
        self, one: _Candidates, nearest: Mapping[Parts, int], heads: Mapping[Parts, set[Parts]]
    ) -> _Candidates:
        if one.is_whole:
            return one
        placed = ((file, *self._head(one, file)) for file in one.files)
        files = (
            file
            for file, root, beyond, head in placed
            if beyond == nearest[root]
            and not any(head[steps:] in heads.get(root, ()) for steps in range(1, len(head) + 1))
        )
        return replace(one, files=tuple(files))

    def _match(self, one: _Candidates, claims: Mapping[Parts, set[_Candidates]]) -> Match:
        files = one.files
        if (
            len(files) == 1
            and not one.exact
            and any(other.rank >= one.rank for other in claims[files[0]] if other.wanted != one.wanted)
        ):
            files = ()
        return Match(tuple(path for file in files for path in self._paths[file]), elsewhere=one.longest > 0)


def _common(one: Parts, other: Parts) -> int:
    """How many parts the two have in common, from the file's name outwards."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (mine, theirs) in pairs if mine != theirs), min(len(one), len(other)))


def _parts(path: str) -> Parts:
    composed = unicodedata.normalize("NFC", path.replace("\\", "/"))
    return PurePosixPath(posixpath.normpath(composed)).parts[::-1]
