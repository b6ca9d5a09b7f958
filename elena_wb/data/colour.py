"""Embedded colour profiles: pictures are shown to models in sRGB, as a screen would show them."""

from __future__ import annotations

import io
from functools import cache

from PIL import Image, ImageCms

_USUAL_SPACE = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}


def in_srgb(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, tuple[str, ...]]:
    """``image`` converted from ``profile`` to sRGB, with notes.

    Without a profile, or with one that already is sRGB, the picture is returned as it is. A profile that
    is damaged or made for another kind of picture is ignored with a note. Pictures with a palette or
    transparency are left as they are.
    """
    if not profile or image.mode not in _USUAL_SPACE:
        return image, ()
    try:
        source = ImageCms.getOpenProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != _USUAL_SPACE[image.mode]:
            return image, ("its colour profile is for another kind of picture and was ignored",)
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return image, ()
        converted = ImageCms.profileToProfile(image, source, _srgb(), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, AttributeError):
        return image, ("its colour profile is damaged and was ignored",)
    return (image, ()) if converted is None else (converted, ())


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
