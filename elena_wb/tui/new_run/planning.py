"""Answering what a run would do: pictures are counted first, and nothing long is begun unasked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from elena_wb.core import Upload, WorkbenchError
from elena_wb.engine.foreseeing import AbandonedError, Foreseer, Foresight
from elena_wb.engine.resume import request_of
from elena_wb.engine.study import Request
from elena_wb.engine.wanted import Wanted
from elena_wb.store import Store
from elena_wb.tui.new_run.choices import Counted, count_pictures

_LONG_PICTURES, _LONG_BYTES = 10_000, 4 << 30


class LongWorkError(WorkbenchError):
    """It would take long, and is done when it is asked for."""


@dataclass(frozen=True, slots=True)
class Question:
    """What would this do? ``however_long``: also where it takes minutes to tell."""

    wanted: Wanted
    request: Request
    however_long: bool = False


@dataclass(slots=True)
class Planner:
    """Answers one question after the other, in a thread."""

    foreseer: Foreseer

    def answer(
        self,
        question: Question,
        store: Store,
        wanted: Callable[[], bool],
        counted: Callable[[Sequence[Counted]], None],
    ) -> Foresight:
        """What would be done. ``counted`` is told what each source holds as soon as that is known.

        Raises:
            LongWorkError: there are so many pictures that reading them all takes long.
            AbandonedError: nobody wants to know any more.
            WorkbenchError: it cannot be done, and why; also where a plugin is at fault.
        """
        counts = [count_pictures(source, wanted) for source in question.wanted.sources]
        if not wanted():
            raise AbandonedError("The plan is no longer wanted.")
        counted(counts)
        many, size = sum(one.pictures for one in counts), sum(one.size for one in counts)
        if (many > _LONG_PICTURES or size > _LONG_BYTES) and not question.however_long:
            raise LongWorkError(
                f"{many:,} pictures or more, {size / 1e9:.1f} GB: to tell what is answered already, each is read once.",
                hint="^r makes the plan all the same; ^s starts the run without one.",
            )
        try:
            return self.foreseer.foresee(question.request, store, wanted)
        except WorkbenchError:
            raise
        except Exception as error:
            raise WorkbenchError(
                f"The plan cannot be made: {type(error).__name__}: {error}",
                hint="A fault of the program or of a plugin; `elena-wb --debug run … --dry-run` shows more.",
            ) from error


def request_like(store: Store, run_id: int, uploads: Mapping[str, Upload]) -> Request:
    """What asked for a stored run.

    Raises:
        WorkbenchError: there is no such run, or it does not tell.
    """
    try:
        return request_of(store, str(run_id), retry_failed=False, uploads=uploads)
    except (LookupError, TypeError) as error:
        raise WorkbenchError(
            f"Run {run_id} does not tell how it was started: {error} is missing.",
            hint="Fill in the form by hand.",
        ) from error
