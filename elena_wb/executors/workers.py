"""What a worker is: one copy of the model in another process or on another machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from elena_wb.core import KnocksOut, Metered, Model, ModelCard, ModelError, Request, Response, Waits


class WorkerLostError(Exception):
    """The process or the machine that answered is gone.

    ``str(error)`` says what is known of it: how it ended, and its last words.
    """


@dataclass(frozen=True, slots=True)
class Opened:
    """What a worker tells once its model is open.

    ``knocks_out`` is whether the model is :class:`elena_wb.core.KnocksOut`, and ``no_knock_out`` why it cannot all the
    same.
    """

    card: ModelCard
    preferred_batch_size: int
    max_concurrency: int
    knocks_out: bool
    no_knock_out: str | None

    @classmethod
    def of(cls, model: Model) -> Opened:
        """What there is to tell of ``model``, which was opened in this process.

        Raises:
            ModelError: its calls are counted or waited for by whoever asks it, which copies elsewhere are not.
        """
        if isinstance(model, Metered | Waits):
            raise ModelError(
                f"{model.card.uri} has its calls counted or stopped by the program that asks it, so copies of it "
                "cannot answer elsewhere.",
                hint="Leave --executor out.",
            )
        reason = None
        if isinstance(model, KnocksOut):
            try:
                model.require_knock_out()
            except ModelError as error:
                reason = error.message
        return cls(
            model.card,
            model.preferred_batch_size,
            model.max_concurrency,
            isinstance(model, KnocksOut),
            reason,
        )


class Worker(Protocol):
    """One copy of the model, elsewhere. Used from several threads, up to ``max_concurrency`` calls at once."""

    def open(self) -> Opened:
        """Start it and load the model. Called once.

        Raises:
            ModelError: as the opening did there.
            SetupError: as the opening did there, or it cannot be started.
            WorkerLostError: it was gone before it could tell, or was closed meanwhile.
        """

    def generate(self, requests: Sequence[Request]) -> Iterator[Response]:
        """Answer each request once; yields each response as it comes, with the index of its request in ``requests``.

        Raises:
            OutOfMemoryError: as the model did there.
            ModelError: as the model did there.
            WorkerLostError: it is gone, or was closed meanwhile; what was yielded stands.
            RuntimeError: the model raised something else, a fault of its plugin.
        """

    def close(self) -> None:
        """End it, also while it opens or answers; what does not end by itself is killed. Never raises."""
