"""The calls that batches need, each with one way to fail."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from elena_wb.core import Response, WorkbenchError
from elena_wb_gemini.problems import from_error
from elena_wb_gemini.reply import shown
from elena_wb_gemini.wire import Batch, BatchPage

if TYPE_CHECKING:
    from google.genai import types

    from elena_wb_gemini.client import Connection

_T = TypeVar("_T")
_NAME = re.compile(r"batches/[A-Za-z0-9_-]{1,200}", re.ASCII)
_MOST_PAGES = 100
_FORBIDDEN, _NOT_FOUND = 403, 404


class CallFailedError(Exception):
    """A call did not do what was asked. ``response`` tells why, for whoever waits for an answer.

    ``refused`` says that the server turned it down: then nothing has happened. ``gone`` says that there is no such
    batch, ``barred`` that the key may not see it.
    """

    def __init__(self, response: Response, status: int | None = None) -> None:
        super().__init__(response.error)
        self.response = response
        self.gone = status == _NOT_FOUND
        self.barred = status == _FORBIDDEN
        self.refused = status is not None and 400 <= status < 500 and status != 408


class BatchCalls:
    """Batches of ``model`` at ``host``.

    Each method may raise :class:`CallFailedError`, and a ModelError for what no other call would fare better with.
    """

    def __init__(self, connection: Connection, model: str, host: str) -> None:
        self._connection = connection
        self._model = model
        self._host = host

    def create(self, title: str, questions: Sequence[types.InlinedRequest]) -> str:
        """Send a batch; Google's name of it."""

        def call() -> str | None:
            made = self._connection.client.batches.create(
                model=self._model, src=list(questions), config={"display_name": title}
            )
            return made.name

        name = self._made(call)
        if name is None or not _NAME.fullmatch(name):
            raise CallFailedError(
                Response(0, "", "error", error="Google gave a batch no proper name.", retryable=True)
            )
        return name

    def find(self, title: str) -> str | None:
        """Google's name of the batch with this title."""
        token = ""
        for _ in range(_MOST_PAGES):
            query = {"pageSize": "20"} | ({"pageToken": token} if token else {})
            page = self._made(partial(self._page, query))
            for one in page.operations:
                if one.metadata.display_name == title and _NAME.fullmatch(one.name):
                    return one.name
            token = page.next_page_token
            if not token:
                break
        return None

    def get(self, name: str) -> Batch:
        """How the batch is doing, with its answers if it is done."""
        return self._made(lambda: Batch.model_validate(self._connection.get(name)), about_one=True)

    def delete(self, name: str) -> None:
        """Have Google forget the batch, pictures and answers, if it will."""
        with contextlib.suppress(Exception):
            self._connection.client.batches.delete(name=name)

    def _page(self, query: Mapping[str, str]) -> BatchPage:
        return BatchPage.model_validate(self._connection.get("batches", query))

    def _made(self, call: Callable[[], _T], *, about_one: bool = False) -> _T:
        try:
            return call()
        except WorkbenchError:
            raise
        except Exception as error:
            code: Any = getattr(error, "code", None)
            status = code if isinstance(code, int) else None
            if about_one and status in (_FORBIDDEN, _NOT_FOUND):
                said = shown(str(getattr(error, "message", "")), 300)
                raise CallFailedError(Response(0, "", "error", error=said), status) from error
            response = from_error(0, error, model=self._model, host=self._host)
            raise CallFailedError(response, status) from error
