"""From the labels of one scheme to those of another: who says what corresponds to what, and how much does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from elena_wb.errors import SetupError
from elena_wb.vocabulary.datafile import Strict, read
from elena_wb.vocabulary.schemes import load_scheme

IDENTITY = "identity"
"""The source of a mapping from a scheme to itself."""


@dataclass(frozen=True, slots=True)
class LabelMapping:
    """What the labels of ``scheme`` are called in ``to``, according to ``source``.

    ``source`` is a publication, ``elena-wb`` where the choice is ours, or ``identity``.
    """

    scheme: str
    to: str
    source: str
    labels: Mapping[str, str] = field(repr=False)

    def apply(self, label: str) -> str | None:
        """The label of ``to`` that the canonical ``label`` corresponds to, if any does."""
        return self.labels.get(label)

    def coverage(self, labels: Iterable[str]) -> float | None:
        """The share of ``labels`` that have a counterpart, each counted as often as it occurs.

        ``None`` where there are no labels. ``coverage(load_scheme(mapping.scheme).names)`` is the share of the
        scheme itself.
        """
        given = list(labels)
        return sum(label in self.labels for label in given) / len(given) if given else None


@cache
def label_mappings() -> tuple[LabelMapping, ...]:
    """Every mapping between different schemes.

    Raises:
        SetupError: the data file is damaged, or maps a label that a scheme does not have.
    """
    return tuple(_checked(entry) for entry in read("mappings.toml", _MappingsFile).mappings)


@cache
def find_mapping(scheme: str, to: str) -> LabelMapping | None:
    """The mapping from ``scheme`` to ``to``, if there is one; from a scheme to itself there always is.

    Raises:
        UsageError: ``scheme`` equals ``to`` and there is no such scheme.
    """
    if scheme == to:
        return LabelMapping(scheme, to, IDENTITY, {name: name for name in load_scheme(scheme).names})
    return next((found for found in label_mappings() if (found.scheme, found.to) == (scheme, to)), None)


class _MappingEntry(Strict):
    scheme: str
    to: str
    source: str
    labels: Mapping[str, tuple[str, ...]]


class _MappingsFile(Strict):
    mappings: tuple[_MappingEntry, ...]


def _checked(entry: _MappingEntry) -> LabelMapping:
    pairs = [(label, target) for target, labels in entry.labels.items() for label in labels]
    known, targets = load_scheme(entry.scheme).names, load_scheme(entry.to).names
    wrong = sorted({label for label, _ in pairs} - set(known)) + sorted(
        {to for _, to in pairs} - set(targets)
    )
    if wrong or len(dict(pairs)) < len(pairs):
        raise SetupError(
            f"The mapping from {entry.scheme} to {entry.to} names {', '.join(wrong) or 'a label twice'}.",
            hint="Install elena-wb again.",
        )
    return LabelMapping(entry.scheme, entry.to, entry.source, dict(pairs))
