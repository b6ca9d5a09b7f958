"""Which parts of the body the answers of runs name, with which emotion, and which of these beyond chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from elena_wb.analysis.part_use import PartUse, part_use
from elena_wb.core import Estimate
from elena_wb.errors import UsageError
from elena_wb.store import Store
from elena_wb.store.parts import AskedRun, ReadParts, asked_runs, read_parts
from elena_wb.vocabulary import load_scheme

GROUPS: Final = ("face", "head", "upper", "hands", "torso", "lower", "internal", "whole")
"""The groups of parts, from the face down."""
ALPHA = 0.05
_Name = TypeVar("_Name", str, str | None)


@dataclass(frozen=True, slots=True)
class Used:
    """A part (or a group) and the share of answers that name it; ``n`` of the estimate is of how many answers."""

    part: str
    group: str
    named: Estimate


@dataclass(frozen=True, slots=True)
class UsedWith:
    """A part among the answers with one emotion.

    ``elsewhere`` is the share of all other answers that name it, ``residual`` by how many standard errors it is named
    more often with the emotion than chance would have it, ``p_holm`` the p-value of that, corrected over all parts
    and emotions of the run; NaN where there are too few answers to test.
    """

    emotion: str
    part: str
    group: str
    named: Estimate
    elsewhere: float
    residual: float
    p_holm: float

    @property
    def telling(self) -> bool:
        """Whether it is named more often, or less often, with this emotion than chance explains."""
        return bool(self.p_holm < ALPHA)


@dataclass(frozen=True, slots=True)
class RunParts:
    """What the answers of one run name: of all of them, and by emotion, most named first.

    ``emotions`` are those answered, in the order of the scheme, with their numbers of answers; ``abstained`` counts the
    answers that name none. ``repeats`` is whether several answers are about one picture.
    """

    asked: AskedRun
    emotions: Mapping[str, int]
    abstained: int
    repeats: bool
    parts: tuple[Used, ...]
    groups: tuple[Used, ...]
    parts_by_emotion: tuple[UsedWith, ...]
    groups_by_emotion: tuple[UsedWith, ...]


@dataclass(frozen=True, slots=True)
class PartsUsed:
    """Runs side by side, in the order asked for."""

    runs: tuple[RunParts, ...]

    @property
    def any_named(self) -> bool:
        """Whether some answer names a part that is known."""
        return any(of.parts for of in self.runs)


def parts_used(
    store: Store,
    run_ids: Sequence[int],
    *,
    asked: tuple[AskedRun, ...] | None = None,
    settings: Mapping[str, str | bool | int] | None = None,
) -> PartsUsed:
    """Count the parts of the body that the answers of runs name.

    Only answers that could be read count; refusals, unread answers and failures are none. ``settings`` are DuckDB's for
    the connection that reads. ``asked`` is what
    :func:`elena_wb.store.parts.asked_runs` says of these runs, if it is known.
    """
    asked = asked or asked_runs(store, run_ids)
    read = read_parts(store, run_ids, settings=settings)
    return PartsUsed(tuple(_counted(run, read[run.run_id]) for run in asked))


def _counted(run: AskedRun, read: ReadParts) -> RunParts:
    names, emotion = _coded(read.answers["emotion"])
    order = in_scheme_order(names, run.scheme)
    place = np.empty(len(names) + 1, dtype=np.int64)
    place[[names.index(name) for name in order]] = np.arange(len(order))
    place[-1] = -1  # an abstention, whose code is -1
    emotion = place[emotion]
    cluster = read.answers["picture"].to_numpy().astype(np.int64)
    answer = read.named["place"].to_numpy().astype(np.int64)
    counts = np.bincount(emotion[emotion >= 0], minlength=len(order))

    parts, part = _coded(read.named["part"])
    groups, group = _coded(read.named["part_group"])
    _, first = np.unique(part, return_index=True)
    group_of = {parts[p]: groups[g] for p, g in zip(part[first], group[first], strict=True) if g >= 0}
    by_part = part_use(cluster, emotion, answer, part, emotions=len(order), parts=len(parts))
    names_group = np.zeros((len(cluster), len(groups) + 1), dtype=bool)
    names_group[answer, group] = True  # the last column is for parts of no group
    answer, group = np.nonzero(names_group[:, :-1])
    by_group = part_use(cluster, emotion, answer, group, emotions=len(order), parts=len(groups))
    themselves = {name: name for name in groups}
    return RunParts(
        asked=run,
        emotions=dict(zip(order, counts.tolist(), strict=True)),
        abstained=int((emotion < 0).sum()),
        repeats=by_part.clustered,
        parts=_used(by_part, parts, group_of),
        groups=tuple(sorted(_used(by_group, groups, themselves), key=lambda one: _rank(one.part))),
        parts_by_emotion=_used_with(by_part, order, parts, group_of),
        groups_by_emotion=_used_with(by_group, order, groups, themselves),
    )


def _used(found: PartUse, parts: Sequence[str], group_of: Mapping[str, str]) -> tuple[Used, ...]:
    used = [
        Used(part, group_of.get(part, ""), named) for part, named in zip(parts, found.overall, strict=True)
    ]
    return tuple(sorted(used, key=lambda one: (-one.named.value, one.part)))


def _used_with(
    found: PartUse, emotions: Sequence[str], parts: Sequence[str], group_of: Mapping[str, str]
) -> tuple[UsedWith, ...]:
    return tuple(
        sorted(
            (
                UsedWith(
                    emotion,
                    part,
                    group_of.get(part, ""),
                    found.by_emotion[e][p],
                    float(found.elsewhere[e, p]),
                    float(found.residual[e, p]),
                    float(found.p_holm[e, p]),
                )
                for e, emotion in enumerate(emotions)
                for p, part in enumerate(parts)
            ),
            key=lambda one: (emotions.index(one.emotion), -one.named.value, one.part),
        )
    )


def _coded(column: pa.ChunkedArray) -> tuple[list[str], npt.NDArray[np.int64]]:
    """The different values, and the place of each row's among them; -1 for none."""
    coded = column.combine_chunks().dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return coded.dictionary.to_pylist(), codes


def in_scheme_order(names: Sequence[_Name], scheme: str) -> list[_Name]:
    """Emotions in the order of their scheme, others by name after them, and last ``None``."""
    try:
        known = list(load_scheme(scheme).names)
    except UsageError:  # of a scheme that this installation does not have
        known = []
    return sorted(
        names,
        key=lambda name: (name is None, known.index(name) if name in known else len(known), name or ""),
    )


def _rank(group: str) -> tuple[int, str]:
    return (GROUPS.index(group) if group in GROUPS else len(GROUPS), group)
