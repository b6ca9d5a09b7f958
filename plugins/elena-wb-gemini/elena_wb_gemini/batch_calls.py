"""The calls that batches need, each with one way to fail."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from elena_wb.core import Response, WorkbenchError
from elena_wb_gemini.problems import from_error

if TYPE_CHECKING:
    from google import genai
    from google.genai import types

_MOST_LISTED = 2000
_NOT_FOUND = 404


class CallFailedError(Exception):
    """A call did not do what was asked. ``response`` tells why, for whoever waits for an answer.

    ``refused`` says that the server turned it down: then nothing has happened. ``gone`` says that there is no such
    batch.
    """

    def __init__(self, response: Response, status: int | None) -> None:
        super().__init__(response.error)
        self.response = response
        self.gone = status == _NOT_FOUND
        self.refused = status is not None and 400 <= status < 500 and status != 408


class BatchCalls:
    """Batches of ``model`` at ``host``. Every method may raise :class:`CallFailedError`, and a ModelError for what
    no other call would fare better with.
    """

    def __init__(self, client: genai.Client, model: str, host: str) -> None:
        self._client = client
        self._model = model
        self._host = host

    def create(self, title: str, questions: Sequence[types.InlinedRequest]) -> str:
        """Send a batch; Google's name of it."""
        try:
            made = self._client.batches.create(
                model=self._model, src=list(questions), config={"display_name": title}
            )
            if made.name:
                return made.name
        except WorkbenchError:
            raise
        except Exception as error:
            raise self._failed(error) from error
        raise CallFailedError(Response(0, "", "error", error="Google took a batch without a name."), None)

    def find(self, title: str) -> str | None:
        """Google's name of the batch with this title."""
        try:
            for number, one in enumerate(self._client.batches.list(config={"page_size": 100})):
                if one.display_name == title and one.name:
                    return one.name
                if number >= _MOST_LISTED:
                    break
        except WorkbenchError:
            raise
        except Exception as error:
            raise self._failed(error) from error
        return None

    def get(self, name: str) -> types.BatchJob:
        """How the batch is doing, with its answers if it is done."""
        try:
            return self._client.batches.get(name=name)
        except WorkbenchError:
            raise
        except Exception as error:
            if getattr(error, "code", None) == _NOT_FOUND:
                raise CallFailedError(Response(0, "", "error"), _NOT_FOUND) from error
            raise self._failed(error) from error

    def delete(self, name: str) -> None:
        """Have Google forget the batch, pictures and answers, if it will."""
        with contextlib.suppress(Exception):
            self._client.batches.delete(name=name)

    def _failed(self, error: Exception) -> CallFailedError:
        status = getattr(error, "code", None)
        response = from_error(0, error, model=self._model, host=self._host)
        return CallFailedError(response, status if isinstance(status, int) else None)
