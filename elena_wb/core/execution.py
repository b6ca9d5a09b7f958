"""What passes between the host and an executor: a model to be opened somewhere, and what it takes there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from elena_wb.core.exchange import Model, ModelCard

if TYPE_CHECKING:
    from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Needs:
    """What one copy of a model takes of the machine it runs on: processor cores, graphics cards, bytes of memory.

    ``None`` bytes are not known; a share of a card (``gpus=0.5``) lets two copies use one.
    """

    cpus: float = 1.0
    gpus: float = 0.0
    memory_bytes: int | None = None


@runtime_checkable
class TellsNeeds(Protocol):
    """A provider that knows what its models take; those of any other take :class:`Needs` as it is by default."""

    def needs(self, reference: str, options: BaseModel) -> Needs:
        """What one copy takes on this machine, without loading the weights."""


@dataclass(frozen=True, slots=True)
class ModelJob:
    """A model to be opened wherever an executor chooses, where the same plugins are installed.

    ``uri`` leads to it and ``card`` describes it: a copy whose digest differs is another model and must not answer.
    ``offline`` forbids its processes the network. Nothing here is secret.
    """

    uri: str
    card: ModelCard
    needs: Needs
    offline: bool


@runtime_checkable
class Executor(Protocol):
    """A way to spread a run over processes or machines.

    It opens a model that answers as the model itself would, though elsewhere: up to ``max_concurrency`` calls at once,
    each of which yields responses as they are made. The engine asks it, retries and stores as ever, so an executor
    neither reads pictures nor writes to the store.
    """

    def open(self, job: ModelJob) -> Model:
        """Start what answers. The model's card has the digest of the job's.

        A worker that dies is replaced, and what it had not answered is asked again elsewhere; a request that no worker
        survives raises from ``generate``, so that the engine finds the culprit of a batch.

        Raises:
            ModelError: the model cannot be opened there.
            SetupError: the machines cannot be reached, or lack what the job needs.
        """
