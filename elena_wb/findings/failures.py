"""What runs lost on the way: failed calls, answers that could not be used, pictures without truth or that are gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from elena_wb.masking import NOTHING_HIDDEN
from elena_wb.store import Store
from elena_wb.store.asked import file_at
from elena_wb.store.failing import Losses, Reason, losses, paths_asked_about, reasons

MOST_REASONS = 20
_MOST_FILES = 20_000


@dataclass(frozen=True, slots=True)
class Failures:
    """``losses`` by run, the most frequent ``reasons``, and how many of the ``looked_for`` files are ``gone``.

    ``files`` is how many there are: where there are very many, only the first are looked for.
    """

    run_ids: tuple[int, ...]
    losses: Losses
    reasons: tuple[Reason, ...]
    files: int
    looked_for: int
    gone: tuple[str, ...]


def failures(store: Store, run_ids: Sequence[int]) -> Failures:
    """What these runs lost; looks whether their pictures are still where they were."""
    paths, files = paths_asked_about(store, run_ids, _MOST_FILES)
    gone = tuple(file.name for file in map(file_at, paths) if not _is_there(str(file)))
    return Failures(
        tuple(run_ids),
        losses(store, run_ids, NOTHING_HIDDEN),
        reasons(store, run_ids, MOST_REASONS),
        files,
        len(paths),
        gone,
    )


def _is_there(path: str) -> bool:
    import os

    try:
        return os.path.isfile(path)  # noqa: PTH113 - takes a fifth of the time for many thousands
    except ValueError:
        return False
