"""Questions in SQL that were asked of a store before, on disk from one day to the next."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from elena_wb.paths import user_data_dir
from elena_wb.remote.redaction import redact

MOST = 500
"""So many are kept, the latest."""
LONGEST = 100_000
"""A longer question is not kept."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and when it was asked (UTC, to the second, as text)."""

    sql: str
    at: str


class History:
    """The questions of one store, oldest first, each once: asked again, it is the latest.

    Lies in a file for its owner alone. What cannot be read or written is forgotten, without complaint.
    """

    def __init__(self, store: Path, folder: Path | None = None) -> None:
        name = hashlib.sha256(str(store).encode("utf-8", "surrogateescape")).hexdigest()[:16]
        self.path = (folder or user_data_dir() / "questions") / f"{name}.jsonl"
        self._entries: list[Asked] | None = None

    @property
    def entries(self) -> tuple[Asked, ...]:
        """All of them; read from disk the first time."""
        if self._entries is None:
            latest = {one.sql: one for one in self._read()}
            self._entries = sorted(latest.values(), key=lambda one: one.at)[-MOST:]
        return tuple(self._entries)

    def add(self, sql: str, at: str) -> None:
        """Keep ``sql`` as the latest."""
        if not sql.strip() or len(sql) > LONGEST:
            return
        asked = Asked(redact(sql), at)
        self._entries = [*(one for one in self.entries if one.sql != asked.sql), asked][-MOST:]
        line = json.dumps({"at": asked.at, "sql": asked.sql}, ensure_ascii=False) + "\n"
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            whole = self._ends_whole()
            with self._opened(self.path, os.O_APPEND) as file:
                file.write((b"" if whole else b"\n") + line.encode("utf-8", "replace"))
            if self.path.stat().st_size > 4 * LONGEST and sum(1 for _ in self._read()) > 2 * MOST:
                self._shorten()

    def _shorten(self) -> None:
        scratch = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        with self._opened(scratch, os.O_TRUNC) as file:
            for one in self.entries:
                line = json.dumps({"at": one.at, "sql": one.sql}, ensure_ascii=False) + "\n"
                file.write(line.encode("utf-8", "replace"))
        scratch.replace(self.path)

    def _ends_whole(self) -> bool:
        """Whether the last line is complete, so that another one can follow."""
        try:
            with self.path.open("rb") as file:
                if not file.seek(0, os.SEEK_END):
                    return True
                file.seek(-1, os.SEEK_END)
                return file.read() == b"\n"
        except OSError:
            return True

    @staticmethod
    def _opened(path: Path, how: int) -> BinaryIO:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600), "wb")

    def _read(self) -> Iterator[Asked]:
        try:
            lines = self.path.read_bytes().split(b"\n")
        except OSError:
            return
        for line in lines:
            try:
                found = json.loads(line)
                sql = str(found["sql"]).encode("utf-8", "replace").decode()
                yield Asked(sql, str(found["at"]))
            except (ValueError, KeyError, TypeError, RecursionError):
                continue
