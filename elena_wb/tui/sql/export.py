"""Writing the answer of the SQL screen to a file, in the formats of the command line."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from elena_wb.errors import WorkbenchError
from elena_wb.tui.screen import WorkbenchScreen
from elena_wb.tui.widgets.asking import AskText, Confirm

if TYPE_CHECKING:
    from elena_wb.store import Store

_ENDINGS = ".csv .tsv .json .jsonl .md .parquet .arrow"


class SqlExport(WorkbenchScreen):
    """The part of the SQL screen that exports: asks for a path, asks before it overwrites, writes in a thread."""

    _asked: str
    _halt: threading.Event | None

    def action_export(self) -> None:
        """Ask for a file, and write all rows of the question last asked to it."""
        if not self._asked:
            self.workbench.say("There is no answer to export yet.", "Ask something first: ^r.")
            return
        last = self.workbench.remembered.get("sql.export", "answer.csv")
        self.app.push_screen(
            AskText(
                "Write all rows of the question last asked, asked anew, to which file? Its ending says how: "
                f"{_ENDINGS}",
                last if isinstance(last, str) else "",
            ),
            self._named,
        )

    def _named(self, name: str | None) -> None:
        if name is None or not name.strip():
            return
        path = Path(os.path.expanduser(name.strip()))  # noqa: PTH111 - ~nobody must not raise
        self.workbench.remembered.set("sql.export", name.strip())
        if not os.path.exists(path):  # noqa: PTH110 - nor a folder that is closed to us
            self._write(path)
            return
        question = f"{path} is there already. Overwrite it?"
        self.app.push_screen(
            Confirm(question, yes="Overwrite"), lambda yes: self._write(path) if yes else None
        )

    def _write(self, path: Path) -> None:
        if self._halt is not None:
            self.workbench.say("A question is being asked.", "Wait for it, or stop it with escape.")
            return
        stop = self._halt = threading.Event()
        sql, store = self._asked, self.store
        self.fetch(
            lambda: write_answer(store, sql, path, stop),
            lambda _: self._written(path),
            group="export",
            failed=self._unwritten,
        )

    def _written(self, path: Path) -> None:
        self._halt = None
        self.workbench.say(f"Written to {path.absolute()}.")

    def _unwritten(self, error: WorkbenchError) -> None:
        self._halt = None
        self.workbench.tell(error)


def write_answer(store: Store, sql: str, path: Path, stop: threading.Event) -> None:
    """Ask ``sql`` and write every row of its answer to ``path``, in the format that its name means.

    Raises:
        UsageError: the name means no format, or the file is the store's own; or as
            :func:`elena_wb.store.query.ask` and :func:`elena_wb.store.saving.save` raise.
    """
    from elena_wb.errors import UsageError
    from elena_wb.store.formats import WRITERS
    from elena_wb.store.query import Answer, ask
    from elena_wb.store.saving import format_of, refuse_own_files, save

    kind = format_of(path)
    if kind is None:
        raise UsageError(f"The name of {path} does not say its format.", hint=f"It may end in {_ENDINGS}.")
    refuse_own_files(store, path)

    def write(answer: Answer) -> None:
        relation = answer.relation
        if relation is not None:
            save(path, lambda out: WRITERS[kind](relation, out))

    with ask(store, sql, stop=stop) as answer:
        answer(write)
