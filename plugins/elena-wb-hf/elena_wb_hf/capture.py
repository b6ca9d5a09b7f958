"""Hearing what the layers of a text tower attend to, beside the kernels that compute their output.

While a capture lasts, the text tower's attention goes through a function registered with transformers. It hands the
queries, keys, values and mask of every layer to a listener, and leaves the output to the stock SDPA kernel.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from elena_wb.core import ModelError

NAME = "elena_wb_capture"
CHUNK = 64
"""Rows whose probabilities are in memory together."""

_IMPLEMENTATION = "_attn_implementation_internal"
_UNKNOWN = {"softcap": "caps its scores", "s_aux": "has learned sinks", "position_bias": "biases positions"}
_LOCK = threading.Lock()
_HEARING = threading.local()


@dataclass(frozen=True, slots=True)
class Heard:
    """What the attention of one layer was given, for one sequence, in the number format of the network.

    ``query`` is ``[heads, queries, size]``, ``key`` and ``value`` are ``[groups, keys, size]``: heads share the keys
    of their group. ``mask`` is ``[1 or heads, queries, keys]``, true where a key is seen or added to the scores;
    ``None`` says that all keys are seen, or if ``causal`` those up to the query's own place.
    """

    layer: int
    query: torch.Tensor
    key: torch.Tensor
    value: torch.Tensor
    mask: torch.Tensor | None
    causal: bool
    scaling: float

    def probabilities(self, rows: torch.Tensor) -> torch.Tensor:
        """What softmax gives each key in these rows of queries: float32 ``[heads, rows, keys]``.

        A row that sees no key has none, as in the kernel.
        """
        groups, keys, size = self.key.shape
        query = self.query[:, rows].float().reshape(groups, -1, size)
        scores = torch.bmm(query, self.key.float().transpose(1, 2)).mul_(self.scaling)
        scores = scores.view(-1, len(rows), keys)
        seen = self._seen(rows, keys)
        if seen is None:
            return scores.softmax(-1)
        if seen.dtype == torch.bool:
            blind = ~seen.any(-1, keepdim=True)
            return scores.masked_fill_(~(seen | blind), -torch.inf).softmax(-1).masked_fill(blind, 0.0)
        return scores.add_(seen.float()).softmax(-1)

    def values_weighed(self, probabilities: torch.Tensor) -> torch.Tensor:
        """The output of rows with these probabilities: ``[heads, rows, size]`` in the network's number format."""
        groups, keys, _ = self.value.shape
        heads, rows, _ = probabilities.shape
        weighed = torch.bmm(probabilities.to(self.value.dtype).reshape(groups, -1, keys), self.value)
        return weighed.view(heads, rows, -1)

    def _seen(self, rows: torch.Tensor, keys: int) -> torch.Tensor | None:
        if self.mask is not None:
            return self.mask[:, rows, :keys]
        if not self.causal:
            return None
        return (torch.arange(keys, device=rows.device) <= rows[:, None])[None]


class Listener(Protocol):
    """Whoever wants to know what layers attend to."""

    def wants(self, layer: int) -> bool:
        """Whether this layer is of interest."""

    def hear(self, heard: Heard) -> tuple[torch.Tensor, torch.Tensor] | None:
        """Take what one layer attends to.

        Returns ``None``, or rows of queries and what takes the place of their output: ``[heads, rows, size]``.
        """


@contextmanager
def captured(network: Any, listener: Listener) -> Iterator[None]:
    """Let ``listener`` hear the layers of the text tower in every pass of this thread; batches of one only.

    One capture at a time in a process: others wait. The network is left as it was, whatever happens.
    """
    with _LOCK:
        configurations = _text_configurations(network)
        before = [getattr(one, _IMPLEMENTATION) for one in configurations]
        _HEARING.listener = listener
        try:
            for one in configurations:
                setattr(one, _IMPLEMENTATION, NAME)
            yield
        finally:
            for one, name in zip(configurations, before, strict=True):
                setattr(one, _IMPLEMENTATION, name)
            _HEARING.listener = None


def _text_configurations(network: Any) -> list[Any]:
    """Those that the text tower's modules and masks go by; never those of the part that sees."""
    decoder = network.get_decoder()
    found = [network.config.get_text_config(decoder=True), decoder.config]
    found += [module.config for module in decoder.modules() if hasattr(module, "config")]
    return [one for place, one in enumerate(found) if all(one is not other for other in found[:place])]


def _attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """The attention function that transformers calls; tensors are ``[batch, heads, tokens, size]``."""
    for name, what in _UNKNOWN.items():
        if options.get(name) is not None:
            raise ModelError(
                f"The attention of {type(module).__name__} {what}, which cannot be followed row by row."
            )
    output, _ = sdpa_attention_forward(module, query, key, value, attention_mask, **options)
    listener: Listener | None = getattr(_HEARING, "listener", None)
    layer = getattr(module, "layer_idx", None)
    if listener is None or layer is None or not listener.wants(layer):
        return output, None
    if len(query) != 1:
        raise ModelError("Attention can be taken of one answer at a time.")
    causal = options.get("is_causal")
    if causal is None:
        causal = getattr(module, "is_causal", True)
    scaling = options.get("scaling")
    replaced = listener.hear(
        Heard(
            layer,
            query[0],
            key[0],
            value[0],
            None if attention_mask is None else attention_mask[0],
            bool(causal) and query.shape[2] > 1,
            query.shape[-1] ** -0.5 if scaling is None else scaling,
        )
    )
    if replaced is not None:
        rows, instead = replaced
        output = output.index_copy(1, rows, instead.transpose(0, 1)[None].to(output.dtype))
    return output, None


AttentionInterface.register(NAME, _attention)
AttentionMaskInterface.register(NAME, sdpa_mask)
