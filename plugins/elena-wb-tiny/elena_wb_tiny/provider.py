"""``tiny:``, the embedded model: a Gemma 3 of a few million parameters, shipped with this plugin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field

from elena_wb.core import Model, ModelCard, ModelError, Needs
from elena_wb_tiny.gguf_export import FORMATS, export_gguf

if TYPE_CHECKING:
    from elena_wb_hf.options import HFOptions

WEIGHTS = Path(__file__).parent / "weights"

_MEANT_FOR = ("stimuli",)


class TinyOptions(BaseModel):
    """What can be chosen about the embedded model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch_size: int = Field(16, ge=1, description="Requests answered at once.")
    constrained: bool = Field(False, description="Force answers into the prompt's JSON schema.")


class TinyProvider:
    """Opens the shipped weights through the Hugging Face provider, as any local folder would be.

    It can also write them for llama.cpp (:class:`elena_wb.core.Exports`).
    """

    options_model: ClassVar[type[BaseModel]] = TinyOptions
    requires: ClassVar[Mapping[str, str]] = {"elena_wb_hf": "pip install elena-wb-hf"}
    formats: ClassVar[Mapping[str, str]] = FORMATS

    def destination(self, reference: str, options: BaseModel) -> None:
        """Nowhere: pictures stay on this machine."""

    def describe(self, reference: str, options: BaseModel) -> ModelCard:
        """The shipped model's card.

        Raises:
            ModelError: ``reference`` is not empty: there is one embedded model.
        """
        from elena_wb_hf.provider import HFProvider

        _check(reference)
        card = HFProvider().describe(str(WEIGHTS), _hf_options(options), uri=_uri(options))
        return replace(card, name="elena-wb tiny", meant_for=_MEANT_FOR)

    def needs(self, reference: str, options: BaseModel) -> Needs:
        """A core, and the memory that torch takes: the weights are small beside it."""
        from elena_wb_hf.provider import HFProvider

        _check(reference)
        return HFProvider().needs(str(WEIGHTS), _hf_options(options))

    def open(self, reference: str, options: BaseModel) -> Model:
        """The shipped model, on the CPU in float32."""
        from elena_wb_hf.provider import HFProvider

        card = self.describe(reference, options)
        return HFProvider().open(str(WEIGHTS), _hf_options(options), card=card)

    def export(self, reference: str, options: BaseModel, out: Path, format_name: str) -> Sequence[Path]:
        """Write text model and projector as GGUF files; see :func:`elena_wb_tiny.gguf_export.export_gguf`.

        Raises:
            ModelError: ``reference`` is not empty.
            UsageError: no such format, or other files of these names lie in ``out``.
            SetupError: the package ``gguf`` is missing, or ``out`` cannot be written to.
        """
        _check(reference)
        return export_gguf(WEIGHTS, out, format_name, _MEANT_FOR)


def _uri(options: BaseModel) -> str:
    """``tiny:`` with the options that were given, so that a stored run can be gone on with."""
    given = options.model_dump(exclude_defaults=True)
    return "tiny:" + (f"?{urlencode(given)}" if given else "")


def _check(reference: str) -> None:
    if reference:
        raise ModelError(
            f"There is no embedded model `{reference}`.", hint="`tiny:` alone names the one there is."
        )


def _hf_options(options: BaseModel) -> HFOptions:
    from elena_wb_hf.options import HFOptions

    chosen = TinyOptions.model_validate(options.model_dump())
    return HFOptions(
        device="cpu", dtype="float32", batch_size=chosen.batch_size, constrained=chosen.constrained
    )
