"""From a reference to the files it means: on this machine, or in a hub repository."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from elena_wb.core import ModelError
from elena_wb_gguf.contents import architecture, fits_together, is_projector, quantisation
from elena_wb_gguf.files import candidates, choose, is_projector_name, rank_projectors, require_whole
from elena_wb_gguf.header import Header, read_header
from elena_wb_gguf.hub import Repository, fetch, look_up

_HUB_REFERENCE = re.compile(r"([A-Za-z0-9][\w.-]*/[\w.-]+?)(?:\.git)?(?::([\w.-]+))?", re.ASCII)
_NO_EYES = "A model without a projector (a file with mmproj in its name) cannot see pictures."


@dataclass(frozen=True, slots=True)
class Source:
    """The files of one model.

    ``parts`` are the files of the text model and ``projector`` that of its eyes. For a hub repository ``names`` has
    their names there, the projector last; the paths are those in its cache once ``here`` is true.
    """

    name: str
    parts: tuple[Path, ...]
    projector: Path
    here: bool
    repository: Repository | None = None
    names: tuple[str, ...] = ()


def find_source(reference: str, mmproj: str | None, revision: str | None) -> Source:
    """Find out which files ``reference`` means, fetching nothing.

    It is a file, a folder (``FOLDER`` or ``FOLDER:QUANTISATION``) or a hub repository (``OWNER/NAME`` or
    ``OWNER/NAME:QUANTISATION``). What exists on this machine wins.

    Raises:
        ModelError: no such files, more than one choice, or no projector that fits.
    """
    if not reference.strip():
        raise ModelError(
            "`gguf:` names no model.",
            hint="Give a file, a folder, or a hub repository: gguf:OWNER/NAME:Q4_K_M",
        )
    path, wanted = _local(reference), None
    if path is None:
        before, _, after = reference.rpartition(":")
        folder = _local(before) if before else None
        if folder is not None and folder.is_dir():
            path, wanted = folder, after
    if path is not None:
        if revision is not None:
            raise ModelError(
                f"`revision={revision}` was given with {path}, which has no revisions.",
                hint="Leave the option out, or name a hub repository.",
            )
        return _in_folder(path, wanted, mmproj) if path.is_dir() else _of_file(path, mmproj)
    found = _HUB_REFERENCE.fullmatch(reference)
    if found is None or reference.startswith(("./", "../")) or reference.lower().endswith(".gguf"):
        raise ModelError(
            f"There is no {reference}.",
            hint="Check the path, or give a hub repository: gguf:OWNER/NAME:Q4_K_M",
        )
    return _in_repository(look_up(found[1], revision), found[2], mmproj)


def fetched(source: Source) -> Source:
    """The same with every file on this machine.

    Raises:
        ModelError: a file cannot be fetched.
    """
    if source.here or source.repository is None:
        return source
    *parts, projector = fetch(source.repository, source.names)
    return replace(source, parts=tuple(parts), projector=projector, here=True)


def _local(reference: str) -> Path | None:
    """The file or folder of this path, if there is one."""
    try:
        path = Path(reference).expanduser()
        return path if path.is_dir() or path.is_file() else None
    except (OSError, RuntimeError, ValueError):  # too long, forbidden, the home of nobody
        return None


def _of_file(path: Path, mmproj: str | None) -> Source:
    if path.suffix.lower() == ".gguf" and is_projector(read_header(path)):
        raise ModelError(
            f"{path} is a projector: it sees for a text model, which is another file.",
            hint=f"Name the text model, and this one as its projector: gguf:MODEL.gguf?mmproj={path}",
        )
    together = [one for one in candidates(_names(path.parent)) if path.name in one.parts]
    names = require_whole(together[0], str(path.parent)).parts if together else (path.name,)
    parts = tuple(path.parent / name for name in names)
    return Source(str(path), parts, _projector_beside(parts[0], mmproj), here=True)


def _in_folder(folder: Path, wanted: str | None, mmproj: str | None) -> Source:
    found = candidates(_names(folder, "*", "*/*"))
    by_name = [one for one in found if not _is_hidden_projector(folder / one.first)]
    chosen = choose(by_name, wanted, str(folder), by_preference=False, known=str(folder))
    parts = tuple(folder / name for name in chosen.parts)
    return Source(str(folder), parts, _projector_beside(parts[0], mmproj, folder), here=True)


def _in_repository(repository: Repository, wanted: str | None, mmproj: str | None) -> Source:
    found = candidates(repository.files)
    chosen = choose(found, wanted, f"`{repository.name}`", by_preference=True, known=repository.name)
    projector = _named_in(repository, mmproj) if mmproj else _projector_in(repository, chosen.first)
    names = (*chosen.parts, projector)
    source = Source(
        repository.name,
        tuple(map(Path, chosen.parts)),
        Path(projector),
        here=False,
        repository=repository,
        names=names,
    )
    return fetched(source) if all(map(repository.here, names)) else source


def _named_in(repository: Repository, mmproj: str) -> str:
    if mmproj not in repository.files:
        listed = ", ".join(filter(is_projector_name, repository.files)) or "none"
        raise ModelError(
            f"`{repository.name}` has no projector `{mmproj}`.", hint=f"Projectors there: {listed}."
        )
    return mmproj


def _projector_in(repository: Repository, text: str) -> str:
    ranked = rank_projectors(filter(is_projector_name, repository.files), text, {})
    if not ranked:
        raise ModelError(
            f"`{repository.name}` has no projector for {text}.",
            hint=f"{_NO_EYES} Look for another repository of this model.",
        )
    return _only(ranked[0], f"`{repository.name}`")


def _projector_beside(text: Path, mmproj: str | None, root: Path | None = None) -> Path:
    """The projector named by the option, or the best of those in the folder."""
    folders = list(dict.fromkeys([text.parent, *([root] if root else [])]))
    if mmproj is not None:
        named = [_local(place) for place in (mmproj, *(str(folder / mmproj) for folder in folders))]
        there = next((path for path in named if path is not None and path.is_file()), None)
        if there is None:
            raise ModelError(f"There is no projector {mmproj}.", hint="Check the option mmproj.")
        return there
    headers = _projectors(folders)
    if not headers:
        raise ModelError(
            f"No projector lies beside {text}.",
            hint=f"{_NO_EYES} Put the one of this model into the same folder, or give it: ?mmproj=FILE",
        )
    about_text = read_header(text)
    fitting = {name: header for name, header in headers.items() if fits_together(about_text, header)}
    if not fitting:
        raise mismatch(about_text, next(iter(headers.values())))
    formats = {name: quantisation([header]) for name, header in fitting.items()}
    formats[str(text)] = quantisation([about_text])
    return Path(_only(rank_projectors(fitting, str(text), formats)[0], str(text.parent)))


def mismatch(text: Header, projector: Header) -> ModelError:
    """Says that a projector is not that of the text model."""
    makes = projector.whole("clip.vision.projection_dim")
    reads = text.whole(f"{architecture(text)}.embedding_length")
    return ModelError(
        f"The projector {projector.path.name} does not belong to {text.path.name}: it makes vectors of {makes} "
        f"numbers, and the text model reads {reads}.",
        hint="Give the projector that was made for this model: ?mmproj=FILE",
    )


def _projectors(folders: list[Path]) -> Mapping[str, Header]:
    """Headers of projectors, by path: those called so, else any that is one. Damaged files are passed over."""
    for named in (True, False):
        found = {}
        for folder in folders:
            for name in _names(folder):
                if is_projector_name(name) != named:
                    continue
                try:
                    header = read_header(folder / name)
                except ModelError:
                    continue
                if is_projector(header):
                    found[str(folder / name)] = header
        if found:
            return found
    return {}


def _is_hidden_projector(path: Path) -> bool:
    """Whether a file is a projector although it is not called so."""
    try:
        return is_projector(read_header(path))
    except ModelError:
        return False


def _only(names: list[str], where: str) -> str:
    if len(names) > 1:
        listed = ", ".join(Path(name).name for name in names)
        raise ModelError(
            f"{where} has {len(names)} projectors that may be meant: {listed}.",
            hint="Give one: ?mmproj=FILE",
        )
    return names[0]


def _names(folder: Path, *patterns: str) -> list[str]:
    """GGUF files in the folder, relative to it."""
    try:
        paths = [path for pattern in patterns or ("*",) for path in folder.glob(pattern)]
        return sorted(
            path.relative_to(folder).as_posix()
            for path in paths
            if path.suffix.lower() == ".gguf" and path.is_file()
        )
    except OSError as error:
        raise ModelError(f"{folder} cannot be read: {error.strerror or error}") from error
