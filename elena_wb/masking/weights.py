"""Weights of detectors: pinned by digest, fetched once, never trusted unread."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from elena_wb.core import AbsentError, SetupError, UsageError
from elena_wb.masking.download import download
from elena_wb.nearest import nearest
from elena_wb.paths import user_data_dir

OVERRIDE_VARIABLE = "ELENA_WB_YUNET"


@dataclass(frozen=True, slots=True)
class Weights:
    """A file of weights that this version of the program was measured with."""

    name: str
    file_name: str
    sha256: str
    size: int
    url: str


YUNET = Weights(
    name="yunet",
    file_name="face_detection_yunet_2023mar.onnx",
    sha256="8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
    size=232_589,
    url="https://media.githubusercontent.com/media/opencv/opencv_zoo/main/"
    "models/face_detection_yunet/face_detection_yunet_2023mar.onnx",
)
_KNOWN = {YUNET.name: YUNET}


def pull(name: str, source: Path | None = None) -> Path:
    """Fetch the weights ``name``, from OpenCV Zoo or from the file ``source``, and return where they are kept.

    Raises:
        UsageError: there are no such weights, or no such file.
        SetupError: what was fetched is something else, the network is unreachable or switched off.
    """
    if name not in _KNOWN:
        raise UsageError(f"There are no weights `{name}` to pull.", hint=nearest(name, _KNOWN))
    weights = _KNOWN[name]
    kept = stored_path(weights)
    if source is None and kept.is_file() and _sha256(kept.read_bytes()) == weights.sha256:
        return kept
    if source is None:
        content, origin = download(weights.url, limit=2 * weights.size), weights.url
    else:
        content, origin = _read(source.expanduser(), weights), str(source)
    _check(content, origin, weights)
    _write_atomically(kept, content)
    return kept


def stored_path(weights: Weights) -> Path:
    """Where :func:`pull` puts them."""
    return user_data_dir() / "models" / weights.file_name


def verified_yunet() -> bytes:
    """YuNet's weights, from ``$ELENA_WB_YUNET`` or from where :func:`pull` put them.

    Raises:
        AbsentError: they were not fetched yet.
        SetupError: the file named by the user is not there, or a file is not the one that is pinned.
    """
    override = os.environ.get(OVERRIDE_VARIABLE)
    return _verified(Path(override).expanduser() if override else stored_path(YUNET), bool(override))


@cache
def _verified(path: Path, chosen_by_user: bool) -> bytes:
    hint = f"elena-wb models pull {YUNET.name}"
    if chosen_by_user and not path.is_file():
        raise SetupError(f"{OVERRIDE_VARIABLE} names {path}, which is no file.", hint=hint)
    if not path.is_file():
        raise AbsentError("The weights of the face detector `yunet` are not here yet.", hint=hint)
    content = _read(path, YUNET)
    _check(content, str(path), YUNET)
    return content


def _read(path: Path, weights: Weights) -> bytes:
    """At most as much as tells whether the file is the right one."""
    try:
        with path.open("rb") as file:
            return file.read(weights.size + 1)
    except FileNotFoundError as error:
        raise UsageError(f"There is no file {path}.", hint="--from takes the file of the weights.") from error
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}.") from error


def _check(content: bytes, origin: str, weights: Weights) -> None:
    if _sha256(content) == weights.sha256:
        return
    start = content[:512].lstrip().lower()
    if start.startswith(b"version https://git-lfs"):
        what = "is a Git LFS pointer, not the weights themselves"
    elif start.startswith((b"<!doctype", b"<html", b"<?xml")):
        what = "is a web page, not the weights"
    elif not content:
        what = "is empty"
    elif len(content) < weights.size:
        what = f"is cut short or another file ({len(content):,} bytes of {weights.size:,})"
    else:
        what = f"is another file: its sha256 is not {weights.sha256}"
    raise SetupError(
        f"{origin} {what}.",
        hint=f"elena-wb models pull {weights.name} --from FILE takes {weights.file_name} of OpenCV Zoo.",
    )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write_atomically(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as scratch:
            scratch_path = Path(scratch.name)
            try:
                scratch.write(content)
                scratch.flush()
                os.fsync(scratch.fileno())
                scratch_path.chmod(0o644)
                scratch_path.replace(path)
            except BaseException:
                scratch_path.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}.") from error
