"""The door of the plugin: describes and opens ``hf:`` models."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import ClassVar
from urllib.parse import urlencode

from pydantic import BaseModel

from elena_wb.core import Model, ModelCard, Needs
from elena_wb_hf.checkpoint import Checkpoint, inspect
from elena_wb_hf.digest import folder_digest
from elena_wb_hf.options import HFOptions
from elena_wb_hf.requirements import require_packages
from elena_wb_hf.source import fetch_weights, find_source

_LIBRARIES = ("torch", "transformers", "tokenizers", "safetensors", "pillow", "torchvision")
_INSTALL = "pip install --upgrade elena-wb-hf"
_CHANGING_ANSWERS = {"load_in", "max_image_side", "attention", "constrained"}


class HFProvider:
    """Vision-language models in the format of Hugging Face (implements :class:`elena_wb.core.Provider`).

    The reference is a folder, or else the name of a hub repository.
    """

    options_model: ClassVar[type[BaseModel]] = HFOptions
    requires: ClassVar[Mapping[str, str]] = {"torch": _INSTALL, "transformers": _INSTALL}

    def destination(self, reference: str, options: BaseModel) -> None:
        """Nowhere: pictures stay on this machine."""

    def describe(self, reference: str, options: BaseModel, *, uri: str | None = None) -> ModelCard:
        """The card, from the model's small files and the headers of its weights.

        ``uri`` is what the card calls the model, for providers that build on this one. The weights of a
        folder are read once to tell their sha256, and again only when they change.

        Raises:
            ModelError: no such model, or not one that can answer questions about pictures.
        """
        chosen = _checked(options)
        return _card(inspect(find_source(reference, chosen.revision)), reference, chosen, uri)

    def needs(self, reference: str, options: BaseModel) -> Needs:
        """See :meth:`elena_wb.core.TellsNeeds.needs`.

        Raises:
            ModelError: as :meth:`describe`.
        """
        from elena_wb_hf.needing import needs_of

        chosen = _checked(options)
        return needs_of(inspect(find_source(reference, chosen.revision)), chosen)

    def open(self, reference: str, options: BaseModel, *, card: ModelCard | None = None) -> Model:
        """Load the model, fetching it first if it is not here.

        ``card`` is what providers that build on this one tell of the model, in place of what :meth:`describe` does.

        Raises:
            ModelError: as :meth:`describe`; or the weights are incomplete or too large for the device.
            SetupError: the options need a package that is not installed.
        """
        chosen = _checked(options)
        require_packages(chosen)
        checkpoint = inspect(find_source(reference, chosen.revision))
        folder = fetch_weights(checkpoint.source)
        from elena_wb_hf.opening import (
            open_checkpoint,
        )  # imports torch, which an error above need not wait for

        card = card or _card(checkpoint, reference, chosen, None)
        return open_checkpoint(folder, checkpoint, chosen, card)


def _checked(options: BaseModel) -> HFOptions:
    return options if isinstance(options, HFOptions) else HFOptions.model_validate(options.model_dump())


def _card(checkpoint: Checkpoint, reference: str, options: HFOptions, uri: str | None) -> ModelCard:
    source = checkpoint.source
    given = options.model_dump(exclude_defaults=True)
    if source.commit is None:
        weights, name = folder_digest(source.folder, checkpoint.weights), source.folder.resolve().name
    else:
        weights, name = f"{source.name}@{source.commit}", source.name
    settings = {key: value for key, value in given.items() if key in _CHANGING_ANSWERS}
    identity = json.dumps([weights, checkpoint.dtype_for(options.dtype), settings], sort_keys=True)
    return ModelCard(
        uri=uri or f"hf:{reference}" + (f"?{urlencode(given)}" if given else ""),
        name=name,
        digest=hashlib.sha256(identity.encode()).hexdigest(),
        revision=source.commit,
        quantisation=_number_format(checkpoint, options),
        parameters=checkpoint.parameters,
        context_length=checkpoint.context_length,
        device=None if options.device == "auto" else options.device,
        libraries=_libraries(options),
    )


def _number_format(checkpoint: Checkpoint, options: HFOptions) -> str:
    """How the weights are held in memory: ``bfloat16``, or ``4bit (bitsandbytes, bfloat16)``."""
    dtype = checkpoint.dtype_for(options.dtype)
    if options.load_in != "none":
        return f"{options.load_in} (bitsandbytes, {dtype})"
    return f"{checkpoint.quantised_by} ({dtype})" if checkpoint.quantised_by else dtype


def _libraries(options: HFOptions) -> dict[str, str]:
    names = [*_LIBRARIES]
    if options.load_in != "none":
        names.append("bitsandbytes")
    if options.spread or options.load_in != "none":
        names.append("accelerate")
    if options.constrained:
        names.append("llguidance")
    found = {}
    for name in names:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
