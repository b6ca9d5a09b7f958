"""Where a model looked: what is asked of its attention, and what it tells.

Maps are weights as the model computed them, never stretched to a range of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, get_args, runtime_checkable

from elena_wb.core.exchange import Request
from elena_wb.core.stimulus import Box

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

AttentionMethod = Literal["raw", "value-norm", "rollout", "gradient"]
"""What a weight is.

``raw``: the probability that softmax gives a key. ``value-norm``: that times the Euclidean norm of the key's value
vector, over the sum of these products (Kobayashi et al. 2020, "Attention is Not Only a Weight"). ``rollout``: the
product over the layers up to this one of half the attention and half the identity, heads averaged (Abnar and Zuidema
2020, "Quantifying Attention Flow in Transformers"). ``gradient``: the positive part of the attention times the gradient
of the target's log-probability with respect to it (Chefer et al. 2021, "Generic Attention-model Explainability").
"""
ATTENTION_METHODS: tuple[AttentionMethod, ...] = get_args(AttentionMethod)

Heads = Literal["mean", "max", "each"]
"""How the heads of a layer become one weight: their mean, the largest of them, or not at all."""
HEADS: tuple[Heads, ...] = get_args(Heads)


@dataclass(frozen=True, slots=True)
class Target:
    """Words of an answer whose attention is wanted: ``[start, end)`` in characters of its text, one or more times.

    ``name`` says what they are: ``emotion``, ``narrative``, ``answer``, ``part:hands``, ``/hand\\w*/``.
    """

    name: str
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class AttentionQuestion:
    """What to look for.

    ``layers`` are numbers of layers from 0, or ``-1`` for the last that can see the picture; ``None`` stands for all
    that can.
    """

    targets: tuple[Target, ...]
    layers: tuple[int, ...] | None = None
    heads: Heads = "mean"
    method: AttentionMethod = "raw"


@dataclass(frozen=True, slots=True)
class Block:
    """A regular grid of places that a model can attend to, laid over the picture.

    Place ``k`` is row ``k // columns`` and column ``k % columns``, from the top left. ``box`` is what the whole grid
    covers, in pixels of the picture that the request holds: before the model's processor resized, cropped, tiled or
    padded it. Where the processor pads, it reaches beyond the picture.
    """

    name: str
    rows: int
    columns: int
    box: Box

    @property
    def places(self) -> int:
        """How many there are."""
        return self.rows * self.columns

    def place(self, k: int) -> Box:
        """What place ``k`` covers."""
        row, column = divmod(k, self.columns)
        width, height = self.box.w / self.columns, self.box.h / self.rows
        return Box(self.box.x + column * width, self.box.y + row * height, width, height)


@dataclass(frozen=True, slots=True, eq=False)
class AttentionRecord:
    """The attention that one answer paid to its picture.

    ``weights`` is float32 ``[targets, layers, heads, places]``: the places of all ``blocks`` one after the other, the
    targets and layers as asked for (the number of the last one, where ``-1`` was), the heads by number or one for all
    (``heads == (None,)``). A row is that of the token *before* the one it stands for, which is the one that chose it;
    over the tokens of a target it is the mean, taken after the heads were reduced. ``tokens`` says for each target how
    many these are, and ``first_token`` which is the first of them, counted from the beginning of the answer; a target
    without any token has NaN weights.

    ``elsewhere`` maps names of what else was attended to (``beginning``, ``question``, ``answer``, ``class token``,
    ``absent``) to float32 ``[targets, layers, heads]``. With heads averaged or apart, weights and elsewhere add up to
    1 for ``raw`` and ``value-norm``.

    ``baseline`` is float32 ``[layers, heads, places]``: the mean over the rows of the question's words after the
    picture (of a long question, of some of them, evenly spread), which tells places that are attended to whatever is
    said (sinks). ``None`` where the method has none.
    """

    blocks: tuple[Block, ...]
    layers: tuple[int, ...]
    heads: tuple[int | None, ...]
    tokens: tuple[int, ...]
    first_token: tuple[int, ...]
    weights: npt.NDArray[np.float32]
    elsewhere: Mapping[str, npt.NDArray[np.float32]] = field(default_factory=dict)
    baseline: npt.NDArray[np.float32] | None = None
    notes: tuple[str, ...] = ()


@runtime_checkable
class Attends(Protocol):
    """A model whose attention can be looked at."""

    def attention_methods(self) -> tuple[AttentionMethod, ...]:
        """Those it can compute.

        Raises:
            ModelError: where the places of this architecture lie in a picture is not known; names it.
        """

    def attend(self, request: Request, text: str, question: AttentionQuestion) -> AttentionRecord:
        """The attention that ``text``, given as the answer to ``request``, pays to the picture.

        The text is fed to the model as if it had just written it: one pass and no sampling.

        Raises:
            UsageError: the question cannot be answered: a layer that does not exist or sees no picture, a method
                that the model has not.
            WorkbenchError: this answer cannot be looked at, for a reason of its own; the next one may be.
            OutOfMemoryError: it does not fit.
            ModelError: the model cannot do it, or not any more.
        """


@runtime_checkable
class KnocksOut(Protocol):
    """A model that honours :attr:`elena_wb.core.Request.knock_out`."""

    def require_knock_out(self) -> None:
        """Make sure of it before a run.

        Raises:
            ModelError: it cannot for this architecture or these options; says why.
        """
