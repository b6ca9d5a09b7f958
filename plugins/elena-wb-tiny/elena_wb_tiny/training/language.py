"""The language stage: the text model learns to write what the warmed-up tower sees.

The loss lies on the answer alone. Words that the picture decides weigh more than the wording around them, which is
drawn at random and cannot be predicted. A first, cheap phase asks only for the emotion.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from PIL import Image as Pillow
from transformers import Gemma3ForConditionalGeneration, Gemma3Processor

from elena_wb_tiny.grammar import PROMPTS
from elena_wb_tiny.stimuli import EMOTIONS
from elena_wb_tiny.training.batches import Batch, draw
from elena_wb_tiny.training.model import IMAGE_SIZE, IMAGE_TOKENS
from elena_wb_tiny.training.optimise import Clock, Optimiser, rate
from elena_wb_tiny.training.pools import WORDINGS, Pool
from elena_wb_tiny.training.vision import Heads, look, vision_loss, vision_parameters

MISMATCHED_PROMPTS = 0.15
"""Share of samples whose prompt speaks of a hidden face where it is visible, or the other way round."""

TEXT_FIRST = 0.15
"""Share of samples whose prompt stands before the picture."""

VISION_LOSS = 0.25
VISION_RATE = 0.4
_WEIGHTS = {"emotion": 8.0, "affect": 1.0, "parts": 2.0, "rest": 0.5}


@dataclass(frozen=True, slots=True)
class Prefix:
    """The tokens before an answer, and where in them the picture's tokens lie."""

    ids: list[int]
    image_start: int


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer's tokens, end of turn included, and the weight of each in the loss."""

    ids: list[int]
    weights: list[float]


@dataclass(frozen=True, slots=True)
class Texts:
    """Every prefix, by prompt and by whether the prompt comes before the picture, and the answers to them.

    `elena[n][k]` are picture n's answers in the pool's order; `naive[e]` is the short answer of emotion e.
    """

    prefixes: dict[tuple[str, bool], Prefix]
    elena: list[list[Reply]]
    naive: list[Reply]


def prepare_texts(processor: Gemma3Processor, pool: Pool) -> Texts:
    """Tokenise everything once; prefixes come from the processor itself, so that they are what it makes later."""
    end = int(processor.tokenizer.convert_tokens_to_ids("<end_of_turn>"))
    naive = [f'{{"emotion":"{emotion.capitalize()}"}}' for emotion in EMOTIONS]
    return Texts(
        prefixes={(p, first): _prefix(processor, p, first) for p in PROMPTS for first in (False, True)},
        elena=[_replies(processor, texts, end) for texts in pool.texts],
        naive=_replies(processor, naive, end),
    )


def _prefix(processor: Gemma3Processor, prompt: str, text_first: bool) -> Prefix:
    picture = Pillow.new("RGB", (IMAGE_SIZE, IMAGE_SIZE))
    content: list[Any] = [{"type": "image", "image": picture}, {"type": "text", "text": PROMPTS[prompt]}]
    turn: dict[str, Any] = {"role": "user", "content": content[::-1] if text_first else content}
    inputs: Any = processor.apply_chat_template(
        [turn],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
    )
    kinds = list(inputs["token_type_ids"][0])
    return Prefix(ids=[int(token) for token in inputs["input_ids"][0]], image_start=kinds.index(1))


def _replies(processor: Gemma3Processor, texts: list[str], end: int) -> list[Reply]:
    encoded = processor.tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True)
    return [
        Reply(ids=[*ids, end], weights=[*_weights(text, offsets), _WEIGHTS["rest"]])
        for text, ids, offsets in zip(texts, encoded["input_ids"], encoded["offset_mapping"], strict=True)
    ]


def _weights(text: str, offsets: list[tuple[int, int]]) -> list[float]:
    """Weight each token by the field it starts in."""
    spans = [(m.span(1), _WEIGHTS["emotion"]) for m in re.finditer(r'"emotion":"(\w+)', text)]
    spans += [
        (m.span(1), _WEIGHTS["affect"]) for m in re.finditer(r'(?:valence|arousal|dominance)":(\d+)', text)
    ]
    spans += [(m.span(1), _WEIGHTS["parts"]) for m in re.finditer(r'"body_parts":\[(.*?)\]', text)]
    return [
        next((weight for (start, end), weight in spans if start <= begin < end), _WEIGHTS["rest"])
        for begin, _ in offsets
    ]


@dataclass(frozen=True, slots=True)
class Sequences:
    """B padded sequences of S tokens: ids, weights of the token each position predicts, and attention [B, 1, S, S]."""

    ids: torch.Tensor
    weights: torch.Tensor
    image: torch.Tensor
    attention: torch.Tensor


def arrange(texts: Texts, batch: Batch, rng: np.random.Generator, *, naive: bool) -> Sequences:
    """Join a prompt and an answer for each picture of the batch; pads lie on the right."""
    rows: list[tuple[Prefix, Reply]] = []
    for n, masked, seen in zip(batch.index, batch.masked, batch.seen.tolist(), strict=True):
        says_masked = bool(masked) != bool(rng.random() < MISMATCHED_PROMPTS)
        prompt = ("naive" if naive else "elena") + ("-masked" if says_masked else "")
        prefix = texts.prefixes[prompt, bool(rng.random() < TEXT_FIRST)]
        wording = int(masked) * WORDINGS + int(rng.integers(WORDINGS))
        rows.append((prefix, texts.naive[seen] if naive else texts.elena[int(n)][wording]))
    length = max(len(prefix.ids) + len(reply.ids) for prefix, reply in rows)
    ids = torch.zeros(len(rows), length, dtype=torch.long)
    weights = torch.zeros(len(rows), length)
    image = torch.zeros(len(rows), length, dtype=torch.bool)
    for row, (prefix, reply) in enumerate(rows):
        start, end = len(prefix.ids), len(prefix.ids) + len(reply.ids)
        ids[row, :end] = torch.tensor(prefix.ids + reply.ids)
        weights[row, start - 1 : end - 1] = torch.tensor(reply.weights)
        image[row, prefix.image_start : prefix.image_start + IMAGE_TOKENS] = True
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    attention = (causal | (image[:, :, None] & image[:, None, :]))[:, None]
    return Sequences(ids=ids, weights=weights, image=image, attention=attention)


def read(model: Gemma3ForConditionalGeneration, sequences: Sequences, tokens: torch.Tensor) -> torch.Tensor:
    """Return the text model's last hidden states [B, S, D], the picture's tokens put in their places."""
    language = model.model.language_model
    embedded = language.embed_tokens(sequences.ids)
    embedded = embedded.masked_scatter(sequences.image[..., None], tokens)
    masks = {"full_attention": sequences.attention, "sliding_attention": sequences.attention}
    hidden: torch.Tensor = language(
        inputs_embeds=embedded, attention_mask=masks, use_cache=False
    ).last_hidden_state
    return hidden


def answer_loss(
    model: Gemma3ForConditionalGeneration, sequences: Sequences, tokens: torch.Tensor
) -> torch.Tensor:
    """Weighted mean cross-entropy of the answers given image tokens [B, T, D]; logits only where they count."""
    hidden = read(model, sequences, tokens)
    row, place = sequences.weights.nonzero(as_tuple=True)
    losses = F.cross_entropy(
        model.lm_head(hidden[row, place]), sequences.ids[row, place + 1], reduction="none"
    )
    weights = sequences.weights[row, place]
    return (losses * weights).sum() / weights.sum()


def train_language(
    model: Gemma3ForConditionalGeneration,
    heads: Heads,
    pool: Pool,
    texts: Texts,
    clock: Clock,
    *,
    batch: int,
    rng: np.random.Generator,
    short_phase: float = 0.12,
    report: Callable[[int, float, float], None] = lambda step, progress, loss: None,
) -> None:
    """Train everything until the clock runs out: short answers alone for a first share, then three in four long.

    Every process must be given the same clock; `rng` differs between them.
    """
    model.train()
    vision = vision_parameters(model)
    rest = [(f"language.{n}", p) for n, p in model.model.language_model.named_parameters()]
    optimiser = Optimiser([(vision, VISION_RATE), (rest, 1.0), (list(heads.named_parameters()), VISION_RATE)])
    progress = 0.0
    while progress < 1.0:
        progress = clock.tick()
        naive = progress < short_phase or clock.step % 4 == 0
        drawn = draw(pool, pool.pick(batch, rng), rng)
        patches, tokens = look(model, drawn.pixels)
        loss = answer_loss(model, arrange(texts, drawn, rng, naive=naive), tokens)
        total = loss + VISION_LOSS * vision_loss(heads, drawn, patches, tokens)
        torch.autograd.backward(total)
        optimiser.step(rate(progress, clock.step))
        report(clock.step, progress, loss.item())
