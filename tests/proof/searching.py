"""Looking for a secret in everything that a program left behind, also where it is packed or spelt in another way."""

from __future__ import annotations

import base64
import gzip
import html
import json
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

import duckdb
import pyarrow.parquet as pq


def spellings(secret: str) -> Mapping[str, bytes]:
    """The bytes that would give ``secret`` away, by what they are."""
    raw = secret.encode()
    found = {
        "as it is": raw,
        "URL-quoted": quote(secret, safe="").encode(),
        "URL-quoted as a path": quote(secret).encode(),
        "URL-quoted as a form": quote_plus(secret).encode(),
        "in JSON": json.dumps(secret)[1:-1].encode(),
        "in JSON with slashes escaped": secret.replace("/", "\\/").encode(),
        "in HTML": html.escape(secret).encode(),
        "in UTF-16": secret.encode("utf-16-le"),
        "in hexadecimal": raw.hex().encode(),
        "reversed": raw[::-1],
        "its first half": raw[: len(raw) // 2 + 4],
    }
    for shift in range(3):
        # Whatever stands before the secret shifts its base64; the characters at both ends depend on neighbours.
        for name, encode in (("base64", base64.b64encode), ("URL-safe base64", base64.urlsafe_b64encode)):
            found[f"in {name}, shifted by {shift}"] = encode(b"\0" * shift + raw)[4:-4]
    return found


def places(root: Path) -> Iterator[tuple[str, bytes]]:
    """Everything below ``root``: each file as bytes, and what is packed in stores, tables and archives."""
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        yield f"the name {name}", name.encode()
        if path.is_symlink() or not path.is_file():
            continue
        data = path.read_bytes()
        yield name, data
        if data[8:12] == b"DUCK":
            yield from ((f"{name}: {where}", text) for where, text in _store(path))
        elif data.startswith(b"SQLite format 3"):
            yield name + " (rows)", _sqlite(path)
        elif data.startswith(b"PAR1"):
            yield name + " (rows)", repr(pq.read_table(path).to_pylist()).encode()
        elif data.startswith(b"\x1f\x8b"):
            yield name + " (unpacked)", gzip.decompress(data)
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for entry in archive.namelist():
                    yield f"{name}: {entry}", archive.read(entry)


def leaks(secret: str, found: Iterator[tuple[str, bytes]] | list[tuple[str, bytes]]) -> list[str]:
    """Where ``secret`` lies among ``found``, and how it is spelt there."""
    forms = spellings(secret)
    return [
        f"{place} ({spelling})" for place, data in found for spelling, form in forms.items() if form in data
    ]


def _store(path: Path) -> Iterator[tuple[str, bytes]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        for (table,) in connection.execute("SELECT table_name FROM information_schema.tables").fetchall():
            rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()
            yield table, repr(rows).encode()


def _sqlite(path: Path) -> bytes:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return "\n".join(connection.iterdump()).encode()
    finally:
        connection.close()
