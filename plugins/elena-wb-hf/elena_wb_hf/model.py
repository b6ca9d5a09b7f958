"""An opened model: answers batches of requests."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import transformers

from elena_wb.core import ModelCard, ModelError, OutOfMemoryError, Request, Response
from elena_wb_hf.chat import Chat
from elena_wb_hf.choosing import RowLimits, RowSampler
from elena_wb_hf.labels import LabelListener, Pieces
from elena_wb_hf.loading import Loaded
from elena_wb_hf.machine import is_device_lost, is_out_of_memory, release_memory

if TYPE_CHECKING:
    from elena_wb.core import AttentionMethod, AttentionQuestion, AttentionRecord
    from elena_wb_hf.constraint import Constraint

_Numbered = tuple[int, Request]


@dataclass(frozen=True, slots=True)
class _Written:
    """What the network wrote for one request: token ids up to and with the end token, if it got there."""

    tokens: list[int]
    ended: bool
    prompt_tokens: int
    label_logprobs: Mapping[str, float]


class HFModel:
    """A vision-language model in memory (implements :class:`elena_wb.core.Model`).

    Requests handed over together are answered as one batch, of whatever size; in float32, an answer does
    not depend on what it shares a batch with. Of the checkpoint's own generation settings only the special tokens
    are used: its sampling habits and penalties would make answers incomparable between models.
    """

    def __init__(
        self, card: ModelCard, loaded: Loaded, chat: Chat, batch_size: int, *, constrained: bool
    ) -> None:
        self._card = card
        self._chat = chat
        self._batch_size = batch_size
        self._device = loaded.device
        self._dtype = loaded.dtype
        self._network: Any = loaded.network
        self._settings = token_settings(loaded.network, chat.processor.tokenizer)
        self._network.generation_config = self._settings
        self._stops = frozenset(self._settings.eos_token_id)
        self._pieces = Pieces(chat.processor.tokenizer)
        self._constraint: Constraint | None = None
        if constrained:
            from elena_wb_hf.constraint import Constraint

            self._constraint = Constraint(chat.processor.tokenizer, sorted(self._stops), card.name)

    @property
    def card(self) -> ModelCard:
        """Provenance of this model."""
        return self._card

    @property
    def preferred_batch_size(self) -> int:
        """How many requests to hand over together; more are answered too, where the memory holds them."""
        return self._batch_size

    @property
    def max_concurrency(self) -> int:
        """One call at a time: the device is busy with it."""
        return 1

    @property
    def network(self) -> Any:
        """The transformers model itself, for whoever wants to look inside.

        Raises:
            ModelError: the model was closed.
        """
        if self._network is None:
            raise ModelError(f"{self._card.name} was closed and can no longer answer.")
        return self._network

    def generate(self, requests: Sequence[Request]) -> Iterator[Response]:
        """Answer each request once, all in one batch; see :meth:`elena_wb.core.Model.generate`."""
        if requests:
            yield from self._answer(list(enumerate(requests)))

    def attention_methods(self) -> tuple[AttentionMethod, ...]:
        """See :meth:`elena_wb.core.Attends.attention_methods`."""
        from elena_wb_hf import attending

        return attending.methods(self)

    def attend(self, request: Request, text: str, question: AttentionQuestion) -> AttentionRecord:
        """See :meth:`elena_wb.core.Attends.attend`."""
        from elena_wb_hf import attending

        return attending.attend(self, request, text, question)

    def require_knock_out(self) -> None:
        """See :meth:`elena_wb.core.KnocksOut.require_knock_out`."""
        from elena_wb_hf import knocking

        knocking.require_possible(self.network, self._chat.processor)

    def close(self) -> None:
        """Free the memory that the model holds. Calling it twice is harmless."""
        if self._network is not None:
            self._network = None
            release_memory()

    def _answer(self, batch: Sequence[_Numbered]) -> Iterator[Response]:
        started = time.perf_counter()
        network, problem = self.network, None
        try:
            written = self._write(network, [request for _, request in batch])
        except Exception as error:  # noqa: BLE001 - told apart below; what is left fails its own request only
            problem = self._diagnosed(error)
            written = []
        if problem is not None and len(batch) > 1:
            for one in batch:
                yield from self._answer([one])
            return
        elapsed = (time.perf_counter() - started) * 1000 / len(batch)
        if problem is not None:
            yield Response(batch[0][0], "", "error", latency_ms=elapsed, error=problem)
            return
        for (index, _), row in zip(batch, written, strict=True):
            yield Response(
                index,
                self._chat.processor.tokenizer.decode(row.tokens, skip_special_tokens=True),
                "stop" if row.ended else "length",
                prompt_tokens=row.prompt_tokens,
                completion_tokens=len(row.tokens),
                latency_ms=elapsed,
                label_logprobs=row.label_logprobs,
            )

    def _diagnosed(self, error: Exception) -> str:
        """What to tell about one request; an error that concerns more than it is raised as such."""
        if is_out_of_memory(error):
            error.__traceback__ = None  # its frames hold the tensors that filled the memory
            release_memory()
            raise OutOfMemoryError(
                f"{self._card.name} ran out of memory: {str(error).splitlines()[0] if str(error) else 'MemoryError'}",
                hint="Make the pictures smaller (max_image_side=1024) or load the model smaller (load_in=4bit).",
            )
        if is_device_lost(error):
            raise ModelError(
                f"The device of {self._card.name} failed: {error}", hint="Start again."
            ) from error
        return f"{type(error).__name__}: {error}"

    def _write(self, network: Any, requests: Sequence[Request]) -> list[_Written]:
        inputs = self._placed(self._chat.inputs(requests))
        lengths = [int(length) for length in inputs["attention_mask"].sum(dim=1)]
        limits = [self._room(request, length) for request, length in zip(requests, lengths, strict=True)]
        width = inputs["input_ids"].shape[1]
        listener = LabelListener(requests, width, self._pieces)
        processors: list[Any] = [listener]
        if self._constraint is not None:
            processors.append(self._constraint.for_rows(requests, width))
        processors.append(RowSampler(requests))
        with torch.inference_mode(), self._knocked_out(network, inputs, requests):
            sequences = network.generate(
                **inputs,
                max_new_tokens=max(limits),
                logits_processor=transformers.LogitsProcessorList(processors),
                stopping_criteria=transformers.StoppingCriteriaList([RowLimits(limits, width)]),
            )
        written = []
        rows = zip(sequences[:, width:].tolist(), limits, lengths, strict=True)
        for place, (row, limit, length) in enumerate(rows):
            tokens, ended = self._cut(row, limit)
            written.append(_Written(tokens, ended, length, listener.logprobs(place, tokens)))
        return written

    def _knocked_out(
        self, network: Any, inputs: Mapping[str, Any], requests: Sequence[Request]
    ) -> AbstractContextManager[None]:
        """While it lasts, no row attends to what its request knocks out.

        Raises:
            ModelError: the model cannot do that.
        """
        if all(request.knock_out is None for request in requests):
            return nullcontext()
        from elena_wb_hf import geometry, knocking

        knocking.require_possible(network, self._chat.processor)
        layouts = [
            None
            if request.knock_out is None
            else geometry.layout(
                network,
                self._chat.processor,
                inputs,
                row,
                request.image.shape[1],
                request.image.shape[0],
                max_image_side=self._chat.max_image_side,
            )
            for row, request in enumerate(requests)
        ]
        return knocking.knocked_out(network, layouts, requests)

    def _placed(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Tensors on the network's device, floating-point ones in its number format."""
        return {
            name: value.to(self._device, self._dtype if value.is_floating_point() else None)
            if isinstance(value, torch.Tensor)
            else value
            for name, value in inputs.items()
        }

    def _room(self, request: Request, prompt_length: int) -> int:
        """How many tokens may be written: the request's limit, or what the context leaves."""
        context = self._card.context_length
        if context is None:
            return request.max_tokens
        if prompt_length >= context:
            raise ValueError(
                f"the prompt takes {prompt_length} tokens with its picture, and the model reads {context} at most"
            )
        return min(request.max_tokens, context - prompt_length)

    def _cut(self, tokens: list[int], limit: int) -> tuple[list[int], bool]:
        """Undo the padding that rows of a batch get once they are done; and whether the end token was written."""
        for place, token in enumerate(tokens[:limit]):
            if token in self._stops:
                return tokens[: place + 1], True
        return tokens[:limit], False


def token_settings(network: Any, tokenizer: Any) -> Any:
    """Greedy settings with the special tokens of the checkpoint and its tokenizer, and nothing else."""
    own = network.generation_config
    stops: set[int] = set()
    for found in (own.eos_token_id, tokenizer.eos_token_id):
        if found is not None:
            stops.update(found if isinstance(found, list) else [found])
    pad = own.pad_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    configure: Any = transformers.GenerationConfig
    return configure(
        do_sample=False,
        bos_token_id=own.bos_token_id,
        eos_token_id=sorted(stops),
        pad_token_id=min(stops, default=0) if pad is None else pad,
    )
