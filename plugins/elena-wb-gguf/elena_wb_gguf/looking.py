"""What the words of an answer attend to, in a context of its own beside the one that answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import llama_cpp.llama_cpp as llama
import numpy as np

from elena_wb.core import Block, ModelError
from elena_wb_gguf.asking import Grid, Look, Seen
from elena_wb_gguf.capture import Capture
from elena_wb_gguf.context import Context, Unit, places
from elena_wb_gguf.geometry import Part, blocks
from elena_wb_gguf.native import AnswerError, EngineError, NoRoomError, TextModel
from elena_wb_gguf.pictures import Patch, Projector
from elena_wb_gguf.spelling import Spelling
from elena_wb_gguf.tally import Tally
from elena_wb_gguf.tensors import Scores
from elena_wb_gguf.writing import CancelledError

_GRANULE = 256
"""llama.cpp rounds the length of a context up to a multiple of this."""
_MOST_BYTES = 512 * 2**20
_COARSE = (
    "values are cached in 16 bits while looking, keys in as few as for answers: llama.cpp has no other way"
)
_ELSEWHERE = ("beginning", "question", "answer")


class QuestionError(EngineError):
    """What was asked cannot be told of this model."""


class Looker:
    """Reads prompts and answers, and tells the attention of the answers' words.

    Flash attention never holds the weights, so that it is off here. The context is as long as the longest prompt with
    its answer so far, and there only from the first look to :meth:`rest`. ``longest`` is how long it may be.
    """

    def __init__(
        self,
        model: TextModel,
        projector: Projector,
        *,
        longest: int,
        micro_batch: int,
        threads: int,
        cache_type: int,
    ) -> None:
        self._model, self._projector = model, projector
        self._longest, self._micro_batch = longest, micro_batch
        self._threads, self._cache_type = threads, cache_type
        self._capture = Capture()
        self._context: Context | None = None

    def look(
        self, look: Look, units: Sequence[Unit], *, cancelled: Callable[[], bool] = lambda: False
    ) -> tuple[Seen, bytes]:
        """What ``look`` asks for; ``units`` is the prompt as it is read for an answer.

        Raises:
            QuestionError: a layer or a character does not exist, or it is more than can be handed over.
            AnswerError: the answer cannot be spelt, or does not fit; others may.
            NoRoomError: there is no memory for it.
            EngineError: llama.cpp cannot tell.
            CancelledError: ``cancelled`` came true.
        """
        layers = self._layers(look.layers)
        spelling = Spelling.of(look.text, self._model)
        try:
            chosen = [spelling.within(spans) for spans in look.targets]
        except IndexError as error:
            raise QuestionError(f"The answer has no characters {error}.") from error
        picture, grids = self._picture(units, look)
        prompt = sum(map(places, units))
        read = prompt + max(
            0, len(spelling.tokens) - 1
        )  # nothing follows the last token that it could attend for
        after = picture[-1] + 1
        inside = set(picture)
        tally = Tally(
            rows=[*([prompt - 1 + k for k in one] for one in chosen), range(after, prompt - 1)],
            places=picture,
            groups=[
                [place for place in range(1) if place not in inside],
                [place for place in range(1, prompt) if place not in inside],
                range(prompt, read),
            ],
            layers=layers,
            heads=look.heads,
            read=read,
        )
        self._require_bounded(look, layers, len(picture))
        self._read(units, after, spelling.tokens[:-1], layers, tally, cancelled)
        means = tally.means()
        weights, elsewhere = means[:-1, :, :, : len(picture)], means[:-1, :, :, len(picture) :]
        parts = (weights, np.moveaxis(elsewhere, -1, 0), means[-1, :, :, : len(picture)])
        seen = Seen(
            number=look.number,
            grids=tuple(map(_grid, grids)),
            layers=layers,
            heads=tuple(range(means.shape[2])) if look.heads == "each" else (None,),
            tokens=tuple(map(len, chosen)),
            first_token=tuple(one[0] if one else 0 for one in chosen),
            elsewhere=_ELSEWHERE,
            notes=() if self._cache_type == llama.GGML_TYPE_F16 else (_COARSE,),
        )
        return seen, b"".join(np.ascontiguousarray(part).tobytes() for part in parts)

    def rest(self) -> None:
        """Give the memory back until there is something to look at again."""
        if self._context is not None:
            self._context.free()
            self._context = None

    def _layers(self, wanted: tuple[int, ...] | None) -> tuple[int, ...]:
        count = self._model.layers
        if wanted is None:
            return tuple(range(count))
        for layer in wanted:
            if not -1 <= layer < count:
                raise QuestionError(
                    f"There is no layer {layer}.", f"Layers that see the picture: 0-{count - 1}."
                )
        if not wanted:
            raise QuestionError("No layer was asked for.", f"Layers that see the picture: 0-{count - 1}.")
        return tuple(dict.fromkeys(count - 1 if layer == -1 else layer for layer in wanted))

    def _picture(self, units: Sequence[Unit], look: Look) -> tuple[list[int], tuple[Block, ...]]:
        """The columns of the picture's places, and where these lie."""
        columns: list[int] = []
        parts: list[Part] = []
        place = 0
        for unit in units:
            if isinstance(unit, Patch):
                columns += range(place, place + unit.tokens)
                parts.append(Part(unit.tokens, unit.columns, unit.rows))
            place += places(unit)
        try:
            return columns, blocks(self._projector.facts, parts, look.ask.width, look.ask.height)
        except ModelError as error:
            raise EngineError(error.message, error.hint) from error

    def _require_bounded(self, look: Look, layers: Sequence[int], columns: int) -> None:
        heads = self._model.heads if look.heads == "each" else 1
        if 8 * (len(look.targets) + 1) * len(layers) * heads * (columns + 3) > _MOST_BYTES:
            raise QuestionError(
                "That is more attention than can be handed over: ask for fewer layers or targets."
            )

    def _read(
        self,
        units: Sequence[Unit],
        after: int,
        answer: Sequence[int],
        layers: Sequence[int],
        tally: Tally,
        cancelled: Callable[[], bool],
    ) -> None:
        """Read everything, and count what is behind the picture, which ends before place ``after``."""
        last = max(index for index, unit in enumerate(units) if isinstance(unit, Patch))
        tail = [*(unit for unit in units[last + 1 :] if not isinstance(unit, Patch)), *answer]
        context = self._room(after + len(tail))
        try:
            context.clear()
            context.read(units[: last + 1], self._projector)
            for begin in range(0, len(tail), context.micro_batch):
                part, start = tail[begin : begin + context.micro_batch], after + begin

                def take(layer: int, scores: Scores, part: Sequence[int] = part, start: int = start) -> None:
                    if cancelled():
                        raise CancelledError
                    if scores.queries != len(part):
                        raise EngineError(
                            f"llama.cpp computed {scores.queries} of {len(part)} tokens at once"
                        )
                    tally.take(layer, scores, start)

                def compute(part: Sequence[int] = part) -> None:
                    context.extend(part)

                self._capture.listen(layers, take, compute)
        except BaseException:
            self.rest()
            raise

    def _room(self, tokens: int) -> Context:
        """A context that holds ``tokens``."""
        if tokens > self._longest:
            raise AnswerError(
                f"the prompt and the answer take {tokens} tokens, but the context holds {self._longest}",
                f"Give context_length={tokens} or more.",
            )
        if self._context is None or self._context.length < tokens:
            self.rest()
            length = -(-tokens // _GRANULE) * _GRANULE
            micro_batch = min(self._micro_batch, length)
            try:
                self._context = Context(
                    self._model,
                    length=length,
                    batch=micro_batch,
                    micro_batch=micro_batch,
                    threads=self._threads,
                    flash=False,
                    cache_type=self._cache_type,
                    capture=self._capture,
                )
            except MemoryError as error:
                raise NoRoomError("There is no memory for looking beside the model.") from error
        return self._context


def _grid(block: Block) -> Grid:
    box = block.box
    return Grid(name=block.name, rows=block.rows, columns=block.columns, x=box.x, y=box.y, w=box.w, h=box.h)
