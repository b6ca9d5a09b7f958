"""Looking at the answers of a plan, one after the other, and storing what is seen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

from elena_wb.analysis.gaze import coverage, measure
from elena_wb.core import (
    Attends,
    AttentionQuestion,
    Model,
    ModelError,
    OutOfMemoryError,
    Region,
    Request,
    SetupError,
    UsageError,
    WorkbenchError,
)
from elena_wb.engine.attending_measures import as_text, maps_of, moved_out, only, rows_of, usable
from elena_wb.engine.attending_parts import LookingRecipe, knows_face, parts_of
from elena_wb.engine.attending_terms import OTHERWISE, AttentionResult, Seen, ToLook
from elena_wb.engine.events import Attended, AttendFinished, AttendStarted, Listener, Notice
from elena_wb.engine.pointing import moved_into, shown_of
from elena_wb.engine.prefetch import Prepared, prefetch
from elena_wb.engine.provenance import environment
from elena_wb.store import Store, StoreBusyError, add_regions
from elena_wb.store.attention import Extraction, add_extractions

if TYPE_CHECKING:
    from elena_wb.engine.attending import AttentionPlan

_STORE_EVERY_S = 10.0
_MOST_WAITING = 64 * 2**20
"""Bytes of maps that wait in memory before they are stored."""
_AHEAD = 4


class Looking:
    """The work on one plan, for :meth:`elena_wb.engine.attending.AttentionPlan.carry_out`."""

    def __init__(
        self,
        plan: AttentionPlan,
        store: Store,
        listener: Listener,
        stop: threading.Event,
        watch: Callable[[Seen], None] | None,
    ) -> None:
        self._plan = plan
        self._store = store
        self._listener = listener
        self._stop = stop
        self._watch = watch
        self._waiting: list[Extraction] = []
        self._bytes = 0
        self._found: dict[str, dict[str, tuple[Region, ...]]] = {}
        self._stored = time.monotonic()
        self._extracted = self._failed = self._skipped = 0
        self._failures: list[tuple[str, str]] = list(plan.skipped)

    def work(self, open_model: Callable[[], Model] | None) -> AttentionResult:
        """Look at everything that is to do, until done or stopped."""
        plan, began = self._plan, time.monotonic()
        self._skipped = len(plan.skipped)
        self._listener(
            AttendStarted(
                plan.run_id,
                plan.name,
                plan.setting.prompt.name,
                plan.condition,
                len(plan.to_do),
                plan.done,
            )
        )
        dealt_with = 0
        if plan.to_do and not self._stop.is_set():
            model = (open_model or plan.address.open)()
            try:
                dealt_with = self._look_with(model)
            finally:
                if open_model is None:
                    model.close()
        interrupted = dealt_with < len(plan.to_do)
        seconds = time.monotonic() - began
        self._listener(
            AttendFinished(plan.run_id, self._extracted, self._failed, self._skipped, interrupted, seconds)
        )
        return AttentionResult(
            self._extracted, self._failed, self._skipped, interrupted, tuple(self._failures)
        )

    def _look_with(self, model: Model) -> int:
        """How many answers were dealt with; what was seen of them is stored, also where this raises."""
        plan = self._plan
        attending = _able(model, plan)
        self._environment = environment(model.card)
        for note in plan.notes:
            self._listener(Notice(note))
        looks = {(one.answer.stimulus_id, one.answer.repeat): one for one in plan.to_do}
        dealt_with = 0
        items = [one.item for one in plan.to_do]
        with closing(prefetch(items, self._recipe(), ahead=_AHEAD)) as pictures:
            try:
                for prepared in pictures:
                    if self._stop.is_set():
                        break
                    look = looks[prepared.item.stimulus.stimulus_id, prepared.item.repeat]
                    self._deal_with(attending, look, prepared)
                    dealt_with += 1
                    self._store_some()
            finally:
                self._store_all()
        return dealt_with

    def _recipe(self) -> LookingRecipe:
        plan = self._plan
        recipe = plan.setting.recipe
        faceless: frozenset[str] = frozenset()
        if plan.finder is not None and (name := plan.finder.name) is not None:
            faceless = frozenset(
                key
                for one in plan.to_do
                if name not in plan.known.searched.get(key := one.answer.stimulus_id, ())
                and not knows_face(one.item.stimulus, plan.known.regions.get(key, {}))
            )
        return LookingRecipe(
            recipe.prompt,
            recipe.masking,
            recipe.sampling,
            recipe.seed,
            recipe.max_tokens,
            recipe.person,
            finder=plan.finder,
            faceless=faceless,
        )

    def _deal_with(self, model: Attends, look: ToLook, prepared: Prepared) -> None:
        """Look at one answer; tell how it went.

        Raises:
            ModelError, SetupError, UsageError: it would go the same way with every other.
        """
        plan = self._plan
        error: str | None = None
        notes = (*prepared.notes, *look.notes)
        targets: tuple[str, ...] = ()
        if prepared.request is None:
            error, self._skipped = prepared.error or "the picture cannot be used", self._skipped + 1
        elif _digest(plan, prepared.request) != look.answer.content_digest:
            self._skipped += 1
            error = "the picture, or what is hidden of it, is not what the model was shown when it answered"
        else:
            try:
                seen, more = self._look(model, look, prepared, prepared.request)
                notes, targets = (*notes, *more), tuple(target.name for target in seen.targets)
                self._extracted += 1
                if self._watch is not None:
                    self._watch(seen)
            except OutOfMemoryError as problem:
                error = f"Out of memory: {problem.message}"
            except (ModelError, SetupError, UsageError):
                raise
            except WorkbenchError as problem:
                error = problem.message
            except Exception as problem:  # noqa: BLE001 - a plugin's fault with one answer must not end the work
                error = f"{type(problem).__name__}: {problem}"
            self._failed += error is not None
        if error is not None:
            self._failures.append((str(look.item.stimulus.path), error))
        self._listener(
            Attended(
                plan.run_id,
                look.answer.generation_id,
                look.answer.stimulus_id,
                look.item.stimulus.path,
                look.item.repeat,
                targets,
                error,
                notes,
            )
        )

    def _look(
        self, model: Attends, look: ToLook, prepared: Prepared, request: Request
    ) -> tuple[Seen, tuple[str, ...]]:
        plan, wanted, answer = self._plan, self._plan.wanted, look.answer
        stimulus = look.item.stimulus
        assert prepared.width is not None
        assert prepared.height is not None
        shown = shown_of(prepared.width, prepared.height, stimulus.person_box, plan.setting.person)
        boxes = parts_of(stimulus, self._regions(prepared))
        parts = {part: inside for part, of in boxes.items() if (inside := moved_into(of, shown))}
        question = AttentionQuestion(look.targets, wanted.layers, wanted.heads, wanted.method)
        record = model.attend(request, answer.text, question)
        height, width = request.image.shape[:2]
        covered = coverage(record.blocks, width, height, parts)
        kept = usable(record, look.targets)
        if not kept:
            raise WorkbenchError("none of the words asked for is a token of the model's own answer")
        record, targets = only(record, kept), tuple(look.targets[at] for at in kept)
        measures = measure(record, covered)
        lost = [look.targets[at].name for at in range(len(look.targets)) if at not in kept]
        notes = (*record.notes, *(f"{name}: no token of the answer is its own" for name in lost))
        blocks = moved_out(record.blocks, shown)
        extraction = Extraction(
            answer.generation_id,
            wanted.method,
            wanted.heads,
            as_text(wanted.layers),
            ",".join(wanted.tokens),
            width,
            height,
            int(shown.x),
            int(shown.y),
            tuple(int(place) for place in measures.sinks.nonzero()[0]),
            blocks,
            rows_of(record, covered, measures, targets, answer.text),
            maps_of(record, targets, blocks) if wanted.keep_maps else None,
            (*prepared.notes, *look.notes, *notes),
            self._environment,
        )
        self._waiting.append(extraction)
        self._bytes += extraction.rows.nbytes + (record.weights.nbytes if wanted.keep_maps else 0)
        seen = Seen(
            answer.generation_id,
            plan.run_id,
            stimulus,
            answer.repeat,
            plan.condition,
            answer.emotion,
            request.image,
            answer.text,
            targets,
            record,
            covered,
            measures,
            parts,
        )
        return seen, notes

    def _regions(self, prepared: Prepared) -> dict[str, tuple[Region, ...]]:
        """What is known of a stimulus by locator; what was found just now is kept for the store."""
        stimulus_id = prepared.item.stimulus.stimulus_id
        known = dict(self._plan.known.regions.get(stimulus_id, {}))
        for locator in prepared.searched:
            if locator not in self._plan.known.searched.get(stimulus_id, ()):
                found = {id(region): region for region in prepared.regions if region.locator == locator}
                known[locator] = tuple(found.values())
                self._found.setdefault(locator, {})[stimulus_id] = known[locator]
        return known

    def _store_some(self) -> None:
        """Store what waits if it is time; while another process has the store, wait on, but not with ever more."""
        overdue = time.monotonic() - self._stored > _STORE_EVERY_S
        if overdue or self._bytes > _MOST_WAITING:
            try:
                self._store_all()
            except StoreBusyError:
                if self._bytes > 2 * _MOST_WAITING:
                    raise

    def _store_all(self) -> None:
        for locator, regions in self._found.items():
            add_regions(self._store, locator, regions)
        self._found = {}
        add_extractions(self._store, self._waiting)
        self._waiting, self._bytes = [], 0
        self._stored = time.monotonic()


def _able(model: Model, plan: AttentionPlan) -> Attends:
    """The model, if its attention can be looked at in the way wanted.

    Raises:
        UsageError: it cannot.
        ModelError: where the places of its architecture lie in a picture is not known.
    """
    if not isinstance(model, Attends):
        raise UsageError(f"The attention of {plan.card.uri} cannot be looked at.", hint=OTHERWISE)
    methods = model.attention_methods()
    if plan.wanted.method not in methods:
        raise UsageError(
            f"{plan.card.uri} has no attention by `{plan.wanted.method}`.",
            hint=f"It has: {', '.join(methods)}.",
        )
    return model


def _digest(plan: AttentionPlan, request: Request) -> str:
    return plan.setting.recipe.content_digest(request, plan.card.digest)
