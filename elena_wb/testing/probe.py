"""A model to try executors with: its answers show all of what it was asked, and it fails, waits or dies as told.

It is a plugin of its own, ``probe:``, installed for as long as a check takes (:func:`probe_installed`), so that workers
in other processes find it as they find any model.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from elena_wb import hookimpl
from elena_wb.core import ModelCard, ModelError, OutOfMemoryError, Request, Response
from elena_wb.data import pixel_digest
from elena_wb.hookspecs import Register
from elena_wb.offline import is_offline
from elena_wb.plugins import plugin_host

FAIL, RAISE, MEMORY, DIE, DIE_ONCE, WAIT, WHERE = (
    "probe: fail",
    "probe: raise",
    "probe: out of memory",
    "probe: die",
    "probe: die once ",
    "probe: wait",
    "probe: where",
)
"""Questions that are orders. ``DIE_ONCE`` is followed by a word that no other check uses."""

WAIT_S = 1.0
URI = "probe:"


class ProbeOptions(BaseModel):
    """How the model presents itself."""

    model_config = ConfigDict(extra="forbid")

    concurrency: int = Field(1, ge=1, description="Calls at once.")


class ProbeProvider:
    """Opens the probe."""

    options_model: ClassVar[type[BaseModel]] = ProbeOptions
    requires: ClassVar[Mapping[str, str]] = {}

    def destination(self, reference: str, options: BaseModel) -> str | None:
        """Pictures stay here."""
        return None

    def describe(self, reference: str, options: BaseModel) -> ModelCard:
        """The card; any reference will do."""
        concurrency = getattr(options, "concurrency", 1)
        digest = hashlib.sha256(f"probe {reference} {concurrency}".encode()).hexdigest()
        return ModelCard(f"probe:{reference}?concurrency={concurrency}", "probe", digest)

    def open(self, reference: str, options: BaseModel) -> ProbeModel:
        """The model.

        Raises:
            ModelError: the reference is ``absent``.
        """
        if reference == "absent":
            raise ModelError("There is no probe `absent`.", hint="Leave the reference out.")
        return ProbeModel(self.describe(reference, options), getattr(options, "concurrency", 1))


class ProbeModel:
    """Answers with a digest of everything in the request."""

    preferred_batch_size = 3

    def __init__(self, card: ModelCard, concurrency: int) -> None:
        self.card = card
        self.max_concurrency = concurrency
        self._closed = False

    def require_knock_out(self) -> None:
        """It can."""

    def generate(self, requests: Sequence[Request]) -> Iterator[Response]:
        """Answers in order, each as it is made."""
        if self._closed:
            raise ModelError("The probe was closed.")
        for index, request in enumerate(requests):
            yield _answered(index, request)

    def close(self) -> None:
        """Answer no more."""
        self._closed = True


def _answered(index: int, request: Request) -> Response:
    if request.user == RAISE:
        raise RuntimeError("the probe was told to raise")
    if request.user == MEMORY:
        raise OutOfMemoryError("The probe was told to need too much memory.")
    if request.user == DIE or (request.user.startswith(DIE_ONCE) and _first_time(request.user)):
        os._exit(3)
    if request.user == FAIL:
        return Response(
            index,
            "so far",
            "error",
            error="told to fail",
            retryable=True,
            trouble="server",
            retry_after_s=2.5,
        )
    if request.user == WAIT:
        time.sleep(WAIT_S)
    if request.user == WHERE:
        told = {"process": os.getpid(), "machine": platform.node(), "offline": is_offline()}
        return Response(index, json.dumps(told), "stop")
    return Response(
        index,
        _digest(request),
        "length" if request.seed % 2 else "stop",
        prompt_tokens=len(request.user),
        completion_tokens=1,
        latency_ms=1.5,
        cost_usd=0.25,
        label_logprobs={"Anger": -0.5, "Freude 😀": -2.0},
        answered_by="probe-1",
    )


def _digest(request: Request) -> str:
    said = asdict(request)
    image = said.pop("image")
    said["knock_out"] = None if request.knock_out is None else repr(request.knock_out)
    said["schema"] = None if request.schema is None else json.dumps(request.schema)
    said["pixels"] = f"{image.dtype} {pixel_digest(image)}"
    return hashlib.sha256(repr(sorted(said.items())).encode("utf-8", "surrogatepass")).hexdigest()


def _first_time(order: str) -> bool:
    """Whether this machine has never heard the order before."""
    word = hashlib.sha256(order.encode()).hexdigest()[:24]
    try:
        (Path(tempfile.gettempdir()) / f"elena-wb-probe-{word}").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def forget(order: str) -> None:
    """Let this machine forget that it has heard the order."""
    word = hashlib.sha256(order.encode()).hexdigest()[:24]
    (Path(tempfile.gettempdir()) / f"elena-wb-probe-{word}").unlink(missing_ok=True)


@hookimpl
def register_models(register: Register) -> None:
    """Register the probe."""
    register("probe", ProbeProvider)


@contextlib.contextmanager
def probe_installed() -> Iterator[None]:
    """Let this process, and all that it starts, find the plugin ``probe``."""
    before = os.environ.get("PYTHONPATH")
    with tempfile.TemporaryDirectory(prefix="elena-wb-probe-") as folder:
        info = Path(folder) / "elena_wb_probe-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: elena-wb-probe\nVersion: 1.0\n", "utf-8")
        (info / "entry_points.txt").write_text(f"[elena_wb]\nprobe = {__name__}\n", "utf-8")
        sys.path.insert(0, folder)
        os.environ["PYTHONPATH"] = os.pathsep.join([folder, *([before] if before else [])])
        _look_again()
        try:
            yield
        finally:
            sys.path.remove(folder)
            if before is None:
                del os.environ["PYTHONPATH"]
            else:
                os.environ["PYTHONPATH"] = before
            _look_again()


def _look_again() -> None:
    importlib.invalidate_caches()
    plugin_host.cache_clear()
