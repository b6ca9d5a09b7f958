"""What the engine has to know of a projector before llama.cpp loads it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from elena_wb.core import ModelError
from elena_wb_gguf.header import read_header
from elena_wb_gguf.native import EngineError


@dataclass(frozen=True, slots=True)
class ProjectorFacts:
    """``kind`` names the way it projects (``gemma3``); ``side`` is the edge of its input in pixels, 0 if not told."""

    kind: str
    side: int


def projector_facts(path: Path) -> ProjectorFacts:
    """Read the header of a projector.

    Raises:
        EngineError: the file is no GGUF file, or one without a projector for pictures.
    """
    try:
        header = read_header(path)
    except ModelError as error:
        raise EngineError(error.message, error.hint) from error
    if header.text("general.architecture") != "clip":
        raise EngineError(
            f"{path.name} is no projector.", "A projector's file has mmproj in its name: give mmproj=FILE"
        )
    kind = header.text("clip.vision.projector_type") or header.text("clip.projector_type") or ""
    return ProjectorFacts(kind, header.whole("clip.vision.image_size") or 0)
