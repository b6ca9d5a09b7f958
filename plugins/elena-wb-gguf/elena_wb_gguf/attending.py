"""From a question about a model's attention to its record, on this side of the pipe."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from elena_wb.core import (
    HEADS,
    AttentionMethod,
    AttentionQuestion,
    AttentionRecord,
    Block,
    Box,
    ModelError,
    OutOfMemoryError,
    Request,
    UsageError,
    WorkbenchError,
)
from elena_wb_gguf.asking import Look, Seen, asked
from elena_wb_gguf.diagnosis import lacks_memory

METHODS: tuple[AttentionMethod, ...] = ("raw",)
_SMALLER = "Give a smaller context or quantisation, fewer layers, or close other programs."
_AGAIN = "It is loaded again with the next answer; if this goes on, fetch the model again."


def look(request: Request, text: str, question: AttentionQuestion, number: int) -> Look:
    """The question for the child process.

    Raises:
        UsageError: llama.cpp cannot answer it.
    """
    if question.method not in METHODS:
        raise UsageError(
            f"llama.cpp gives attention only as it is (`raw`), not by `{question.method}`.",
            hint="`hf:` models have further methods.",
        )
    if question.heads not in HEADS:
        raise UsageError(f"Heads cannot be `{question.heads}`.", hint=f"One of {', '.join(HEADS)}.")
    if request.knock_out is not None:
        raise UsageError(
            "llama.cpp cannot keep a model from attending to a place.",
            hint="`hf:` models can be knocked out.",
        )
    return Look(
        ask=asked(request, number),
        text=text.encode("utf-8", "replace").decode("utf-8"),
        targets=tuple(target.spans for target in question.targets),
        layers=question.layers,
        heads=question.heads,
    )


def record(seen: Seen, payload: bytes, name: str) -> AttentionRecord:
    """What the child process has seen, of the model ``name``.

    Raises:
        UsageError: the question does not fit the model.
        WorkbenchError: this answer cannot be looked at; others may.
        OutOfMemoryError: there was no memory for it.
        ModelError: llama.cpp could not tell, or told nonsense.
    """
    if seen.trouble is not None:
        raise _trouble(seen, name)
    places = sum(grid.rows * grid.columns for grid in seen.grids)
    targets, layers, heads = len(seen.tokens), len(seen.layers), len(seen.heads)
    apart = [(targets, layers, heads)] * len(seen.elsewhere)
    arrays = _arrays(payload, [(targets, layers, heads, places), *apart, (layers, heads, places)], name)
    baseline = arrays[-1]
    return AttentionRecord(
        tuple(
            Block(grid.name, grid.rows, grid.columns, Box(grid.x, grid.y, grid.w, grid.h))
            for grid in seen.grids
        ),
        seen.layers,
        seen.heads,
        seen.tokens,
        seen.first_token,
        arrays[0],
        dict(zip(seen.elsewhere, arrays[1:-1], strict=True)),
        None if np.isnan(baseline).any() else baseline,
        seen.notes,
    )


def crashed(name: str, how: str) -> WorkbenchError:
    """What to tell of an answer that ended llama.cpp's process while it was looked at; others may be looked at."""
    if lacks_memory(how):
        return OutOfMemoryError(
            f"There was no memory to look at the attention of {name}: {how}", hint=_SMALLER
        )
    return WorkbenchError(f"{name} crashed while its attention was looked at: {how}", hint=_AGAIN)


def _trouble(seen: Seen, name: str) -> WorkbenchError:
    if seen.trouble == "question":
        return UsageError(f"{name}: {seen.error}", hint=seen.hint)
    if seen.trouble == "memory":
        return OutOfMemoryError(f"{name}: {seen.error}", hint=seen.hint or _SMALLER)
    kind = WorkbenchError if seen.trouble == "answer" else ModelError
    return kind(f"The attention of {name} could not be taken: {seen.error}", hint=seen.hint)


def _arrays(payload: bytes, shapes: list[tuple[int, ...]], name: str) -> list[npt.NDArray[np.float32]]:
    sizes = [math.prod(shape) for shape in shapes]
    if len(payload) != 4 * sum(sizes):
        raise ModelError(f"llama.cpp's process told {len(payload)} bytes of the attention of {name}.")
    numbers = np.frombuffer(payload, np.float32)
    parts = np.split(numbers, np.cumsum(sizes)[:-1])
    return [part.reshape(shape).copy() for part, shape in zip(parts, shapes, strict=True)]
