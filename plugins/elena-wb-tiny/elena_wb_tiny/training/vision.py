"""Warming up the vision tower: what a figure does and shows, read from the tokens the language model will get.

Dense supervision (which patch holds each joint and facial landmark, and where in it) carries the first minutes;
without it accuracy stays at chance for hundreds of steps.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn
from transformers import Gemma3ForConditionalGeneration

from elena_wb_tiny.stimuli import ATTRIBUTES, EMOTIONS, FACIAL_ATTRIBUTES, KEYPOINTS
from elena_wb_tiny.training.batches import IGNORE, Batch, draw
from elena_wb_tiny.training.model import GRID, IMAGE_TOKENS, TEXT_WIDTH, VISION_WIDTH
from elena_wb_tiny.training.optimise import Clock, Optimiser, rate
from elena_wb_tiny.training.pools import Pool

TARGETS = {name: len(EMOTIONS) for name in ("seen", "body", "expression")} | {
    name: len(classes) - 1 for name, classes in ATTRIBUTES.items()
}
"""Number of classes of each head; attribute heads leave out `hidden`, the last class."""

WEIGHTS = {"seen": 1.0, "body": 0.5, "expression": 2.0} | dict.fromkeys(FACIAL_ATTRIBUTES, 0.75)
"""Loss weights of the heads, 0.25 where not listed; the face is small in the picture and must be insisted on."""


class Heads(nn.Module):
    """Training-time read-outs of the image tokens [B, T, D] and patches [B, G*G, V]; thrown away afterwards."""

    def __init__(self) -> None:
        super().__init__()
        classes = sum(TARGETS.values())
        self.norm = nn.LayerNorm(TEXT_WIDTH)
        self.by_place = nn.Linear(IMAGE_TOKENS * TEXT_WIDTH, classes)
        self.pooled = nn.Linear(TEXT_WIDTH, classes)
        self.places = nn.Linear(VISION_WIDTH, len(KEYPOINTS))
        self.offsets = nn.Linear(VISION_WIDTH, 2 * len(KEYPOINTS))
        nn.init.normal_(self.by_place.weight, std=0.005)

    def forward(self, tokens: torch.Tensor) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
        """Return class logits by head, read place by place and from the mean token."""
        normed = self.norm(tokens)
        sizes = list(TARGETS.values())
        placed = self.by_place(normed.flatten(1)).split(sizes, dim=1)
        pooled = self.pooled(normed.mean(dim=1)).split(sizes, dim=1)
        return dict(zip(TARGETS, placed, strict=True)), dict(zip(TARGETS, pooled, strict=True))


@dataclass(frozen=True, slots=True)
class Scores:
    """Head accuracies on unseen pictures: by head, unmasked and masked; `face` is read on incongruent ones only."""

    unmasked: dict[str, float]
    masked: dict[str, float]
    face: float

    def line(self) -> str:
        """One line for a log."""
        plain = " ".join(f"{name}={value:.2f}" for name, value in self.unmasked.items())
        return f"face|incongruent={self.face:.2f} masked: seen={self.masked['seen']:.2f} unmasked: {plain}"


def look(model: Gemma3ForConditionalGeneration, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return patches [B, G*G, V] and the projected image tokens [B, T, D] of a batch of pictures."""
    patches = model.model.vision_tower(pixel_values=pixels).last_hidden_state
    return patches, model.model.multi_modal_projector(patches)


def vision_loss(heads: Heads, batch: Batch, patches: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """Classification losses of every head plus the dense losses; a scalar."""
    placed, pooled = heads(tokens)
    total = _dense_loss(heads, batch.points, patches)
    for name, target in targets(batch).items():
        weight = WEIGHTS.get(name, 0.25)
        if bool((target != IGNORE).any()):
            total = total + weight * F.cross_entropy(placed[name], target, ignore_index=IGNORE)
            total = total + weight * F.cross_entropy(pooled[name], target, ignore_index=IGNORE)
    return total


def targets(batch: Batch) -> dict[str, torch.Tensor]:
    """Class targets by head."""
    columns = {name: batch.attributes[:, a] for a, name in enumerate(ATTRIBUTES)}
    return {"seen": batch.seen, "body": batch.body, "expression": batch.expression} | columns


def _dense_loss(heads: Heads, points: torch.Tensor, patches: torch.Tensor) -> torch.Tensor:
    """Cross-entropy over patches for each visible keypoint, and its offset inside its patch."""
    row, point = (points[..., 2] > 0.5).nonzero(as_tuple=True)
    where = points[row, point, :2].clamp(0.0, 0.9999) * GRID
    cell = where[:, 1].long() * GRID + where[:, 0].long()
    places = heads.places(patches).transpose(1, 2)[row, point]
    offsets = heads.offsets(patches[row, cell]).view(-1, len(KEYPOINTS), 2)[torch.arange(len(row)), point]
    return F.cross_entropy(places, cell) + 2.0 * F.l1_loss(offsets, where - where.floor() - 0.5)


def train_vision(
    model: Gemma3ForConditionalGeneration,
    heads: Heads,
    pool: Pool,
    clock: Clock,
    *,
    batch: int,
    rng: np.random.Generator,
    optimiser: Optimiser | None = None,
    report: Callable[[int, float, float], None] = lambda step, progress, loss: None,
) -> None:
    """Train tower, projector and heads until the clock runs out; `report` gets each step's loss."""
    model.train()
    if optimiser is None:
        optimiser = Optimiser([(list(vision_parameters(model)), 1.0), (list(heads.named_parameters()), 1.0)])
    progress = 0.0
    while progress < 1.0:
        progress = clock.tick()
        drawn = draw(pool, pool.pick(batch, rng), rng)
        patches, tokens = look(model, drawn.pixels)
        loss = vision_loss(heads, drawn, patches, tokens)
        torch.autograd.backward(loss)
        optimiser.step(rate(progress, clock.step))
        report(clock.step, progress, loss.item())


def vision_parameters(model: Gemma3ForConditionalGeneration) -> list[tuple[str, nn.Parameter]]:
    """The tower's and projector's parameters by name."""
    parts = (model.model.vision_tower, model.model.multi_modal_projector)
    return [item for part in parts for item in part.named_parameters()]


@torch.inference_mode()
def score_vision(
    model: Gemma3ForConditionalGeneration, heads: Heads, pool: Pool, count: int, *, step: int = 100
) -> Scores:
    """Judge the place-wise heads on the first `count` pictures of an unseen pool, masked and unmasked."""
    model.train(False)
    rng = np.random.default_rng(0)
    shares: list[dict[str, float]] = []
    face = 0.0
    for masked in (False, True):
        hits: dict[str, list[torch.Tensor]] = {name: [] for name in TARGETS}
        clash: list[torch.Tensor] = []
        for start in range(0, count, step):
            index = np.arange(start, min(start + step, count))
            drawn = draw(pool, index, rng, masked=masked)
            placed, _ = heads(look(model, drawn.pixels)[1])
            for name, target in targets(drawn).items():
                known = target != IGNORE
                right = placed[name].argmax(dim=1) == target
                hits[name].append(right[known])
                if name == "expression" and not masked:
                    clash.append(right[torch.from_numpy(pool.body[index] != pool.expression[index])])
        shares.append({name: float(torch.cat(found).float().mean()) for name, found in hits.items()})
        if clash:
            face = float(torch.cat(clash).float().mean())
    model.train()
    return Scores(unmasked=shares[0], masked=shares[1], face=face)
