"""What has to be known of a projector before llama.cpp loads it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from elena_wb.core import ModelError
from elena_wb_gguf.contents import is_projector, projector_kind
from elena_wb_gguf.header import read_header


@dataclass(frozen=True, slots=True)
class ProjectorFacts:
    """What a projector's file tells of itself.

    ``kind`` names the way it projects (``gemma3``), ``side`` is the edge of its input and ``patch`` that of the
    squares it cuts it into, in pixels; 0 if not told.
    """

    kind: str
    side: int
    patch: int


def projector_facts(path: Path) -> ProjectorFacts:
    """Read the header of a projector.

    Raises:
        ModelError: the file is no GGUF file, or one without a projector for pictures.
    """
    header = read_header(path)
    if not is_projector(header):
        raise ModelError(
            f"{path.name} is no projector.",
            hint="A projector's file has mmproj in its name: give mmproj=FILE",
        )
    side, patch = (header.whole(f"clip.vision.{key}") or 0 for key in ("image_size", "patch_size"))
    return ProjectorFacts(projector_kind(header), side, patch)
