"""Judging a saved model the way it is used: processor and model from a folder, 336-pixel PNGs, greedy answers."""

import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from PIL import Image as Pillow
from transformers import AutoModelForImageTextToText, AutoProcessor

from elena_wb_tiny.grammar import PROMPTS, agrees
from elena_wb_tiny.lexicon import FACIAL_WORDS
from elena_wb_tiny.stimuli import EMOTIONS, Picture, Scene, apply_mask, label, render, sample

Condition = Literal["unmasked", "masked", "incongruent"]
CONDITIONS: tuple[Condition, ...] = ("unmasked", "masked", "incongruent")
SIZE = 336
KEYS = (
    "emotion", "valence", "arousal", "dominance", "body_parts", "explicit_description", "implicit_description",
    "narrative",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer judged: `parsed` means valid JSON with exactly the keys asked for, in order.

    `parts` has one entry for each named body part: does it agree with the pose (unknown phrases do not)?
    """

    scene: Scene
    text: str
    parsed: bool
    emotion: str | None
    parts: tuple[bool, ...]
    facial: bool


@dataclass(frozen=True, slots=True)
class Share:
    """A share of `n` with its 95 % Wilson interval."""

    hits: int
    n: int

    @property
    def value(self) -> float:
        """Hits over n; 0 for n = 0."""
        return self.hits / self.n if self.n else 0.0

    def __str__(self) -> str:
        low, high = wilson(self.hits, self.n)
        return f"{self.value:.3f} [{low:.3f}, {high:.3f}]"


@dataclass(frozen=True, slots=True)
class Result:
    """What a condition's verdicts add up to.

    `accuracy` compares with the unmasked label, or with the body where the face is masked; `face` and `body` are
    the shares of answers that follow each. `confusion[true][answered]` counts; unparsed answers count as "none".
    """

    condition: Condition
    parsed: Share
    accuracy: Share
    face: Share
    body: Share
    parts: Share
    facial: Share
    confusion: dict[str, Counter[str]]


class Reader:
    """A model folder ready to answer."""

    def __init__(self, folder: Path) -> None:
        load_processor: Any = AutoProcessor.from_pretrained
        self._processor = load_processor(folder)
        self._model: Any = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)
        self._model.train(False)

    def answer(self, images: list[Pillow.Image], prompt: str) -> list[str]:
        """Answer one prompt text about each picture, greedily, in one batch."""
        turns = [
            [{"role": "user", "content": [{"type": "image", "image": i}, {"type": "text", "text": prompt}]}]
            for i in images
        ]
        inputs = self._processor.apply_chat_template(
            turns,
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            processor_kwargs={"padding": True},
        )
        with torch.inference_mode():
            output = self._model.generate(**inputs, max_new_tokens=170, do_sample=False)
        fresh = output[:, inputs["input_ids"].shape[1] :]
        return [str(text) for text in self._processor.batch_decode(fresh, skip_special_tokens=True)]


def evaluate(
    folder: Path, condition: Condition, count: int, *, seed: int, style: str = "elena", batch: int = 50
) -> Result:
    """Judge `count` pictures of an unseen seed; `style` is "elena" or "naive"."""
    reader = Reader(folder)
    return summarise(condition, list(verdicts(reader, condition, count, seed=seed, style=style, batch=batch)))


def verdicts(
    reader: Reader, condition: Condition, count: int, *, seed: int, style: str = "elena", batch: int = 50
) -> Iterator[Verdict]:
    """Render, ask and judge in batches."""
    prompt = PROMPTS[f"{style}-masked" if condition == "masked" else style]
    for start in range(0, count, batch):
        scenes = [
            sample(seed, index, incongruent=condition == "incongruent")
            for index in range(start, min(start + batch, count))
        ]
        pictures = [render(scene, SIZE) for scene in scenes]
        images = [_as_png(picture, masked=condition == "masked") for picture in pictures]
        for scene, picture, text in zip(scenes, pictures, reader.answer(images, prompt), strict=True):
            yield judge(scene, picture, text, keys=KEYS if style == "elena" else KEYS[:1])


def judge(scene: Scene, picture: Picture, text: str, *, keys: tuple[str, ...] = KEYS) -> Verdict:
    """Judge one answer against what the picture shows."""
    try:
        content = json.loads(text)
    except json.JSONDecodeError:
        content = None
    parsed = isinstance(content, dict) and tuple(content) == keys
    emotion = str(content.get("emotion", "")).lower() if isinstance(content, dict) else ""
    phrases = content.get("body_parts", []) if isinstance(content, dict) else []
    named = [str(phrase) for phrase in phrases] if isinstance(phrases, list) else []
    return Verdict(
        scene=scene,
        text=text,
        parsed=parsed,
        emotion=emotion if emotion in EMOTIONS else None,
        parts=tuple(agrees(phrase, picture) is True for phrase in named),
        facial=any(word in FACIAL_WORDS for word in re.findall(r"[a-z]+", text.lower())),
    )


def summarise(condition: Condition, judged: list[Verdict]) -> Result:
    """Add verdicts up."""
    n = len(judged)
    truth = [v.scene.body_emotion if condition == "masked" else label(v.scene) for v in judged]
    confusion = {emotion: Counter[str]() for emotion in EMOTIONS}
    for true, verdict in zip(truth, judged, strict=True):
        confusion[true][verdict.emotion or "none"] += 1
    parts = [agreed for v in judged for agreed in v.parts]
    return Result(
        condition=condition,
        parsed=Share(sum(v.parsed for v in judged), n),
        accuracy=Share(sum(v.emotion == true for v, true in zip(judged, truth, strict=True)), n),
        face=Share(sum(v.emotion == v.scene.face_emotion for v in judged), n),
        body=Share(sum(v.emotion == v.scene.body_emotion for v in judged), n),
        parts=Share(sum(parts), len(parts)),
        facial=Share(sum(v.facial for v in judged), n),
        confusion=confusion,
    )


def wilson(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """95 % interval of a share (E. B. Wilson 1927, JASA 22, 209-212); (0, 1) for n = 0."""
    if n == 0:
        return 0.0, 1.0
    share = hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * ((share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _as_png(picture: Picture, *, masked: bool) -> Pillow.Image:
    """Pass the picture through a PNG, as a stimulus folder does."""
    image = apply_mask(picture.image, picture.regions["face"]) if masked else picture.image
    stream = io.BytesIO()
    Pillow.fromarray(image).save(stream, "PNG")
    return Pillow.open(io.BytesIO(stream.getvalue())).convert("RGB")
