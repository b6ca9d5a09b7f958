"""One model open at a time, for works that follow one another."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the command line imports this before it knows whether any model is wanted
    from elena_wb.core import Model
    from elena_wb.engine.models import ModelAddress


class OpenModels:
    """The model that was opened last, kept open until another is wanted: runs of one model share it."""

    def __init__(self) -> None:
        self._known_as: tuple[str, bool] | None = None
        self._model: Model | None = None

    def opener(
        self, address: ModelAddress, digest: str, elsewhere: Callable[[], Model] | None = None
    ) -> Callable[[], Model]:
        """A function that gives the model at ``address``, opened unless the one that is open has its ``digest``.

        ``elsewhere`` opens it in place of the address, so that it answers in other processes; what needs it in this
        one has that closed first.
        """
        known_as = (digest, elsewhere is not None)

        def open_model() -> Model:
            if self._model is None or self._known_as != known_as:
                self.close()
                self._model, self._known_as = (elsewhere or address.open)(), known_as
            return self._model

        return open_model

    def close(self) -> None:
        """Free what is open."""
        if self._model is not None:
            self._model.close()
        self._model = self._known_as = None

    def __enter__(self) -> OpenModels:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
