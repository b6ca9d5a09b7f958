"""Which files a reference means: the text model, in one file or several, and its projector."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path, PurePosixPath

from elena_wb.core import ModelError

PREFERRED = ("Q4_K_M", "Q8_0", "Q5_K_M", "Q6_K", "Q4_K_S", "Q4_0", "F16", "BF16", "F32")
"""Quantisations taken of a hub repository when none is named, the first there is."""

_PART = re.compile(r"-(\d{5})-of-(\d{5})$", re.ASCII)
_QUANTISATION = re.compile(
    r"(?:^|[-_.])((?:UD-)?(?:I?Q\d\w*|TQ\d\w*|MXFP4\w*|NVFP4\w*|BF16|FP?16|FP?32))$", re.IGNORECASE | re.ASCII
)
_MARKED = re.compile(r"mmproj", re.IGNORECASE)
_SPELLINGS = {"FP16": "F16", "FP32": "F32"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text model among files: its parts in order, the quantisation that their name tells, how many are missing."""

    parts: tuple[str, ...]
    quantisation: str | None
    missing: int = 0

    @property
    def first(self) -> str:
        """The file that llama.cpp is given; it finds the other parts itself."""
        return self.parts[0]


def is_projector_name(name: str) -> bool:
    """Whether a file is called as projectors are."""
    return _MARKED.search(PurePosixPath(name).name) is not None


def quantisation_in(name: str) -> str | None:
    """The quantisation that ends a file's name, in capitals: ``Q4_K_M`` of ``model-q4_k_m.gguf``."""
    found = _QUANTISATION.search(_PART.sub("", _stem(name)))
    if found is None:
        return None
    told = found[1].upper()
    return _SPELLINGS.get(told, told)


def candidates(names: Iterable[str]) -> list[Candidate]:
    """The text models among ``names``, parts put together."""
    groups: dict[str, dict[int, str]] = {}
    whole: list[Candidate] = []
    counts: dict[str, int] = {}
    for name in sorted(names):
        if not name.lower().endswith(".gguf") or is_projector_name(name):
            continue
        part = _PART.search(_stem(name))
        if part is None:
            whole.append(Candidate((name,), quantisation_in(name)))
        else:
            key = name[: len(name) - len(".gguf") - len(part[0])]
            groups.setdefault(key, {})[int(part[1])] = name
            counts[key] = int(part[2])
    for key, found in groups.items():
        parts = tuple(found[number] for number in sorted(found))
        whole.append(Candidate(parts, quantisation_in(parts[0]), counts[key] - len(parts)))
    return whole


def require_whole(candidate: Candidate, where: str) -> Candidate:
    """The candidate, if all its parts are there; ``where`` is what errors call the place.

    Raises:
        ModelError: some are not.
    """
    if candidate.missing:
        there, name = len(candidate.parts), _PART.sub("", _stem(candidate.first))
        raise ModelError(
            f"{where} has {there} of the {there + candidate.missing} parts of {name}.",
            hint="Fetch the missing parts into the same folder.",
        )
    return candidate


def choose(
    found: Sequence[Candidate], wanted: str | None, where: str, *, by_preference: bool, known: str
) -> Candidate:
    """The one text model meant.

    ``wanted`` names its quantisation; with ``by_preference`` one is taken by :data:`PREFERRED` where none is named.
    ``known`` is how a reference to the place begins, for hints.

    Raises:
        ModelError: there is none, or more than one, or parts of it are missing.
    """
    if not found:
        raise ModelError(f"{where} holds no GGUF text model.", hint="Text models are files ending in .gguf.")
    listed = ", ".join(sorted({one.quantisation or PurePosixPath(one.first).name for one in found}))
    if wanted is None:
        if len(found) == 1:
            return require_whole(found[0], where)
        if by_preference:
            for name in PREFERRED:
                for one in found:
                    if one.quantisation == name:
                        return require_whole(one, where)
        raise ModelError(f"{where} holds {len(found)} text models: {listed}.", hint=_hint(found, known))
    meant = wanted.upper().removesuffix(".GGUF")
    meant = _SPELLINGS.get(meant, meant)
    matching = [one for one in found if meant in (one.quantisation, _stem(one.first).upper())]
    if not matching:
        raise ModelError(f"{where} has no `{wanted}`; it has {listed}.", hint=_hint(found, known))
    if len(matching) > 1:
        names = ", ".join(PurePosixPath(one.first).name for one in matching)
        raise ModelError(
            f"`{wanted}` fits {len(matching)} text models in {where}: {names}.", hint="Name a file."
        )
    return require_whole(matching[0], where)


def rank_projectors(names: Iterable[str], text: str, formats: Mapping[str, str | None]) -> list[list[str]]:
    """Projectors by how well they go with ``text``: groups, the best first; those within a group go equally well.

    The more of its name one shares, the better. Then those in 16 bits come first, beside a text model in 32 bits
    those in 32; quantised ones come last. ``formats`` has the number formats as far as they are known.
    """
    full = (formats.get(text) or quantisation_in(text)) == "F32"
    order = ("F32", "F16", "BF16") if full else ("F16", "BF16", "F32")

    def rank(name: str) -> tuple[int, int]:
        kind = formats.get(name) or quantisation_in(name) or ""
        return -_shared(_plain(name), _plain(text)), order.index(kind) if kind in order else len(order)

    groups: dict[tuple[int, int], list[str]] = {}
    for name in sorted(names):
        groups.setdefault(rank(name), []).append(name)
    return [groups[key] for key in sorted(groups)]


def _shared(one: str, other: str) -> int:
    """How many letters both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _plain(name: str) -> str:
    """A file's name without its quantisation, part and the mark of projectors, for comparing."""
    stem = _PART.sub("", _stem(name))
    bare = _MARKED.sub("", _QUANTISATION.sub("", stem))
    return re.sub(r"[^a-z0-9]", "", bare.lower().replace("model", ""))


def _hint(found: Sequence[Candidate], known: str) -> str:
    example = next((one.quantisation for one in found if one.quantisation), None)
    return f"Name one: gguf:{known}:{example}" if example else "Name a file."


def _stem(name: str) -> str:
    return Path(PurePosixPath(name).name).stem
