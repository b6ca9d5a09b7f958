"""Pictures to try locators and masking styles with: everyday ones, plain ones, and the smallest and largest."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from elena_wb.core import Box, Pixels, Region, Stimulus
from elena_wb.data import load_image, pixel_digest
from elena_wb.testing.inspection import must
from elena_wb.testing.questions import picture

LARGE = (1500, 2000)
"""Height and width of the largest picture that is tried."""

_THREADS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A picture with its stimulus; ``what`` is special about it, and whether one that works must cope with it."""

    what: str
    pixels: Pixels
    stimulus: Stimulus
    everyday: bool = True


@contextlib.contextmanager
def gallery(examples: Sequence[Path] = ()) -> Iterator[list[Shown]]:
    """Pictures of all kinds, each in a file of its own; ``examples`` come first."""
    made: list[tuple[str, Pixels, bool]] = [
        ("a picture of 128 × 96 pixels", picture(96, 128, 1), True),
        ("another picture of 128 × 96 pixels", picture(96, 128, 2), True),
        ("a picture of odd sides, 131 × 97", picture(97, 131, 3), True),
        ("a grey picture", np.full((64, 64, 3), 128, np.uint8), True),
        ("a black picture", np.zeros((64, 64, 3), np.uint8), True),
        ("a picture of noise", np.random.default_rng(4).integers(0, 256, (80, 80, 3), np.uint8), True),
        ("the smallest picture there is, 16 × 16", picture(16, 16, 5), True),
        (f"a picture of {LARGE[1]} × {LARGE[0]} pixels", picture(*LARGE, 6), True),
        ("a picture of 3 × 900 pixels", picture(900, 3, 7), False),
        ("a picture of one pixel", picture(1, 1, 8), False),
    ]
    with tempfile.TemporaryDirectory(prefix="elena-wb-check-") as folder:
        shown = [Shown(path.name, load_image(path).pixels, _stimulus(path)) for path in examples]
        for number, (what, pixels, everyday) in enumerate(made):
            path = Path(folder) / f"{number}.bmp"
            Image.fromarray(pixels).save(path)
            shown.append(Shown(what, pixels, _stimulus(path, pixels), everyday))
        yield shown


def unchanged(shown: Shown, digest: str) -> None:
    """Make sure that the pixels are still those of ``digest``.

    Raises:
        Unmet: somebody wrote to them.
    """
    must(pixel_digest(shown.pixels) == digest, f"the pixels of {shown.what} were changed")


def in_threads(work: Callable[[Shown], Any], pictures: Sequence[Shown]) -> list[Any]:
    """What ``work`` makes of each of ``pictures``, asked from several threads at once."""
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(work, [*pictures, *pictures]))[: len(pictures)]


def _stimulus(path: Path, pixels: Pixels | None = None) -> Stimulus:
    """The stimulus of a file, with an annotated face where there is room for one."""
    info = path.stat()
    regions: tuple[Region, ...] = ()
    if pixels is not None and min(pixels.shape[:2]) >= 16:
        height, width = pixels.shape[:2]
        regions = (Region("face", Box(width / 4, height / 4, width / 4, height / 4), "check"),)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Stimulus(digest, path, "check", info.st_size, info.st_mtime_ns, regions=regions)
