"""Which runs the question whether a model reads faces is put to: one with nothing hidden, one with the face, a
control.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from elena_wb.core import UNMASKED, Choice, Condition, UsageError
from elena_wb.core.condition import CONTROL, KNOCK_OUT, KNOCK_OUT_CONTROL
from elena_wb.store import Store
from elena_wb.store.bias import Asked, runs_beside

_FACE = {"face", "head"}
_PLAIN = "box"


@dataclass(frozen=True, slots=True)
class Trial:
    """Runs that differ in what was hidden; ``None`` where the store has none. One of the first two is there always."""

    unmasked: Asked | None
    hidden: Asked | None
    control: Asked | None

    @property
    def runs(self) -> tuple[Asked, ...]:
        """Those there are."""
        return tuple(run for run in (self.unmasked, self.hidden, self.control) if run is not None)

    @property
    def about(self) -> Asked:
        """The run that model and prompt are named after."""
        return self.runs[0]

    @property
    def knocked_out(self) -> bool:
        """Whether attention to the face was forbidden and no pixel hidden."""
        return self.hidden is not None and style_of(self.hidden.condition) == KNOCK_OUT


def trials(store: Store, run_ids: Sequence[int]) -> tuple[tuple[Trial, ...], tuple[Asked, ...]]:
    """What the runs ``run_ids`` make up, and those of them that have no part in it.

    Runs that hide the face are each set beside the unmasked one and their control, preferably runs of ``run_ids``, of
    the same prompt text, and near in number; what is not among them is taken from the store. Where none of ``run_ids``
    hides the face, those are taken that asked the same with the face hidden.
    """
    named = set(run_ids)
    found: list[Trial] = []
    unused: list[Asked] = []
    studies: dict[int, list[Asked]] = {}
    for run in runs_beside(store, run_ids):
        studies.setdefault(run.study, []).append(run)
    for runs in studies.values():
        of_study = _of_study(runs, named)
        used = {run.run_id for trial in of_study for run in trial.runs}
        found += of_study
        unused += [run for run in runs if run.run_id in named - used]
    return tuple(found), tuple(unused)


def hides_face(condition: str) -> bool:
    """Whether the face, or the head, and nothing else is hidden or knocked out."""
    read = _read(condition)
    return read is not None and bool(read.parts) and set(read.parts) <= _FACE and not _is_control(read)


def style_of(condition: str) -> str:
    """How it is hidden."""
    read = _read(condition)
    return _PLAIN if read is None or read.style is None else read.style.name


def control_of(condition: str) -> str:
    """The condition that hides as much elsewhere as ``condition``, which hides a part."""
    of = Condition.parse(condition)
    style = of.style or Choice(_PLAIN)
    if style.name == KNOCK_OUT:
        control = Choice(KNOCK_OUT_CONTROL, style.options)
    else:
        named = () if style.name == _PLAIN else (("style", style.name),)
        control = Choice(CONTROL, tuple(sorted((*style.options, *named))))
    return str(Condition(of.parts, control, of.locator))


def _of_study(runs: Sequence[Asked], named: set[int]) -> list[Trial]:
    unmasked = [run for run in runs if run.condition == str(UNMASKED)]
    hiding = [run for run in runs if hides_face(run.condition)]
    chosen = [run for run in hiding if run.run_id in named] or [
        run for run in hiding if _asked_with(run, runs, named)
    ]
    if not chosen:
        return [Trial(run, None, None) for run in unmasked if run.run_id in named]
    found = []
    for run in chosen:
        wanted = _plain(control_of(run.condition))
        controls = [other for other in runs if _plain(other.condition) == wanted]
        found.append(Trial(_nearest(run, unmasked, named), run, _nearest(run, controls, named)))
    return found


def _asked_with(run: Asked, runs: Sequence[Asked], named: set[int]) -> bool:
    """Whether a run that was named is an unmasked one or the control of ``run``."""
    wanted = {str(UNMASKED), _plain(control_of(run.condition))}
    return any(other.run_id in named and _plain(other.condition) in wanted for other in runs)


def _nearest(run: Asked, others: Iterable[Asked], named: set[int]) -> Asked | None:
    def rank(other: Asked) -> tuple[bool, bool, int, int]:
        return (
            other.run_id not in named,
            other.prompt_digest != run.prompt_digest,
            abs(other.run_id - run.run_id),
            other.run_id,
        )

    return min(others, key=rank, default=None)


def _is_control(condition: Condition) -> bool:
    return condition.style is not None and condition.style.name in (CONTROL, KNOCK_OUT_CONTROL)


def _plain(condition: str) -> str:
    """The condition with its style as short as it can be written: ``face:control,style=box`` is ``face:control``."""
    read = _read(condition)
    if read is None or read.style is None:
        return condition
    options = tuple(option for option in read.style.options if option != ("style", _PLAIN))
    return str(Condition(read.parts, Choice(read.style.name, options), read.locator))


def _read(condition: str) -> Condition | None:
    """``None`` for what nobody of ours has written."""
    try:
        return Condition.parse(condition)
    except UsageError:
        return None
