"""Answering questions about pictures with llama.cpp, in the process that this runs in."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from elena_wb.core import ModelError, Sampling
from elena_wb_gguf.asking import Answer, Ask, Load, Look, Part, Seen, Work
from elena_wb_gguf.choosing import Chooser, Grammar
from elena_wb_gguf.closing import Closing
from elena_wb_gguf.context import CACHE_TYPES, Context, Unit, places
from elena_wb_gguf.facts import projector_facts
from elena_wb_gguf.grammar import GrammarError, json_grammar
from elena_wb_gguf.labels import label_choice
from elena_wb_gguf.looking import Looker
from elena_wb_gguf.native import AnswerError, EngineError, TextModel
from elena_wb_gguf.pictures import Frame, Patch, Projector
from elena_wb_gguf.template import ChatTemplate
from elena_wb_gguf.writing import Marks, Writing

_DEFAULT_CONTEXT = 8192
_BATCH, _MICRO_BATCH = 2048, 512
_KEPT_PICTURES = 128 * 2**20
_KEPT_GRAMMARS = 64
_ROOM = 1024
"""Tokens for a prompt and an answer beside a picture, to be advised."""


class Engine:
    """One model in memory with one conversation, which every prompt continues as far as it can.

    Raises:
        EngineError: the files cannot be used, or there is no memory for them.
    """

    def __init__(
        self,
        load: Load,
        *,
        threads: int,
        gpu_layers: int,
        progress: Callable[[Part], None],
        kept_bytes: int = _KEPT_PICTURES,
    ) -> None:
        progress("projector")
        try:
            facts = projector_facts(Path(load.projector))
        except ModelError as error:
            raise EngineError(error.message, error.hint) from error
        self._constrained = load.constrained
        progress("text")
        self.model = TextModel(
            Path(load.text), gpu_layers=gpu_layers, check_tensors=True, progress=lambda: progress("text")
        )
        if self.model.template is None:
            raise EngineError(
                f"{Path(load.text).name} holds no chat template, so that nobody knows how to ask it.",
                "Take the instruction-tuned version of the model.",
            )
        self._template = ChatTemplate(
            self.model.template,
            self.model.controls,
            bos=self.model.bos_text,
            eos=self.model.eos_text,
            opened=self.model.beginning is not None,
        )
        progress("projector")
        self.projector = Projector(
            Path(load.projector),
            self.model,
            facts=facts,
            threads=threads,
            gpu=gpu_layers != 0,
            kept_bytes=kept_bytes,
        )
        progress("context")
        length = load.context_length or min(self.model.trained_context or _DEFAULT_CONTEXT, _DEFAULT_CONTEXT)
        batch, micro_batch = self._batches(load.batch_tokens, length)
        self.context = Context(
            self.model,
            length=length,
            batch=batch,
            micro_batch=micro_batch,
            threads=threads,
            flash=load.flash_attention,
            cache_type=CACHE_TYPES[load.cache_type],
        )
        self._looker = Looker(
            self.model,
            self.projector,
            longest=length,
            micro_batch=self.context.micro_batch,
            threads=threads,
            cache_type=CACHE_TYPES[load.cache_type],
        )
        self._marks = Marks.of(self.model)
        self._grammars: dict[str, str] = {}

    def answer(
        self, ask: Ask, image: npt.NDArray[np.uint8], *, cancelled: Callable[[], bool] = lambda: False
    ) -> Answer:
        """The answer to ``ask`` about ``image`` (uint8 RGB ``[height, width, 3]``).

        Raises:
            EngineError: it cannot be answered; the next one may be.
            CancelledError: ``cancelled`` came true.
        """
        self._looker.rest()
        started, encoded = time.perf_counter(), self.projector.encoded
        grammar_text = self._grammar(ask.json_schema)
        units = self._units(ask, image)
        self._check_room(units, ask.max_tokens)
        writing: Writing | None = None
        try:
            reading = self.context.read(units, self.projector)
            read = time.perf_counter()
            writing = self._writing(ask, grammar_text, cancelled)
            written = writing.run()
        except BaseException:
            self.context.clear()
            raise
        finally:
            if writing is not None:
                writing.free()
        return Answer(
            number=ask.number,
            text=written.text,
            finish_reason=written.finish_reason,
            prompt_tokens=sum(map(places, units)),
            completion_tokens=written.tokens,
            label_logprobs=dict(written.label_logprobs),
            work=Work(
                reused=reading.reused,
                read_tokens=reading.tokens,
                read_picture=reading.picture_places,
                encoded=self.projector.encoded - encoded,
                reading_ms=(read - started) * 1000,
                writing_ms=(time.perf_counter() - read) * 1000,
            ),
        )

    def look(
        self, look: Look, image: npt.NDArray[np.uint8], *, cancelled: Callable[[], bool] = lambda: False
    ) -> tuple[Seen, bytes]:
        """What the words of an answer about ``image`` attend to; the answering context is left as it is.

        Raises:
            EngineError: nobody can tell; see :meth:`elena_wb_gguf.looking.Looker.look`.
            CancelledError: ``cancelled`` came true.
        """
        try:
            units = self._units(look.ask, image)
        except EngineError as error:
            raise AnswerError(str(error), error.hint) from error
        return self._looker.look(look, units, cancelled=cancelled)

    def free(self) -> None:
        """Give all memory back. To be called once."""
        self._looker.rest()
        self.context.free()
        self.projector.free()
        self.model.free()

    def _batches(self, wanted: int | None, length: int) -> tuple[int, int]:
        """How many tokens to hand over and to compute at once: a picture that must be read whole has to fit."""
        most, whole = self.projector.largest()
        if whole and length <= most:
            raise EngineError(
                f"A picture takes {most} tokens, but the context holds {length}.",
                f"Give context_length={most + _ROOM} or more.",
            )
        micro = wanted or (max(_MICRO_BATCH, most) if whole else _MICRO_BATCH)
        micro = min(micro, length)
        return min(max(_BATCH, micro), length), micro

    def _units(self, ask: Ask, image: npt.NDArray[np.uint8]) -> list[Unit]:
        before, after = self._template.pieces(ask.system, ask.user)
        around = self.projector.break_around
        before[-1] += around
        after[0] = around + after[0]
        units: list[Unit] = [] if self.model.beginning is None else [self.model.beginning]
        for piece in before:
            units += self.model.tokens(piece)
        units += _unfolded(self.projector.frame(ask.digest, image))
        for piece in after:
            units += self.model.tokens(piece)
        if isinstance(units[-1], Patch):
            raise EngineError("the model's chat template ends with the picture")
        return units

    def _check_room(self, units: list[Unit], max_tokens: int) -> None:
        prompt, length = sum(map(places, units)), self.context.length
        if prompt + max_tokens <= length:
            return
        picture = sum(unit.tokens for unit in units if isinstance(unit, Patch))
        raise EngineError(
            f"the prompt takes {prompt} tokens, {picture} of them for the picture, and the answer may take "
            f"{max_tokens}, but the context holds {length}",
            f"Give context_length={prompt + max_tokens} or more, or a lower token limit.",
        )

    def _grammar(self, schema: Mapping[str, Any] | None) -> str | None:
        if schema is None or not self._constrained:
            return None
        key = json.dumps(schema)
        if key not in self._grammars:
            if len(self._grammars) >= _KEPT_GRAMMARS:
                self._grammars.clear()
            try:
                self._grammars[key] = json_grammar(schema)
            except GrammarError as error:
                raise EngineError(
                    str(error), "Give constrained=false to let the model write freely."
                ) from error
        return self._grammars[key]

    def _count(self, text: str) -> int:
        return len(self.model.tokens(text, special=False))

    def _writing(self, ask: Ask, grammar: str | None, cancelled: Callable[[], bool]) -> Writing:
        sampling = Sampling(ask.temperature, ask.top_p, ask.top_k)
        constrained = grammar is not None and ask.json_schema is not None
        return Writing(
            self.model,
            self.context,
            Chooser(sampling, ask.seed, self.model.size),
            ask.max_tokens,
            cancelled,
            grammar=Grammar(self.model, grammar) if grammar is not None else None,
            closing=Closing(ask.json_schema, self._count)
            if constrained and ask.json_schema is not None
            else None,
            marks=self._marks,
            label=label_choice(self.model, ask.json_schema),
        )


def _unfolded(frame: Frame) -> list[Unit]:
    units: list[Unit] = []
    for part in frame:
        if isinstance(part, Patch):
            units.append(part)
        else:
            units += part.tokens
    return units
