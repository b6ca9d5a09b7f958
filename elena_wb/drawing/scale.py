"""The bar that says what colours stand for."""

from __future__ import annotations

import math

from PIL import Image, ImageDraw

from elena_wb.drawing.heat import bar
from elena_wb.drawing.text import fitted, font, line_height, width

_BLACK, _GREY = (0, 0, 0), (90, 90, 90)
_WORDS = "attention as a multiple of even attention (1: no preference)"
_SHORT = "times even attention"


def scale(room: int, size: int, most: float, beyond: bool) -> Image.Image:
    """A bar from 0 to ``most``, ``room`` pixels wide; ``beyond`` says that some of what is drawn is more."""
    high, thick = line_height(size), max(round(size * 0.9), 6)
    image = Image.new("RGB", (room, thick + 6 + 2 * high), "white")
    draw = ImageDraw.Draw(image)
    wide = max(room - 1, 1)
    last = number(most) + (" and more" if beyond else "")
    image.paste(bar(wide + 1, thick), (0, 0))
    draw.rectangle((0, 0, wide, thick), outline=_GREY)
    end = room - width(last, size)
    taken = width("0", size)
    for value in ticks(most):
        x, text = round(value / most * wide), number(value)
        left = 0 if value == 0 else x - width(text, size) // 2
        if value and (left < taken + size // 2 or left + width(text, size) > end - size // 2):
            continue
        taken = left + width(text, size)
        draw.line((x, thick, x, thick + 4), fill=_BLACK)
        draw.text((left, thick + 5), text, fill=_BLACK, font=font(size))
    draw.line((wide, thick, wide, thick + 4), fill=_BLACK)
    draw.text((end, thick + 5), last, fill=_BLACK, font=font(size))
    if most > 1:
        x = round(wide / most)
        draw.line((x, 0, x, thick), fill=(255, 255, 255))
    words = _WORDS if width(_WORDS, size) <= room else fitted(_SHORT, size, room)
    draw.text((0, thick + 5 + high), words, fill=_GREY, font=font(size))
    return image


def ticks(most: float) -> list[float]:
    """Round numbers from 0 up to ``most``, about four to nine of them, and 1."""
    step = 10.0 ** math.floor(math.log10(most / 4))
    for factor in (1, 2, 5):
        if most / (step * factor) <= 8:
            step *= factor
            break
    return sorted({k * step for k in range(int(most / step) + 1)} | ({1.0} if most > 1 else set()))


def number(value: float, digits: int = 3) -> str:
    """So many digits that count, without powers of ten as far as can be: ``0``, ``0.25``, ``12.5``, ``1340``."""
    if value == 0:
        return "0"
    if 0.001 <= value < 100_000:
        decimals = max(0, digits - 1 - math.floor(math.log10(value)))
        text = f"{value:.{decimals}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:.{digits - 1}e}"
