"""Rows of the table ``attention``, and their means for each stimulus and layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.bootstrap import estimates
from elena_wb.core import Estimate, Resampling

if TYPE_CHECKING:
    import pyarrow as pa

Numbers = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

SHARE, WITHOUT_SINKS, AREA, POINTING, ENTROPY = range(5)
"""Columns of :attr:`Rows.figures`."""
_FIGURES = ("share", "share_without_sinks", "area_fraction", "peak_inside", "entropy")


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """*n* rows, those without a share left out: what lies not in the picture, and targets without tokens.

    ``of`` (int64 ``[n]`` each) are positions in ``names``, of ``run_id``, ``stimulus_id``, ``target`` and ``part``;
    ``repeat`` and ``layer`` are their own numbers. ``figures`` is float64 ``[n, 5]``, NaN where not stated.
    """

    of: dict[str, Codes]
    names: dict[str, tuple[str, ...]]
    repeat: Codes
    layer: Codes
    figures: Numbers

    def taken(self, where: npt.NDArray[np.intp]) -> Rows:
        """Some of them."""
        return Rows(
            {name: codes[where] for name, codes in self.of.items()},
            self.names,
            self.repeat[where],
            self.layer[where],
            self.figures[where],
        )

    def groups(self, *by: str) -> Iterator[tuple[tuple[str, ...], Rows]]:
        """Rows that have these names in common, with the names, in the order in which these first occur."""
        if not len(self.layer):
            return
        keys = np.ravel_multi_index(
            tuple(self.of[name] for name in by), tuple(len(self.names[name]) for name in by)
        )
        order = np.argsort(keys, kind="stable")
        starts = np.flatnonzero(np.diff(keys[order], prepend=-1))
        for where in np.split(order, starts[1:]):
            yield tuple(self.names[name][self.of[name][where[0]]] for name in by), self.taken(where)


def read_rows(table: pa.Table) -> Rows:
    """The rows of a table with the columns of ``attention`` and ``run_id``, ``stimulus_id`` and ``repeat``."""
    figures = np.column_stack(
        [np.asarray(table.column(name).cast("float64").to_numpy(), dtype=np.float64) for name in _FIGURES]
        if table.num_rows
        else [np.empty(0)] * len(_FIGURES)
    )
    of, names = {}, {}
    for name in ("run_id", "stimulus_id", "target", "part"):
        column = table.column(name).cast("string").combine_chunks().dictionary_encode()
        of[name] = np.asarray(column.indices.to_numpy(zero_copy_only=False), dtype=np.int64)
        names[name] = tuple(column.dictionary.to_pylist())
    repeat, layer = (
        np.asarray(table.column(name).to_numpy(), dtype=np.int64) for name in ("repeat", "layer")
    )
    rows = Rows(of, names, repeat, layer, figures)
    return rows.taken(np.flatnonzero(np.isfinite(figures[:, SHARE])))


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Means for each stimulus and layer over whatever heads and repeats there are.

    ``values`` is float64 ``[stimuli, 1 + layers, k]``, NaN where there is nothing. The first layer stands for all, the
    mean over them; ``layers`` says so with ``None``.
    """

    layers: tuple[int | None, ...]
    values: Numbers

    def estimated(
        self, statistic: Callable[[Numbers], Numbers], resampling: Resampling
    ) -> list[list[Estimate]]:
        """Figures by layer, with bootstrap intervals over stimuli.

        ``statistic`` makes figures ``[…, figures]`` of means ``[…, k]`` over those stimuli that have the value. An
        interval takes two stimuli; without them its ends are NaN.
        """
        known = np.isfinite(self.values)
        stimuli, _, k = self.values.shape
        sums = np.concatenate([np.where(known, self.values, 0.0), known], axis=2).reshape(stimuli, -1)

        def figures(sums: Numbers) -> Numbers:
            both = sums.reshape(len(sums), -1, 2, k)
            with np.errstate(invalid="ignore", divide="ignore"):
                return statistic(both[:, :, 0] / both[:, :, 1]).reshape(len(sums), -1)

        found = np.array(estimates(sums, np.ones(stimuli, dtype=np.int64), figures, resampling))
        found = found.reshape(len(self.layers), -1, 3)
        if stimuli < 2:
            found[..., 1:] = np.nan
        counts = known[:, :, 0].sum(axis=0)
        return [
            [Estimate(float(value), float(low), float(high), int(n)) for value, low, high in layer]
            for layer, n in zip(found, counts, strict=True)
        ]


def cells(stimulus: Codes, layer: Codes, figures: Numbers) -> Cells:
    """Means of rows; ``figures`` is ``[n, k]``, NaN where a row does not state one."""
    stimuli, row = np.unique(stimulus, return_inverse=True)
    layers, column = np.unique(layer, return_inverse=True)
    means = group_means(row * len(layers) + column, figures, len(stimuli) * len(layers))
    means = means.reshape(len(stimuli), len(layers), -1)
    known = np.isfinite(means)
    with np.errstate(invalid="ignore"):
        over_layers = np.where(known, means, 0.0).sum(axis=1) / known.sum(axis=1)
    values = np.concatenate([over_layers[:, None], means], axis=1)
    return Cells((None, *(int(number) for number in layers)), values)


def group_means(group: Codes, figures: Numbers, groups: int) -> Numbers:
    """Means ``[groups, k]`` of rows ``[n, k]`` over those that state a figure; NaN where none does."""
    known = np.isfinite(figures)
    sums = np.stack(
        [np.bincount(group, weights=column, minlength=groups) for column in np.where(known, figures, 0.0).T],
        axis=1,
    )
    counts = np.stack([np.bincount(group, weights=column, minlength=groups) for column in known.T], axis=1)
    with np.errstate(invalid="ignore"):
        means: Numbers = sums / counts
    return means
