"""Reading the pictures that clients send, as suspiciously as a real server would."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io

from PIL import Image

from tests.loopback.calls import Picture

_MEDIA_TYPES = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
_HARMLESS = {
    "jfif",
    "jfif_version",
    "jfif_unit",
    "jfif_density",
    "progressive",
    "progression",
    "loop",
    "background",
}


class BadRequestError(Exception):
    """What a real server would answer with HTTP 400."""


def picture(encoded: str, media_type: str) -> Picture:
    """The picture in this base64.

    Raises:
        BadRequestError: it is no base64, no picture, or not of its media type.
    """
    if media_type not in _MEDIA_TYPES:
        raise BadRequestError(f"Unsupported media type {media_type!r}.")
    try:
        data = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise BadRequestError(f"The image is not valid base64: {error}.") from error
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            found, size = image.format, image.size
            pixels = hashlib.sha256(image.convert("RGB").tobytes()).hexdigest()
            extra = tuple(sorted(str(name) for name in image.info if name not in _HARMLESS))
            extra += ("exif tags",) if image.getexif() else ()
    except Exception as error:
        raise BadRequestError("Unable to process input image.") from error
    if found != _MEDIA_TYPES[media_type]:
        raise BadRequestError(f"The image is {found}, not {media_type}.")
    return Picture(hashlib.sha256(data).hexdigest(), pixels, found, *size, len(data), extra)


def from_data_url(url: str) -> Picture:
    """The picture in a ``data:`` URL.

    Raises:
        BadRequestError: as :func:`picture`, or the URL is another one.
    """
    head, comma, encoded = url.partition(",")
    if not (head.startswith("data:") and head.endswith(";base64") and comma):
        raise BadRequestError("Only data URLs with base64 are served here.")
    return picture(encoded, head.removeprefix("data:").removesuffix(";base64"))
