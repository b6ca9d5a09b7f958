"""What the text model has read so far, and how as much of it as possible serves the next prompt."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import llama_cpp.llama_cpp as llama
import llama_cpp.mtmd_cpp as mtmd
import numpy as np
import numpy.typing as npt

from elena_wb_gguf.capture import Capture
from elena_wb_gguf.native import EngineError, NoRoomError, TextModel
from elena_wb_gguf.pictures import Patch, Projector

Unit = int | Patch
"""What is read as a whole: a token, or a picture."""

CACHE_TYPES = {"f16": llama.GGML_TYPE_F16, "q8_0": llama.GGML_TYPE_Q8_0, "q4_0": llama.GGML_TYPE_Q4_0}
"""Number formats of the memory, by name."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a prompt was read: places of the context kept from before, tokens and picture places read anew."""

    reused: int
    tokens: int
    picture_places: int


class Context:
    """One conversation's memory (KV cache) of the text model.

    It is kept from one prompt to the next up to the first difference; a picture is kept whole or not at all. Layers
    with a sliding window keep everything too (``swa_full``), so that going back is always exact; where a model
    cannot go back (recurrent layers), everything is read anew. ``capture`` is told all that is computed; such a
    context gives scores of the last token alone.
    """

    def __init__(
        self,
        model: TextModel,
        *,
        length: int,
        batch: int,
        micro_batch: int,
        threads: int,
        flash: bool | None,
        cache_type: int,
        capture: Capture | None = None,
    ) -> None:
        parameters = llama.llama_context_default_params()
        parameters.n_ctx = length
        parameters.n_batch, parameters.n_ubatch = batch, micro_batch
        parameters.n_threads = parameters.n_threads_batch = threads
        parameters.swa_full = True
        parameters.flash_attn_type = {None: -1, False: 0, True: 1}[flash]
        parameters.type_k = parameters.type_v = cache_type
        if capture is not None:
            parameters.cb_eval = capture.callback
            parameters.n_outputs_max = 1
            if not flash:  # without it llama.cpp takes no other values
                parameters.type_v = llama.GGML_TYPE_F16
        self._handle = llama.llama_init_from_model(model.handle, parameters)
        if not self._handle:
            raise NoRoomError(
                f"There is no memory for a context of {length} tokens.",
                "Give a smaller one: context_length=2048",
            )
        self._model = model
        self._capture = capture
        self._memory = llama.llama_get_memory(self._handle)
        self._length = length
        self._batch_size = batch
        self._batch: Any = llama.llama_batch_init(batch, 0, 1)
        self._units: list[Unit] = []
        self._position = 0

    @property
    def length(self) -> int:
        """How many tokens it holds: what was asked for, which llama.cpp may round."""
        return min(self._length, int(llama.llama_n_ctx(self._handle)))

    @property
    def micro_batch(self) -> int:
        """How many tokens are computed at once."""
        return int(llama.llama_n_ubatch(self._handle))

    def read(self, units: Sequence[Unit], projector: Projector) -> Reading:
        """Have exactly ``units`` read, the last of which is a token, and the next token's logits ready.

        Raises:
            EngineError: llama.cpp refuses; everything read is then forgotten.
        """
        kept = self._rewind(min(_common(self._units, units), len(units) - 1))
        reused = sum(map(places, units[:kept]))
        words = pictures = 0
        try:
            run: list[int] = []
            for unit in units[kept:]:
                if isinstance(unit, Patch):
                    self._read_tokens(run)
                    run = []
                    self._read_picture(unit, projector)
                    pictures += unit.tokens
                else:
                    run.append(unit)
                    words += 1
            self._read_tokens(run)
        except BaseException:
            self.clear()
            raise
        return Reading(reused, words, pictures)

    def extend(self, tokens: Sequence[int]) -> None:
        """Read more tokens."""
        self._read_tokens(tokens)

    def append(self, token: int) -> None:
        """Read one more token, making the logits of its successor ready."""
        self._read_tokens([token])

    def logits(self) -> npt.NDArray[np.float32]:
        """Of the next token, float32 ``[vocabulary]``: a view that the next reading overwrites."""
        found = llama.llama_get_logits_ith(self._handle, -1)
        if not found:
            raise EngineError("llama.cpp gave no scores for the next token")
        return np.ctypeslib.as_array(found, (self._model.size,))

    def clear(self) -> None:
        """Forget everything."""
        llama.llama_memory_clear(self._memory, False)
        self._units, self._position = [], 0

    def free(self) -> None:
        """Give the memory back. To be called once."""
        llama.llama_batch_free(self._batch)
        llama.llama_free(self._handle)

    def _rewind(self, kept: int) -> int:
        """Forget all but the first ``kept`` units, or all where that cannot be; returns how many are left."""
        position = sum(map(_positions, self._units[:kept]))
        if kept < len(self._units) and not llama.llama_memory_seq_rm(self._memory, 0, position, -1):
            self.clear()
            return 0
        del self._units[kept:]
        self._position = position
        if not kept:
            self.clear()
        return kept

    def _read_tokens(self, tokens: Sequence[int]) -> None:
        batch = self._batch
        for start in range(0, len(tokens), self._batch_size):
            part = tokens[start : start + self._batch_size]
            batch.n_tokens = len(part)
            for index, token in enumerate(part):
                batch.token[index] = token
                batch.pos[index] = self._position + index
                batch.n_seq_id[index] = 1
                batch.seq_id[index][0] = 0
                batch.logits[index] = index == len(part) - 1
            failed = llama.llama_decode(self._handle, batch)
            if failed:
                raise EngineError(f"llama.cpp could not read the text (code {failed})")
            self._units += part
            self._position += len(part)

    def _read_picture(self, patch: Patch, projector: Projector) -> None:
        if patch.non_causal and patch.tokens > self.micro_batch:
            raise EngineError(
                f"the picture takes {patch.tokens} tokens, which must be read at once, and only "
                f"{self.micro_batch} are",
                f"Give batch_tokens={patch.tokens}",
            )
        end = llama.llama_pos(self._position)
        failed = mtmd.mtmd_helper_decode_image_chunk(
            projector.handle,
            self._handle,
            patch.chunk,
            patch.embeddings.ctypes.data_as(ctypes.POINTER(ctypes.c_float)),
            self._position,
            0,
            self._batch_size,
            ctypes.byref(end),
            mtmd.mtmd_helper_post_decode_callback(),
            None,
        )
        if failed:
            raise EngineError(f"llama.cpp could not read the picture (code {failed})")
        self._units.append(patch)
        self._position = end.value


def places(unit: Unit) -> int:
    """How much of the context ``unit`` takes."""
    return unit.tokens if isinstance(unit, Patch) else 1


def _positions(unit: Unit) -> int:
    return unit.positions if isinstance(unit, Patch) else 1


def _key(unit: Unit) -> object:
    return unit.key if isinstance(unit, Patch) else unit


def _common(one: Sequence[Unit], other: Sequence[Unit]) -> int:
    """How many units both begin with."""
    count = 0
    for mine, theirs in zip(one, other, strict=False):
        if _key(mine) != _key(theirs):
            break
        count += 1
    return count
