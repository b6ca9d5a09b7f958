"""Reading the vocabulary's own TOML files, checked against a pydantic model."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from elena_wb.errors import SetupError

FOLDER = Path(__file__).parent


class Strict(BaseModel):
    """A table of a data file: unknown keys are errors, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


FileModel = TypeVar("FileModel", bound=Strict)


def read(name: str, model: type[FileModel]) -> FileModel:
    """The data file ``name`` as an instance of ``model``.

    Raises:
        SetupError: the file is missing or damaged, so that the installation is.
    """
    path = FOLDER / name
    try:
        return model.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise SetupError(
            f"The vocabulary {path} cannot be used: {error}", hint="Install elena-wb again."
        ) from error


def folded(text: str) -> str:
    """``text`` for comparison: compatibility forms unified, case and runs of white space ignored."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).replace("’", "'")).strip().casefold()
