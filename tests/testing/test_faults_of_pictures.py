"""``check_locator`` and ``check_masker``: each way to break the contract is seen and named."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from elena_wb.core import AbsentError, Box, ImageError, Pixels, Region, SetupError, Stimulus
from elena_wb.testing import check_locator, check_masker


class SoundLocator:
    """Finds the brightest quarter."""

    def __init__(self, least: float = 0.0, part: str = "light") -> None:
        if not 0 <= least <= 1:
            raise ValueError(f"least is {least}; it must be from 0 to 1")
        self.least = least
        self.part = part

    @property
    def parts(self) -> Any:
        return frozenset({"light"})

    @property
    def identity(self) -> Any:
        return f"sound(least={self.least:g})"

    def locate(self, pixels: Pixels, stimulus: Stimulus) -> Any:
        height, width = pixels.shape[:2]
        if min(height, width) < 2:
            raise ImageError("Too small.")
        means = {
            (x, y): float(
                pixels[y * (height // 2) :, x * (width // 2) :][: height // 2, : width // 2].mean() / 255
            )
            for x in (0, 1)
            for y in (0, 1)
        }
        (x, y), mean = max(means.items(), key=lambda item: item[1])
        if mean < self.least:
            return []
        box = Box(x * width / 2, y * height / 2, width / 2, height / 2)
        return [Region("light", box, "sound", mean, {"middle": (box.x + box.w / 2, box.y + box.h / 2)})]


def region(**changes: Any) -> dict[str, Any]:
    """A locator whose regions differ in these fields."""

    def locate(self: SoundLocator, pixels: Pixels, stimulus: Stimulus) -> Sequence[Region]:
        return [replace(one, **changes) for one in SoundLocator.locate(self, pixels, stimulus)]

    return {"locate": locate}


def painting(self: SoundLocator, pixels: Pixels, stimulus: Stimulus) -> Any:
    pixels[0, 0] = 255 - pixels[0, 0]
    return SoundLocator.locate(self, pixels, stimulus)


def one_thread_only(self: SoundLocator, pixels: Pixels, stimulus: Stimulus) -> Any:
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("made in another thread")
    return SoundLocator.locate(self, pixels, stimulus)


def ever_more(self: SoundLocator, pixels: Pixels, stimulus: Stimulus) -> Any:
    self.calls = getattr(self, "calls", 0) + 1  # type: ignore[attr-defined]
    return SoundLocator.locate(self, pixels, stimulus) * self.calls  # type: ignore[attr-defined]


def failing_on_small(self: SoundLocator, pixels: Pixels, stimulus: Stimulus) -> Any:
    if pixels.size < 10:
        raise IndexError("out of bounds")
    return SoundLocator.locate(self, pixels, stimulus)


def printing(self: SoundLocator, pixels: Pixels, stimulus: Stimulus) -> Any:
    print("found something")
    return SoundLocator.locate(self, pixels, stimulus)


def without_default(self: SoundLocator, least: float) -> None:
    SoundLocator.__init__(self, least)


def without_annotation(self: SoundLocator, least=0.0) -> None:
    SoundLocator.__init__(self, least)


def unchecked(self: SoundLocator, least: float = 0.0) -> None:
    SoundLocator.__init__(self, 1 / (least + 1_000_000))


def absent(self: SoundLocator) -> None:
    raise AbsentError("The weights are not here.")


def wrong(self: SoundLocator) -> None:
    raise SetupError("The weights are damaged.")


LOCATORS: dict[str, tuple[dict[str, Any], str]] = {
    "parts in a list": ({"parts": ["light"]}, "['light']"),
    "a part no one can type": ({"parts": frozenset({"Left Hand"})}, "the part ['Left Hand']"),
    "a part of which nobody knew": (region(part="shade"), "'shade', which `parts` has not"),
    "a score beyond 1": (region(score=1.5), "the score 1.5"),
    "a score that is no number": (region(score=float("nan")), "the score nan"),
    "a box of nothing": (region(box=Box(1, 1, 0, 0)), "which is not in a picture of"),
    "a box beside the picture": (region(box=Box(90_000, 1, 5, 5)), "which is not in a picture of"),
    "a box without end": (region(box=Box(0, 0, float("inf"), 5)), "w=inf"),
    "nobody's region": (region(locator=""), "the locator ''"),
    "a landmark that is lost": (region(landmarks={"eye": (1.0, float("nan"))}), "the landmark 'eye'"),
    "a generator": ({"locate": lambda self, p, s: (one for one in ())}, "generator for a picture of"),
    "boxes alone": ({"locate": lambda self, p, s: [Box(0, 0, 1, 1)]}, "which is no Region"),
    "paints": ({"locate": painting}, "the pixels of a picture of 128 × 96 pixels were changed"),
    "never the same": ({"locate": ever_more}, "regions and not"),
    "one thread only": ({"locate": one_thread_only}, "RuntimeError: made in another thread"),
    "raises on a small picture": ({"locate": failing_on_small}, "IndexError: out of bounds"),
    "prints": ({"locate": printing}, "nothing is printed on stdout"),
    "no identity": ({"identity": ""}, "the identity ''"),
    "an identity of two lines": ({"identity": "a\nb"}, "the identity 'a\\nb'"),
    "an identity that forgets an option": ({"identity": "sound"}, "with and without `least="),
    "an identity by the clock": (
        {"identity": property(lambda self: f"sound {id(self)}")},
        "the same each time and for each instance",
    ),
    "an option without default": ({"__init__": without_default}, "`least` without a default"),
    "an option without annotation": ({"__init__": without_annotation}, "`least` without an annotation"),
    "an option that is not looked at": ({"__init__": unchecked}, "ZeroDivisionError"),
    "weights that no command brings": ({"prepare": absent}, "an AbsentError without a hint"),
    "damaged weights": ({"prepare": wrong}, "something is there and wrong: The weights are damaged."),
}


def test_a_sound_locator_passes_also_as_an_instance() -> None:
    assert not check_locator(SoundLocator, {"least": "0.2"}).left_out
    (left_out,) = check_locator(SoundLocator(), deterministic=True).left_out
    assert "an instance was given" in left_out


def test_pictures_of_the_author_are_to_show_something(tmp_path: Path) -> None:
    Image.fromarray(np.full((40, 40, 3), 10, np.uint8)).save(tmp_path / "dark.png")
    assert "something is found in each of the pictures given" in str(
        check_locator(SoundLocator, pictures=[tmp_path / "dark.png"])
    )
    with pytest.raises(AssertionError, match="nothing in dark"):
        check_locator(SoundLocator, {"least": "0.5"}, pictures=[tmp_path / "dark.png"])


@pytest.mark.parametrize(("overrides", "said"), LOCATORS.values(), ids=LOCATORS)
def test_a_fault_of_a_locator_is_named_together_with_what_was_seen(overrides, said) -> None:
    with pytest.raises(AssertionError) as raised:
        check_locator(type("Faulty", (SoundLocator,), overrides))
    assert said in str(raised.value)
    assert "Faulty: the contract asks that" in str(raised.value)


class SoundMasker:
    """Fills boxes with one grey."""

    def __init__(self, grey: int = 128) -> None:
        if not 0 <= grey <= 255:
            raise ValueError(f"grey is {grey}; it must be from 0 to 255")
        self.grey = grey

    @property
    def identity(self) -> Any:
        return f"sound(grey={self.grey})"

    def mask(self, pixels: Pixels, boxes: Sequence[Box]) -> Any:
        masked = pixels.copy()
        for box in boxes:
            fill(masked, box, self.grey)
        return masked


def fill(masked: Pixels, box: Box, value: Any) -> None:
    inside = box.clipped(masked.shape[1], masked.shape[0])
    if inside is not None:
        masked[
            int(inside.y) : int(np.ceil(inside.y + inside.h)),
            int(inside.x) : int(np.ceil(inside.x + inside.w)),
        ] = value


def in_place(self: SoundMasker, pixels: Pixels, boxes: Sequence[Box]) -> Any:
    for box in boxes:
        fill(pixels, box, self.grey)
    return pixels


def translucent(self: SoundMasker, pixels: Pixels, boxes: Sequence[Box]) -> Any:
    masked = SoundMasker.mask(self, pixels, boxes)
    return np.where(masked == pixels, pixels, pixels // 2 + masked // 2)


def rounded_inwards(self: SoundMasker, pixels: Pixels, boxes: Sequence[Box]) -> Any:
    smaller = [Box(box.x + 1, box.y + 1, box.w - 2, box.h - 2) for box in boxes]
    return SoundMasker.mask(self, pixels, [box for box in smaller if box.w > 0 and box.h > 0])


def the_whole_row(self: SoundMasker, pixels: Pixels, boxes: Sequence[Box]) -> Any:
    wide = [Box(0, box.y, 10_000, box.h) for box in boxes]
    return SoundMasker.mask(self, pixels, wide)


def of_the_border_unawares(self: SoundMasker, pixels: Pixels, boxes: Sequence[Box]) -> Any:
    masked = pixels.copy()
    for box in boxes:
        masked[int(box.y) : int(box.y + box.h) + 1, int(box.x) : int(box.x + box.w) + 1] = self.grey
    return masked


def by_lot(self: SoundMasker, pixels: Pixels, boxes: Sequence[Box]) -> Any:
    masked = pixels.copy()
    for box in boxes:
        fill(masked, box, np.random.default_rng().integers(0, 20))
    return masked


def only_the_first(self: SoundMasker, pixels: Pixels, boxes: Sequence[Box]) -> Any:
    return SoundMasker.mask(self, pixels, boxes[-1:])


def mask_as(convert: Any) -> dict[str, Any]:
    return {"mask": lambda self, pixels, boxes: convert(SoundMasker.mask(self, pixels, boxes))}


def beyond(self: Any, boxes: Sequence[Box], *, width: int, height: int, **_: Any) -> Any:
    return [Box(width - 2, 0, 10, 2)]


def on_the_part(self: Any, boxes: Sequence[Box], **_: Any) -> Any:
    return [box for one in boxes if (box := one.clipped(_["width"], _["height"]))]


MASKERS: dict[str, tuple[dict[str, Any], str]] = {
    "paints": ({"mask": in_place}, "were changed"),
    "hands back what it was given": (
        {"mask": lambda self, pixels, boxes: pixels},
        "the very pixels that were given",
    ),
    "as real numbers": (mask_as(lambda masked: masked / 255), "float64"),
    "grey": (mask_as(lambda masked: masked[:, :, 0]), "uint8 (96, 128)"),
    "a list": (mask_as(lambda masked: masked.tolist()), "list for a picture of"),
    "lets it shine through": ({"mask": translucent}, "grey values still tell what a box inside hid"),
    "leaves the rim": ({"mask": rounded_inwards}, "grey values still tell what"),
    "hides one of several": ({"mask": only_the_first}, "grey values still tell what boxes that overlap"),
    "hides nothing": ({"mask": lambda self, pixels, boxes: pixels.copy()}, "255 of 255 grey values"),
    "hides too much": ({"mask": the_whole_row}, "pixels changed outside, of"),
    "wraps around at the border": ({"mask": of_the_border_unawares}, "what a box over the border hid"),
    "by lot": ({"mask": by_lot}, "differ"),
    "an identity that forgets an option": ({"identity": "sound"}, "with and without `grey="),
    "elsewhere is nowhere": ({"elsewhere": beyond}, "which is not within"),
    "elsewhere is here": ({"elsewhere": on_the_part}, "over the part"),
    "leaves no pixel alone": (
        {"layers": None, "unattended": lambda self, boxes, **_: boxes},
        "a style that leaves pixels leaves them all",
    ),
    "layers the wrong way round": (
        {
            "layers": (3, 1),
            "unattended": lambda self, boxes, **_: boxes,
            "mask": lambda self, p, b: p.copy(),
        },
        "the layers (3, 1)",
    ),
}


def test_a_sound_style_passes() -> None:
    assert not check_masker(SoundMasker, {"grey": "0"}, reach=0).left_out


@pytest.mark.parametrize(("overrides", "said"), MASKERS.values(), ids=MASKERS)
def test_a_fault_of_a_style_is_named_together_with_what_was_seen(overrides, said) -> None:
    with pytest.raises(AssertionError) as raised:
        check_masker(type("Faulty", (SoundMasker,), overrides))
    assert said in str(raised.value)
    assert "Faulty: the contract asks that" in str(raised.value)
