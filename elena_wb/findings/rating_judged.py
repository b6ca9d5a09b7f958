"""What raters said, as arrays."""

from __future__ import annotations

from dataclasses import dataclass, fields
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Codes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

PREFERRED = ("a", "b", "equal")
EVERY_TWO = 6
"""Of so many runs at most, every two are compared."""


@dataclass(frozen=True, slots=True)
class Whose:
    """A run whose answers were rated."""

    run_id: int
    name: str | None
    model: str
    prompt: str
    condition: str


@dataclass(frozen=True, slots=True)
class Judged:
    """*n* judgements, the columns of :func:`elena_wb.store.rated.judgements` (``[n]`` each).

    ``value`` is the digit on the scale, or a position in :data:`PREFERRED`. ``item``, ``stimulus`` and ``picture`` are
    codes; ``answer_a`` and ``answer_b`` are identities, ``run_b`` is 0 where there is no second answer.
    """

    scale: npt.NDArray[np.object_]
    rater: Codes
    item: Codes
    again: Flags
    value: Codes
    left: Flags
    run_a: Codes
    run_b: Codes
    stimulus: Codes
    picture: Codes
    answer_a: npt.NDArray[np.object_]
    answer_b: npt.NDArray[np.object_]

    @classmethod
    def of(cls, table: pa.Table) -> Judged:
        """The rows of the store."""
        numbers = {
            name: np.array([one or 0 for one in table[name].to_pylist()], dtype=np.int64)
            for name in ("rater", "item", "run_a", "run_b")
        }
        texts = {name: np.array(table[name].to_pylist(), dtype=object) for name in ("scale", *_TEXTS)}
        value = [
            PREFERRED.index(preferred) if digit is None else digit
            for digit, preferred in zip(
                table["value"].to_pylist(), table["preferred"].to_pylist(), strict=True
            )
        ]
        return cls(
            scale=texts["scale"],
            rater=numbers["rater"],
            item=numbers["item"],
            again=_flags(table["again"]),
            value=np.array(value, dtype=np.int64),
            left=_flags(table["left_side"]),
            run_a=numbers["run_a"],
            run_b=numbers["run_b"],
            stimulus=_codes(texts["stimulus_id"]),
            picture=_codes(texts["picture"]),
            answer_a=texts["generation_a"],
            answer_b=texts["generation_b"],
        )

    def where(self, chosen: Flags) -> Judged:
        """Those of the judgements."""
        return Judged(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def runs(self) -> tuple[int, ...]:
        """The runs whose answers were judged, in order."""
        return tuple(sorted({*self.run_a.tolist(), *self.run_b.tolist()} - {0}))

    def pairs_of_runs(self) -> tuple[tuple[tuple[int, int], ...], bool]:
        """The pairs of runs to compare, and whether that is every two: of more than six, each with the first."""
        runs = self.runs()
        if len(runs) <= EVERY_TWO:
            return tuple(combinations(runs, 2)), True
        return tuple((runs[0], run) for run in runs[1:]), False

    def __len__(self) -> int:
        return len(self.item)


_TEXTS = ("stimulus_id", "picture", "generation_a", "generation_b")


def _codes(of: npt.NDArray[np.object_]) -> Codes:
    place = {text: number for number, text in enumerate(dict.fromkeys(of.tolist()))}
    return np.array([place[text] for text in of.tolist()], dtype=np.int64)


def _flags(of: Any) -> Flags:
    return np.array([bool(one) for one in of.to_pylist()], dtype=bool)
