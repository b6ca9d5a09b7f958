"""Decoding one picture to the pixels a person would see, or saying why it cannot be used.

Nothing here trusts a file: only the decoders of :data:`FORMATS` are tried, the size is checked in the
header before pixels are allocated, and whatever a decoder raises becomes an :class:`ImageError`.
"""

from __future__ import annotations

import hashlib
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from elena_wb.core import ImageError, Pixels
from elena_wb.data.colour import in_srgb

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "GIF", "BMP")
MAX_PIXELS = 80_000_000
MIN_SIDE = 16
MAX_ASPECT = 100

_ORIENTATION_TAG = 0x0112
_TRANSPOSITION = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")

# What Pillow warns of (damaged EXIF, large pictures) is checked here and told through notes and errors.
warnings.filterwarnings("ignore", module=r"PIL\.")


@dataclass(frozen=True, slots=True)
class LoadedImage:
    """A decoded picture; ``notes`` says what of the file was not used, such as further frames."""

    pixels: Pixels
    width: int
    height: int
    notes: tuple[str, ...] = ()


def load_image(path: Path, *, max_pixels: int = MAX_PIXELS) -> LoadedImage:
    """Decode ``path`` to uint8 ``[height, width, 3]`` RGB as displayed.

    The format is told by content, never by name. EXIF orientation is applied (invalid values are
    ignored); an embedded colour profile is converted to sRGB; transparency is laid over white; of several
    frames or pages the first is taken; 16-bit samples keep their upper eight bits.

    Raises:
        ImageError: the file cannot be read, is no picture, is damaged, has more than ``max_pixels``
            pixels, a side shorter than ``MIN_SIDE`` or an aspect beyond ``MAX_ASPECT``.
    """
    _check_file(path)
    try:
        with Image.open(path, formats=FORMATS) as image:
            _check_size(path, image.width, image.height, max_pixels)
            notes = _notes_on_frames(image)
            image.load()
            pixels, colour_notes = _as_displayed(path, image)
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageError(
            f"{path.name}: claims far more pixels than the {max_pixels / 1e6:.0f} million that are read.",
            hint="Save a smaller copy of it.",
        ) from error
    except UnidentifiedImageError as error:
        raise _unidentified(path) from error
    except MemoryError as error:
        raise ImageError(f"{path.name}: too large for the memory of this machine.") from error
    except Exception as error:
        raise ImageError(
            f"{path.name}: damaged or cut short ({_first_line(error)}).",
            hint="Copy or download the file again.",
        ) from error
    height, width = pixels.shape[:2]
    return LoadedImage(pixels, width, height, (*notes, *colour_notes))


def pixel_digest(pixels: Pixels) -> str:
    """sha256 (hex) over shape and bytes: equal for equal pictures, whatever file they came from."""
    digest = hashlib.sha256(f"{pixels.shape}".encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def _check_file(path: Path) -> None:
    try:
        info = path.stat()
    except FileNotFoundError as error:
        raise ImageError(f"{path.name}: the file is no longer there.") from error
    except OSError as error:
        raise ImageError(f"{path.name}: cannot be read ({error.strerror}).") from error
    if not stat.S_ISREG(info.st_mode):
        raise ImageError(f"{path.name}: not a file.")
    if info.st_size == 0:
        raise ImageError(f"{path.name}: the file is empty.", hint="Copy or download the file again.")


def _check_size(path: Path, width: int, height: int, max_pixels: int) -> None:
    short, long = sorted((width, height))
    size = f"{width} x {height} pixels"
    if width * height > max_pixels:
        raise ImageError(
            f"{path.name}: {size} is more than the {max_pixels / 1e6:.0f} million pixels that are read.",
            hint="Save a smaller copy of it.",
        )
    if short < MIN_SIDE:
        raise ImageError(f"{path.name}: too small: {size}; both sides must have at least {MIN_SIDE}.")
    if long > MAX_ASPECT * short:
        raise ImageError(f"{path.name}: too long and narrow: {size} (more than {MAX_ASPECT}:1).")


def _notes_on_frames(image: Image.Image) -> tuple[str, ...]:
    if not getattr(image, "is_animated", False):
        return ()
    word = "pages" if image.format == "TIFF" else "pictures" if image.format == "MPO" else "frames"
    return (f"several {word}: only the first is used",)


def _as_displayed(path: Path, image: Image.Image) -> tuple[Pixels, tuple[str, ...]]:
    if image.mode in ("I", "F"):
        raise ImageError(
            f"{path.name}: grey values of 32 bits without a range to display them in.",
            hint="Save it with 8 or 16 bits a sample.",
        )
    turned = _upright(image)
    if turned.mode.startswith("I;16"):
        grey = (np.asarray(turned) >> 8).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2), ()
    converted, notes = in_srgb(turned, image.info.get("icc_profile"))
    return np.array(_over_white(converted)), notes


def _upright(image: Image.Image) -> Image.Image:
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG)
    except Exception:  # noqa: BLE001 - a damaged EXIF block says nothing about the pixels
        return image
    method = _TRANSPOSITION.get(orientation) if isinstance(orientation, int) else None
    return image if method is None else image.transpose(method)


def _over_white(image: Image.Image) -> Image.Image:
    """``image`` as RGB; what is transparent shows white, as on a page."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    seen = image.convert("RGBA")
    page = Image.new("RGBA", seen.size, "white")
    return Image.alpha_composite(page, seen).convert("RGB")


def _unidentified(path: Path) -> ImageError:
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError as error:
        return ImageError(f"{path.name}: cannot be read ({error.strerror}).")
    if start[4:8] == b"ftyp" and start[8:12] in _HEIC_BRANDS:
        return ImageError(
            f"{path.name}: a HEIC picture, which is not read here.", hint="Convert it to JPEG or PNG."
        )
    if start.startswith(b"version https://git-lfs"):
        return ImageError(
            f"{path.name}: a Git LFS pointer, not the picture itself.",
            hint="Run `git lfs pull` where it is from.",
        )
    return ImageError(
        f"{path.name}: not a picture, or too damaged to be told as one.",
        hint=f"Formats that are read: {', '.join(FORMATS)}.",
    )


def _first_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:120]
