"""From a picture to what the text model reads in its place, through llama.cpp's projector (mtmd)."""

from __future__ import annotations

import ctypes
import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import llama_cpp.mtmd_cpp as mtmd
import numpy as np
import numpy.typing as npt
from PIL import Image

from elena_wb_gguf.asking import DAMAGED
from elena_wb_gguf.facts import ProjectorFacts
from elena_wb_gguf.native import EngineError, TextModel

_STRETCHING = {"gemma3"}
"""Projectors of models that were trained on pictures stretched to a square, which llama.cpp letterboxes."""

_BREAK_AROUND = {"gemma3": "\n\n"}
"""What the reference processors write before and after a picture, beside the tokens that llama.cpp adds itself."""

_PROBE_SIDE = 2048


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Tokens that belong to a picture's frame."""

    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A picture, or a part of one: ``chunk`` is llama.cpp's record of its grid, without pixels.

    It takes ``tokens`` places in the context and ``positions`` of its counting (fewer for M-RoPE models);
    ``embeddings`` is float32 ``[tokens x width]``, flat, and ``key`` tells it from every other. ``columns`` and
    ``rows`` are llama.cpp's word for their grid, which for some projectors is a single row.
    """

    key: tuple[str, int]
    chunk: Any
    tokens: int
    positions: int
    non_causal: bool
    columns: int
    rows: int
    embeddings: npt.NDArray[np.float32] = field(repr=False)


Frame = tuple[Words | Patch, ...]


class Projector:
    """The vision tower and its projection, with the pictures it encoded last.

    ``facts`` is what its file tells; ``kept_bytes`` bounds the embeddings that are kept for later prompts on the same
    picture. ``encoded`` counts the pictures encoded so far.
    """

    def __init__(
        self, path: Path, model: TextModel, *, facts: ProjectorFacts, threads: int, gpu: bool, kept_bytes: int
    ) -> None:
        parameters = mtmd.mtmd_context_params_default()
        parameters.n_threads = threads
        parameters.use_gpu = gpu
        parameters.print_timings = False
        self._handle = mtmd.mtmd_init_from_file(os.fsencode(path), model.handle, parameters)
        if not self._handle:
            raise EngineError(
                f"llama.cpp cannot use the projector {path.name} with this text model.", DAMAGED
            )
        if not mtmd.mtmd_support_vision(self._handle):
            raise EngineError(f"The projector {path.name} is not for pictures.")
        self._width = model.input_width
        self.facts = facts
        self._kind, self._side = facts.kind, facts.side
        self._kept: OrderedDict[str, Frame] = OrderedDict()
        self._kept_bytes = kept_bytes
        self.encoded = 0

    @property
    def handle(self) -> Any:
        """mtmd's context."""
        return self._handle

    @property
    def break_around(self) -> str:
        """Text to be put before and after a picture."""
        return _BREAK_AROUND.get(self._kind, "")

    def largest(self) -> tuple[int, bool]:
        """The most tokens that must be decoded at once for one large picture, and whether splitting them is wrong."""
        grey = np.full((_PROBE_SIDE, _PROBE_SIDE, 3), 127, np.uint8)
        with self._chunks(self._prepared(grey)) as chunks:
            most, whole = 0, False
            for chunk in chunks:
                if mtmd.mtmd_input_chunk_get_type(chunk) == mtmd.MTMD_INPUT_CHUNK_TYPE_IMAGE:
                    most = max(most, mtmd.mtmd_input_chunk_get_n_tokens(chunk))
                    whole = whole or bool(mtmd.mtmd_decode_use_non_causal(self._handle, chunk))
            return most, whole

    def frame(self, digest: str, image: npt.NDArray[np.uint8]) -> Frame:
        """What to read for ``image`` (uint8 RGB ``[height, width, 3]``), encoded now or kept from before."""
        if digest in self._kept:
            self._kept.move_to_end(digest)
            return self._kept[digest]
        frame = self._encoded(digest, image)
        self.encoded += 1
        self._kept[digest] = frame
        while len(self._kept) > 1 and sum(map(_size, self._kept.values())) > self._kept_bytes:
            _, oldest = self._kept.popitem(last=False)
            _release(oldest)
        return frame

    def forget(self) -> None:
        """Drop every picture kept."""
        for frame in self._kept.values():
            _release(frame)
        self._kept.clear()

    def free(self) -> None:
        """Give the memory back. To be called once."""
        self.forget()
        mtmd.mtmd_free(self._handle)

    def _encoded(self, digest: str, image: npt.NDArray[np.uint8]) -> Frame:
        parts: list[Words | Patch] = []
        with self._chunks(self._prepared(image)) as chunks:
            for number, chunk in enumerate(chunks):
                if mtmd.mtmd_input_chunk_get_type(chunk) == mtmd.MTMD_INPUT_CHUNK_TYPE_TEXT:
                    parts.append(Words(_tokens(chunk)))
                else:
                    parts.append(self._patch((digest, number), chunk))
        return tuple(parts)

    def _patch(self, key: tuple[str, int], chunk: Any) -> Patch:
        failed = mtmd.mtmd_encode_chunk(self._handle, chunk)
        found = None if failed else mtmd.mtmd_get_output_embd(self._handle)
        if not found:
            raise EngineError(f"llama.cpp could not encode the picture (code {failed})")
        tokens = mtmd.mtmd_input_chunk_get_n_tokens(chunk)
        embeddings = np.ctypeslib.as_array(found, (tokens * self._width,)).copy()
        if not np.isfinite(embeddings).all():
            raise EngineError("the projector makes numbers that are not finite of this picture")
        grid = mtmd.mtmd_input_chunk_get_tokens_image(chunk)
        return Patch(
            key,
            mtmd.mtmd_input_chunk_get_placeholder(chunk),
            tokens,
            mtmd.mtmd_input_chunk_get_n_pos(chunk),
            bool(mtmd.mtmd_decode_use_non_causal(self._handle, chunk)),
            mtmd.mtmd_image_tokens_get_nx(grid) if grid else tokens,
            mtmd.mtmd_image_tokens_get_ny(grid) if grid else 1,
            embeddings,
        )

    def _prepared(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """The picture as mtmd is to see it: C-contiguous, stretched to a square where the model was trained so."""
        if self._kind in _STRETCHING and self._side and image.shape[:2] != (self._side, self._side):
            stretched = Image.fromarray(image, mode="RGB").resize(
                (self._side, self._side), Image.Resampling.BILINEAR
            )
            image = np.asarray(stretched)
        return np.ascontiguousarray(image)

    @contextmanager
    def _chunks(self, image: npt.NDArray[np.uint8]) -> Iterator[list[Any]]:
        """llama.cpp's parts of ``image``: pixels ready for the encoder, and the tokens around them."""
        height, width = image.shape[:2]
        pixels = image.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        bitmap = mtmd.mtmd_bitmap_init(width, height, pixels)
        chunks = mtmd.mtmd_input_chunks_init()
        part = mtmd.mtmd_input_part(None, bitmap)
        parts = (ctypes.POINTER(mtmd.mtmd_input_part) * 1)(ctypes.pointer(part))
        try:
            failed = mtmd.mtmd_tokenize_from_parts(self._handle, chunks, parts, 1, False)
            if failed:
                raise EngineError(
                    f"llama.cpp cannot take a picture of {width} × {height} pixels (code {failed})"
                )
            count = mtmd.mtmd_input_chunks_size(chunks)
            yield [mtmd.mtmd_input_chunks_get(chunks, index) for index in range(count)]
        finally:
            mtmd.mtmd_input_chunks_free(chunks)
            mtmd.mtmd_bitmap_free(bitmap)


def _tokens(chunk: Any) -> tuple[int, ...]:
    count = ctypes.c_size_t()
    found = mtmd.mtmd_input_chunk_get_tokens_text(chunk, ctypes.byref(count))
    return tuple(found[: count.value]) if found else ()


def _size(frame: Frame) -> int:
    return sum(part.embeddings.nbytes for part in frame if isinstance(part, Patch))


def _release(frame: Frame) -> None:
    for part in frame:
        if isinstance(part, Patch):
            mtmd.mtmd_input_chunk_free(part.chunk)
