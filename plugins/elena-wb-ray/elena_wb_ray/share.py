"""What one copy of a model takes of a cluster, and how many have room."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from elena_wb.core import Needs

_SMALLEST = 1e-4
"""Ray counts resources in ten-thousandths."""


@dataclass(frozen=True, slots=True)
class Share:
    """What one copy takes: processor cores, graphics cards, bytes of memory (``None``: not counted)."""

    cpus: float
    gpus: float
    memory_bytes: int | None

    @classmethod
    def of(cls, needs: Needs, *, cpus: float | None = None, gpus: float | None = None) -> Share:
        """What a provider asks for, unless the user says otherwise.

        Raises:
            ValueError: Ray knows no such share: nothing at all, or more than one card and a part of another.
        """
        cpus = needs.cpus if cpus is None else cpus
        gpus = needs.gpus if gpus is None else gpus
        if not (0 <= cpus < math.inf and 0 <= gpus < math.inf) or max(cpus, gpus) < _SMALLEST:
            raise ValueError("a copy takes some of a processor or of a graphics card")
        if gpus > 1 and gpus != int(gpus):
            raise ValueError("a copy takes a part of one graphics card, or whole ones")
        return cls(cpus, gpus, needs.memory_bytes)

    @property
    def resources(self) -> Mapping[str, float]:
        """The same under Ray's names, what is not asked for left out."""
        asked = {"CPU": self.cpus, "GPU": self.gpus, "memory": float(self.memory_bytes or 0)}
        return {name: amount for name, amount in asked.items() if amount}

    def fit(self, nodes: Iterable[Mapping[str, float]]) -> int:
        """How many copies have room on nodes with these resources; one copy lies on one node."""
        return sum(self._fit_on(node) for node in nodes)

    def __str__(self) -> str:
        return spelt(self.resources)

    def _fit_on(self, node: Mapping[str, float]) -> int:
        return min(
            math.floor(node.get(name, 0.0) / amount + _SMALLEST) for name, amount in self.resources.items()
        )


def spelt(resources: Mapping[str, float]) -> str:
    """Resources for people: ``4 CPUs, 1 GPU, 12.5 GB of memory``."""
    cpus, gpus = resources.get("CPU", 0.0), resources.get("GPU", 0.0)
    said = [f"{cpus:g} CPU{'' if cpus == 1 else 's'}"]
    said.append(f"{gpus:g} GPU{'' if gpus == 1 else 's'}" if gpus else "no GPU")
    if "memory" in resources:
        said.append(f"{resources['memory'] / 1e9:.1f} GB of memory")
    return ", ".join(said)
