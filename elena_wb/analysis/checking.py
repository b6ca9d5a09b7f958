"""What a metric says of itself and gives back, held against its contract and made of plain numbers."""

from __future__ import annotations

import operator
from collections.abc import Collection, Mapping
from numbers import Real
from typing import get_args

import numpy as np

from elena_wb.core import Column, Crosstab, Estimate, Scores

_COLUMNS: tuple[Column, ...] = get_args(Column)


def checked_columns(reads: object) -> frozenset[Column]:
    """The columns that a metric asks for.

    Raises:
        TypeError: they are no set of names.
        ValueError: one of them does not exist.
    """
    if isinstance(reads, str) or not isinstance(reads, Collection):
        raise TypeError(f"its `reads` is {reads!r} and not a set of columns")
    unknown = [name for name in reads if name not in _COLUMNS]
    if unknown:
        raise ValueError(f"it reads the column {unknown[0]!r}, and there are {', '.join(_COLUMNS)}")
    return frozenset(name for name in _COLUMNS if name in reads)


def checked_scores(scores: object) -> Scores | None:
    """The scores with whatever numbers they hold as Python's own; classes and confusions without content left out.

    Raises:
        TypeError: something in them is of another kind than :class:`elena_wb.core.Scores` says.
        ValueError: a confusion has other counts than its rows and columns say.
    """
    if scores is None:
        return None
    if not isinstance(scores, Scores):
        raise TypeError(f"it returned {_kind(scores)} and not elena_wb.core.Scores")
    classes = {
        _text(label, "a class"): _figures(of, f"the class {label!r}")
        for label, of in _mapping(scores.classes, "its classes").items()
    }
    return Scores(
        _text(scores.title, "its title"),
        _count(scores.n, "its n"),
        _figures(scores.figures, "its figures"),
        {label: of for label, of in classes.items() if of},
        None if scores.confusion is None else _confusion(scores.confusion),
        _texts(scores.notes, "its notes"),
    )


def _figures(of: object, where: str) -> dict[str, Estimate]:
    return {
        _text(name, f"a name in {where}"): _estimate(figure, f"the figure {name!r}")
        for name, figure in _mapping(of, where).items()
    }


def _estimate(of: object, where: str) -> Estimate:
    if not isinstance(of, Estimate):
        raise TypeError(f"{where} is {_kind(of)} and not elena_wb.core.Estimate")
    value, low, high = (_number(one, where) for one in (of.value, of.low, of.high))
    return Estimate(value, low, high, _count(of.n, f"the n of {where}"))


def _confusion(of: object) -> Crosstab | None:
    if not isinstance(of, Crosstab):
        raise TypeError(f"its confusion is {_kind(of)} and not elena_wb.core.Crosstab")
    rows, columns = (
        _texts(of.rows, "the rows of its confusion"),
        _texts(of.columns, "the columns of its confusion"),
    )
    counts = np.asarray(of.counts)
    if not rows or not columns:
        return None
    if counts.shape != (len(rows), len(columns)):
        raise ValueError(
            f"its confusion has {len(rows)} rows and {len(columns)} columns and counts of shape {counts.shape}"
        )
    if not np.issubdtype(counts.dtype, np.integer) or (counts < 0).any():
        raise ValueError("the counts of its confusion are no counts")
    return Crosstab(rows, columns, counts.astype(np.int64))


def _mapping(of: object, what: str) -> Mapping[object, object]:
    if not isinstance(of, Mapping):
        raise TypeError(f"{what} are {_kind(of)} and not a mapping")
    return of


def _texts(of: object, what: str) -> tuple[str, ...]:
    if isinstance(of, str) or not isinstance(of, Collection):
        raise TypeError(f"{what} are {_kind(of)} and not a tuple of texts")
    return tuple(_text(one, f"one of {what}") for one in of)


def _text(of: object, what: str) -> str:
    if not isinstance(of, str):
        raise TypeError(f"{what} is {_kind(of)} and not a text")
    return str(of)


def _number(of: object, what: str) -> float:
    if not isinstance(of, Real):
        raise TypeError(f"{what} holds {_kind(of)} and not a number")
    return float(of)


def _count(of: object, what: str) -> int:
    try:
        return operator.index(of)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{what} is {_kind(of)} and not a whole number") from None


def _kind(of: object) -> str:
    return type(of).__name__
