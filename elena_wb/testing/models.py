"""The contract of a model provider: ``check_model`` tries everything that the host relies on."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from jsonschema import ValidationError, validate
from pydantic import BaseModel

from elena_wb.core import (
    Attends,
    KnocksOut,
    Metered,
    Model,
    ModelCard,
    ModelError,
    PostponedError,
    Provider,
    Quota,
    Waits,
)
from elena_wb.testing.attention import check_attention, check_attention_of_closed
from elena_wb.testing.inspection import Inspection, Overheard, Report, must
from elena_wb.testing.knocking import check_knock_out
from elena_wb.testing.providers import (
    check_abilities,
    check_description,
    check_options,
    check_secrets,
    check_usage,
)
from elena_wb.testing.questions import SCHEMA, Question, hopeless, plain, unusual, with_schema
from elena_wb.testing.responses import ask

SOON_S = 10.0
"""How long a call may still take once it was told to stop."""

_THREADS = 4


def check_model(
    provider: Provider | type[Provider],
    reference: str,
    options: Mapping[str, Any] | BaseModel | None = None,
    *,
    deterministic: bool = True,
    constrained: bool = False,
    max_tokens: int = 24,
) -> Report:
    """Hold a provider and the model ``reference`` of it, opened with ``options``, against the contract.

    Opens the model once and asks it about thirty small questions of ``max_tokens`` each. ``deterministic`` says
    that greedy answers are the same each time, ``constrained`` that answers follow the request's JSON schema.
    An API is best checked against a server of the test's own on loopback.

    Raises:
        AssertionError: something the contract asks for does not hold; says what, and what was seen.
    """
    made: Provider = provider() if isinstance(provider, type) else provider
    inspection = Inspection(f"{type(made).__name__} with `{reference}`")
    printed = Overheard()
    with contextlib.redirect_stdout(printed):
        chosen = check_options(inspection, made, options)
        card = check_description(inspection, made, reference, chosen)
        check_abilities(inspection, made, reference, chosen)
        with inspection.asking("`open` loads the model"):
            model = made.open(reference, chosen)
        try:
            _Trial(inspection, model, card, max_tokens).run(deterministic, constrained)
        finally:
            with contextlib.suppress(Exception):
                model.close()
    check_secrets(inspection, made)
    with inspection.asking("nothing is printed on stdout, which is for data"):
        must(not printed.getvalue(), repr(printed.getvalue()[:200]))
    return inspection.report()


class _Trial:
    """One opened model on trial."""

    def __init__(self, inspection: Inspection, model: Model, card: ModelCard, max_tokens: int) -> None:
        self._inspection = inspection
        self._model = model
        self._card = card
        self._max_tokens = max_tokens
        self._stop = threading.Event()

    def run(self, deterministic: bool, constrained: bool) -> None:
        asking = self._inspection.asking
        with asking("an opened model has a card, whole numbers for its sizes, and the methods of `Model`"):
            self._check_shape()
        with asking("the opened model's digest is the one that `describe` gave"):
            must(
                self._model.card.digest == self._card.digest,
                f"{self._model.card.digest}, not {self._card.digest}",
            )
        if isinstance(self._model, Waits):
            with asking("`stop_on` is harmless as long as nothing is stopped"):
                self._model.stop_on(self._stop)
        with asking("an empty batch has no answers and is no error"):
            must(not (got := list(self._model.generate([]))), f"{got!r}")
        alone = self._check_answers(deterministic)
        self._check_constraint(constrained)
        with asking("a call that is given up half-way leaves the model usable"):
            self._give_up()
            again = self._ask([plain(0, self._max_tokens)])[0]
            must(
                not deterministic or again.text == alone,
                f"{again.text!r} where {alone!r} was answered before",
            )
        with asking("calls from other threads, as many at once as `max_concurrency` says, are all answered"):
            self._ask_in_threads()
        self._check_metering()
        self._check_looking(deterministic)
        self._check_stopping()
        with asking("calling `close` twice is harmless"):
            self._model.close()
            self._model.close()
        with asking("`generate` raises a ModelError once the model is closed"):
            self._check_closed()
        if isinstance(self._model, Attends):
            check_attention_of_closed(self._inspection, self._model)

    def _ask(self, questions: Sequence[Question]) -> list[Any]:
        return ask(self._inspection, self._model, questions)

    def _check_shape(self) -> None:
        model = self._model
        missing = [
            name
            for name in ("card", "preferred_batch_size", "max_concurrency", "generate", "close")
            if not hasattr(model, name)
        ]
        must(not missing, f"{type(model).__name__} has no {', '.join(missing)}")
        for name in ("preferred_batch_size", "max_concurrency"):
            size = getattr(model, name)
            must(isinstance(size, int) and size >= 1, f"{name} is {size!r}")

    def _check_answers(self, deterministic: bool) -> str:
        """The text of the first plain question."""
        asking, inspection = self._inspection.asking, self._inspection
        few = [plain(number, self._max_tokens) for number in range(3)]
        with asking("one request gets one sound response"):
            alone = [self._ask([question])[0].text for question in few]
        with asking("each request of a batch gets one response, whose `index` is the request's own"):
            together = [response.text for response in self._ask(few)]
            swapped = together != alone and sorted(together) == sorted(alone)
            must(
                not (deterministic and swapped),
                f"answers changed places: {together!r} in a batch, {alone!r} one by one",
            )
        if deterministic:
            with asking("greedy answers to the same question are the same"):
                again = [self._ask([question])[0].text for question in few[:1]]
                must(again == alone[:1], f"{again[0]!r} after {alone[0]!r}")
        else:
            inspection.leave_out("whether greedy answers repeat: deterministic=False")
        with asking("unusual prompts (scripts, emoji, control characters, length) do not disturb the rest"):
            self._ask(unusual(self._max_tokens))
        with asking("a hopeless request (1×1, 3×900, no words) ends in a Response and loses no other"):
            self._ask(hopeless(self._max_tokens))
        priced = self._model.card.priced_on or self._card.priced_on
        with asking("an answer that says what it cost goes with a card that dates the prices"):
            cost = self._ask([few[2]])[0].cost_usd
            must(cost is None or priced, f"cost_usd is {cost!r} and priced_on is None")
        return str(alone[0])

    def _check_constraint(self, constrained: bool) -> None:
        asking = self._inspection.asking
        with asking("a request with a schema is answered, and labels are scored as the schema spells them"):
            responses = self._ask([with_schema(0), with_schema(1)])
            known = SCHEMA["properties"]["emotion"]["enum"]
            for response in responses:
                odd = [label for label in response.label_logprobs if label not in known]
                must(not odd, f"label_logprobs hold {', '.join(map(repr, odd))}, and the schema {known}")
        if not constrained:
            self._inspection.leave_out("whether answers follow the request's schema: constrained=False")
            return
        with asking("answers follow the request's schema"):
            for response in responses:
                must(response.finish_reason == "stop", f"{response.finish_reason!r} after {response.text!r}")
                try:
                    validate(json.loads(response.text), SCHEMA)
                except (ValueError, ValidationError) as error:
                    must(False, f"{response.text!r}: {error}")

    def _give_up(self) -> None:
        answers = iter(self._model.generate([plain(number, self._max_tokens).request for number in range(3)]))
        next(answers)
        close = getattr(answers, "close", None)
        if close is not None:
            close()

    def _ask_in_threads(self) -> None:
        workers = min(_THREADS, self._model.max_concurrency)
        questions = [plain(number, self._max_tokens) for number in range(workers)]
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(lambda question: self._ask([question]), questions))

    def _check_metering(self) -> None:
        model = self._model
        if not isinstance(model, Metered):
            return
        with self._inspection.asking("`quota` names an account and limits of one or more"):
            quota = model.quota
            must(isinstance(quota, Quota) and quota.account, f"{quota!r}")
            self._inspection.heard.append(quota.account)
            limits = (quota.requests_per_minute, quota.tokens_per_minute, quota.requests_per_day)
            must(all(limit is None or limit >= 1 for limit in limits), f"{quota!r}")
        with self._inspection.asking("`at_most` of a model is no less than a call then uses"):
            question = plain(3, self._max_tokens)
            bound = check_usage(model.at_most(question.request), question.request)
            response = self._ask([question])[0]
            used = (response.prompt_tokens or 0) + (response.completion_tokens or 0)
            must(used <= bound.tokens, f"{used} tokens where at most {bound.tokens} were foreseen")
            if response.cost_usd is not None and bound.cost_usd is not None:
                must(
                    response.cost_usd <= bound.cost_usd * (1 + 1e-9),
                    f"{response.cost_usd} US dollars where at most {bound.cost_usd} were foreseen",
                )

    def _check_looking(self, deterministic: bool) -> None:
        model = self._model
        if isinstance(model, Attends):
            check_attention(self._inspection, model)
        if isinstance(model, KnocksOut):
            check_knock_out(self._inspection, model, self._ask, self._max_tokens, deterministic=deterministic)

    def _check_stopping(self) -> None:
        if not isinstance(self._model, Waits):
            return
        self._stop.set()
        asked = f"a call ends within {SOON_S:g} s of being told to stop, if need be by a PostponedError"
        with self._inspection.asking(asked):
            problems: list[BaseException] = []
            call = threading.Thread(target=self._call_to_the_end, args=(problems,), daemon=True)
            call.start()
            call.join(SOON_S)
            must(not call.is_alive(), "it still runs")
            if problems:
                raise problems[0]
        self._stop.clear()  # so that a closed model is seen to be closed, and not merely stopped

    def _call_to_the_end(self, problems: list[BaseException]) -> None:
        try:
            list(self._model.generate([plain(0, self._max_tokens).request]))
        except PostponedError:
            pass
        except BaseException as problem:  # noqa: BLE001 - handed to the thread that waits
            problems.append(problem)

    def _check_closed(self) -> None:
        try:
            answers = list(self._model.generate([plain(0, self._max_tokens).request]))
        except ModelError:
            return
        must(False, f"{answers!r}")
