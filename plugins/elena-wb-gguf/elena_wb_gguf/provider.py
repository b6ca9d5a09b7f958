"""The door of the plugin: describes, opens, fetches and lists ``gguf:`` models."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlencode

from pydantic import BaseModel

from elena_wb.core import LocalModel, Model, ModelCard, ModelError, Needs
from elena_wb.digests import FileDigests
from elena_wb_gguf.loading import Loading
from elena_wb_gguf.options import GGUFOptions

if TYPE_CHECKING:
    from elena_wb_gguf.header import Header
    from elena_wb_gguf.memory import Need
    from elena_wb_gguf.source import Source

DEBUG_VARIABLE = "ELENA_WB_DEBUG"
"""Set by the host with ``--debug``: llama.cpp may then write to stderr."""

_CHANGING_ANSWERS = {"cache_type", "flash_attention", "constrained"}
_INSTALL = "pip install --upgrade elena-wb-gguf"


class GGUFProvider:
    """Quantised models that llama.cpp runs (implements :class:`elena_wb.core.Provider`, ``Lists`` and ``Pulls``).

    The reference is a file, a folder or a hub repository; see :func:`elena_wb_gguf.source.find_source`.
    """

    options_model: ClassVar[type[BaseModel]] = GGUFOptions
    requires: ClassVar[Mapping[str, str]] = {"llama_cpp": _INSTALL, "gguf": _INSTALL}

    def destination(self, reference: str, options: BaseModel) -> None:
        """Nowhere: pictures stay on this machine."""

    def describe(self, reference: str, options: BaseModel) -> ModelCard:
        """The card, from the headers of the files. Of a repository that was not fetched it tells only the names.

        The weights of local files are read once to tell their sha256, and again only when they change.

        Raises:
            ModelError: no such model, or files that cannot belong together.
        """
        chosen = _checked(options)
        source = _find(reference, chosen)
        return _card(source, _inspected(source) if source.here else None, reference, chosen)

    def needs(self, reference: str, options: BaseModel) -> Needs:
        """A card of its own where llama.cpp was built for such cards and layers are to go there, else main memory.

        Of a repository that was not fetched the sizes of its files tell the memory. See
        :meth:`elena_wb.core.TellsNeeds.needs`.

        Raises:
            ModelError: as :meth:`describe`.
        """
        from elena_wb_gguf.memory import computes_elsewhere

        chosen = _checked(options)
        cpus = float(chosen.threads or 1)
        if chosen.gpu_layers != 0 and computes_elsewhere(("cuda", "hip")):
            return Needs(cpus, 1.0)
        source = _find(reference, chosen)
        if source.here:
            return Needs(cpus, 0.0, _needed(_inspected(source), chosen).total)
        return Needs(cpus, 0.0, _bytes_to_fetch(source) or None)

    def open(self, reference: str, options: BaseModel) -> Model:
        """Load the model, fetching it first if it is not here.

        Raises:
            ModelError: as :meth:`describe`; or it cannot be fetched, does not fit into memory, or cannot be loaded.
        """
        from elena_wb_gguf.memory import computes_elsewhere, context_in_force, require_room
        from elena_wb_gguf.model import open_model
        from elena_wb_gguf.source import fetched

        chosen = _checked(options)
        source = fetched(_find(reference, chosen))
        files = _inspected(source)
        on_processor = chosen.gpu_layers == 0 or not computes_elsewhere()
        if chosen.check_memory and on_processor:
            require_room(source.parts[0].name, _needed(files, chosen))
        loading = Loading(
            text=source.parts[0],
            projector=source.projector,
            context_length=context_in_force(files.parts[0], chosen.context_length),
            batch_tokens=chosen.batch_tokens,
            threads=chosen.threads,
            gpu_layers=None if chosen.gpu_layers == "auto" else chosen.gpu_layers,
            flash_attention=chosen.flash_attention,
            cache_type=chosen.cache_type,
            constrained=chosen.constrained,
            debug=bool(os.environ.get(DEBUG_VARIABLE)),
        )
        return open_model(loading, _card(source, files, reference, chosen))

    def pull(self, reference: str, options: BaseModel) -> Path:
        """Fetch text model and projector of a hub repository, unless they are here, and return the text model.

        Raises:
            ModelError: there is no such model, or it cannot be fetched.
        """
        from elena_wb_gguf.source import fetched

        source = fetched(_find(reference, _checked(options)))
        _inspected(source)
        return source.parts[0]

    def local_models(self) -> Sequence[LocalModel]:
        """GGUF models in the usual places; see :func:`elena_wb_gguf.listing.find_models`."""
        from elena_wb_gguf.listing import find_models

        return find_models()


@dataclass(frozen=True, slots=True)
class _Files:
    """Headers of the files of a model."""

    parts: Sequence[Header]
    projector: Header


def _find(reference: str, options: GGUFOptions) -> Source:
    from elena_wb_gguf.source import find_source

    return find_source(reference, options.mmproj, options.revision)


def _inspected(source: Source) -> _Files:
    """The headers, after checking that these files can be a model that sees."""
    from elena_wb_gguf.contents import fits_together, is_projector, require_complete
    from elena_wb_gguf.header import read_header
    from elena_wb_gguf.source import mismatch

    parts, projector = [read_header(path) for path in source.parts], read_header(source.projector)
    for header in (*parts, projector):
        require_complete(header)
    if is_projector(parts[0]):
        raise ModelError(f"{source.parts[0]} is a projector.", hint="Name the text model.")
    if not is_projector(projector):
        raise ModelError(
            f"{source.projector} is no projector but a text model.",
            hint="A projector's file usually has mmproj in its name.",
        )
    if not fits_together(parts[0], projector):
        raise mismatch(parts[0], projector)
    return _Files(parts, projector)


def _needed(files: _Files, options: GGUFOptions) -> Need:
    """The main memory that these files take under ``options``, all layers on the processor."""
    from elena_wb_gguf.memory import estimate

    return estimate(
        files.parts,
        files.projector,
        context_length=options.context_length,
        batch_tokens=options.batch_tokens,
        cache_type=options.cache_type,
    )


def _checked(options: BaseModel) -> GGUFOptions:
    return options if isinstance(options, GGUFOptions) else GGUFOptions.model_validate(options.model_dump())


def _card(source: Source, files: _Files | None, reference: str, options: GGUFOptions) -> ModelCard:
    from elena_wb_gguf import contents
    from elena_wb_gguf.files import quantisation_in
    from elena_wb_gguf.memory import context_in_force

    given = options.model_dump(exclude_defaults=True)
    settings = {key: value for key, value in given.items() if key in _CHANGING_ANSWERS}
    identity = json.dumps([*_identities(source), settings], sort_keys=True)
    card = ModelCard(
        uri=f"gguf:{reference}" + (f"?{urlencode(given)}" if given else ""),
        name=source.name,
        digest=hashlib.sha256(identity.encode()).hexdigest(),
        revision=source.repository.commit if source.repository else None,
        libraries=_libraries(),
    )
    if files is None:
        return replace(
            card,
            quantisation=quantisation_in(source.parts[0].name),
            notes=(_to_fetch(source),),
        )
    text = files.parts[0]
    return replace(
        card,
        name=text.text("general.name") or source.name,
        quantisation=contents.quantisation(files.parts),
        parameters=contents.parameters([*files.parts, files.projector]),
        context_length=context_in_force(text, options.context_length),
        meant_for=contents.meant_for(text),
    )


def _identities(source: Source) -> list[str]:
    """What stands for the bytes of each file; the same whether a repository was fetched already or not."""
    if source.repository is not None:
        return [source.repository.identity(name) for name in source.names]
    digests = FileDigests("gguf-digests.json")
    try:
        return [digests.sha256(path) for path in (*source.parts, source.projector)]
    except OSError as error:
        raise ModelError(f"{error.filename} cannot be read: {error.strerror or error}") from error
    finally:
        digests.save()


def _to_fetch(source: Source) -> str:
    from elena_wb_gguf.memory import in_gib

    size = _bytes_to_fetch(source)
    return f"not on this machine yet: {in_gib(size) if size else 'its files'} will be fetched first"


def _bytes_to_fetch(source: Source) -> int:
    """The size of the files of a repository; 0 if it is not known."""
    sizes = source.repository.sizes if source.repository is not None else {}
    return sum(sizes.get(name, 0) for name in source.names)


def _libraries() -> dict[str, str]:
    found = {}
    with contextlib.suppress(PackageNotFoundError):
        found["llama-cpp-python"] = version("llama-cpp-python")
    return found
