"""Where an answer looked: one pass over the prompt and the answer, heard layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from elena_wb.core import (
    ATTENTION_METHODS,
    HEADS,
    AttentionMethod,
    AttentionQuestion,
    AttentionRecord,
    ModelError,
    Request,
    UsageError,
    WorkbenchError,
)
from elena_wb_hf.capture import captured
from elena_wb_hf.columns import Columns
from elena_wb_hf.gathering import Gathered, Shares
from elena_wb_hf.geometry import Layout, layout, require_known
from elena_wb_hf.gradients import gradient_times_attention
from elena_wb_hf.knocking import hidden_keys
from elena_wb_hf.rollout import Rollout
from elena_wb_hf.rows import Answer, Rows, continued

if TYPE_CHECKING:
    from elena_wb_hf.model import HFModel


def methods(model: HFModel) -> tuple[AttentionMethod, ...]:
    """See :meth:`elena_wb.core.Attends.attention_methods`.

    All, but no ``rollout`` where the picture is read by layers of cross-attention: these carry no words along, so that
    their attention has no place in the product.
    """
    network = model.network
    require_known(network, model._chat.processor)
    text = network.config.get_text_config(decoder=True)
    crossed = bool(getattr(text, "cross_attention_layers", None))
    return tuple(method for method in ATTENTION_METHODS if method != "rollout" or not crossed)


def attend(model: HFModel, request: Request, text: str, question: AttentionQuestion) -> AttentionRecord:
    """See :meth:`elena_wb.core.Attends.attend`."""
    network = model.network
    try:
        return _attended(model, network, request, text, question)
    except WorkbenchError:
        raise
    except Exception as error:
        told = model._diagnosed(error)
        raise ModelError(f"The attention of {model.card.name} could not be taken: {told}") from error


def _attended(
    model: HFModel, network: Any, request: Request, text: str, question: AttentionQuestion
) -> AttentionRecord:
    _require_answerable(question, methods(model), model.card.name)
    chat = model._chat
    inputs = model._placed(chat.inputs([request]))
    height, width = request.image.shape[:2]
    found = layout(network, chat.processor, inputs, 0, width, height, max_image_side=chat.max_image_side)
    layers = _layers(question, found, model.card.name)
    prompt = inputs["input_ids"].shape[1]
    answer = Answer.read(chat.processor.tokenizer, text, model.card.name)
    whole = continued(inputs, answer.tokens)
    _require_room(model, whole["input_ids"].shape[1])
    rows = Rows.of_targets(answer, question.targets, prompt, range(found.question_from, prompt - 1))
    columns = Columns.of(found, whole["input_ids"].shape[1], prompt)
    with model._knocked_out(network, inputs, [request]):
        gathered = gather(network, whole, layers, rows, columns, question)
    return _record(question, found, layers, rows, columns, gathered, _notes(request, found))


def _notes(request: Request, found: Layout) -> tuple[str, ...]:
    """What has to be known of attention under knock-out: where no key is left, a layer's output is blanked instead."""
    if request.knock_out is None or not found.cross:
        return ()
    height, width = request.image.shape[:2]
    if len(hidden_keys(found, request.knock_out, width, height)) < len(found.keys):
        return ()
    return (
        "All of the picture is knocked out: the weights of the layers concerned are told, and reach no word.",
    )


def gather(
    network: Any,
    whole: Mapping[str, Any],
    layers: Sequence[int],
    rows: Rows,
    columns: Columns,
    question: AttentionQuestion,
) -> Mapping[int, Gathered]:
    """One pass, and for gradients one back for each target."""
    if question.method == "gradient":
        return gradient_times_attention(network, whole, layers, rows, columns, question.heads)
    listener: Rollout | Shares = (
        Rollout(layers, rows, columns)
        if question.method == "rollout"
        else Shares(layers, rows, columns, question.heads, by_value=question.method == "value-norm")
    )
    with torch.inference_mode(), captured(network, listener):
        network(**whole, use_cache=False, logits_to_keep=1)
    return listener.found


def _require_answerable(question: AttentionQuestion, known: Sequence[AttentionMethod], name: str) -> None:
    """Raises:
    UsageError: the method is none of those of this model, or does not go with the way to treat heads.
    """
    if question.method not in known:
        raise UsageError(
            f"Attention of {name} cannot be taken by the method `{question.method}`.",
            hint=f"One of {', '.join(known)}.",
        )
    if question.heads not in HEADS:
        raise UsageError(f"Heads cannot be `{question.heads}`.", hint=f"One of {', '.join(HEADS)}.")
    if question.method == "rollout" and question.heads != "mean":
        raise UsageError(f"Rollout averages heads, so they cannot be `{question.heads}`.", hint="heads=mean")


def _require_room(model: HFModel, length: int) -> None:
    """Raises:
    WorkbenchError: the model was never made to read so many tokens; a shorter answer may do.
    """
    context = model.card.context_length
    if context is not None and length > context:
        raise WorkbenchError(
            f"The prompt and the answer take {length} tokens, and {model.card.name} reads {context} at most."
        )


def _layers(question: AttentionQuestion, found: Layout, name: str) -> tuple[int, ...]:
    """The layers asked for by their numbers.

    Raises:
        UsageError: one does not exist or sees no picture.
    """
    if question.layers is None:
        return found.layers
    asked = [found.layers[-1] if layer == -1 else layer for layer in question.layers]
    blind = [layer for layer in asked if layer not in found.layers]
    if blind:
        raise UsageError(
            f"Layer {blind[0]} of {name} does not exist or sees no picture.",
            hint=f"Layers that see it: {_listed(found.layers)}.",
        )
    return tuple(dict.fromkeys(asked))


def _record(
    question: AttentionQuestion,
    found: Layout,
    layers: Sequence[int],
    rows: Rows,
    columns: Columns,
    gathered: Mapping[int, Gathered],
    notes: tuple[str, ...],
) -> AttentionRecord:
    silent = [layer for layer in layers if layer not in gathered]
    if silent:
        raise ModelError(
            f"Nothing was heard of the attention of layer {silent[0]}"
            f" ({len(silent)} of {len(layers)} layers were silent).",
            hint="The architecture computes its attention in a way that cannot be followed.",
        )
    places = _stacked([gathered[layer].places for layer in layers])
    kinds = _stacked([gathered[layer].kinds for layer in layers])
    empty = [place for place, tokens in enumerate(rows.of) if not tokens]
    places[empty], kinds[empty] = np.nan, np.nan
    heads = places.shape[2]
    return AttentionRecord(
        found.blocks,
        tuple(layers),
        tuple(range(heads)) if question.heads == "each" else (None,),
        tuple(len(tokens) for tokens in rows.of),
        tuple(tokens[0] if tokens else 0 for tokens in rows.of),
        places[:-1],
        {name: kinds[:-1, ..., number] for number, name in enumerate(columns.names)},
        places[-1] if question.method != "gradient" and bool(rows.shares[-1].any()) else None,
        notes,
    )


def _stacked(layers: Sequence[torch.Tensor]) -> npt.NDArray[np.float32]:
    """``[lines, heads, …]`` of each layer as one ``[lines, layers, heads, …]``."""
    return np.ascontiguousarray(torch.stack(list(layers), dim=1).numpy())


def _listed(numbers: Sequence[int]) -> str:
    """``0-11`` or ``3, 8, 13``."""
    if len(numbers) > 1 and tuple(numbers) == tuple(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]}-{numbers[-1]}"
    return ", ".join(map(str, numbers))
