"""Digests of files are remembered as long as the files stay the same."""

import hashlib
import os
from pathlib import Path

import pytest

from elena_wb.digests import FileDigests


def digest(path: Path) -> str:
    digests = FileDigests("digests.json")
    try:
        return digests.sha256(path)
    finally:
        digests.save()


def test_a_file_is_read_once(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"first")
    assert digest(path) == hashlib.sha256(b"first").hexdigest()
    monkeypatch.setattr("elena_wb.digests.hashlib", None)
    assert digest(path) == hashlib.sha256(b"first").hexdigest()


@pytest.mark.parametrize("how", ["written", "replaced"])
def test_a_file_of_the_same_size_and_time_of_writing_is_read_again(
    tmp_path: Path, home: Path, how: str
) -> None:
    path, other = tmp_path / "weights", tmp_path / "other"
    for one, content in ((path, b"first"), (other, b"other")):
        one.write_bytes(content)
        os.utime(one, (1_000_000_000, 1_000_000_000))
    digest(path)
    if how == "replaced":
        other.replace(path)
    else:
        path.write_bytes(b"other")
        os.utime(path, (1_000_000_000, 1_000_000_000))
    assert digest(path) == hashlib.sha256(b"other").hexdigest()
