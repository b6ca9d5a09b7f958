"""What runs on a node of the cluster: one copy of the model.

The class travels there itself (:func:`elena_wb_ray.cluster.prepare` sees to it), so that a node where elena-wb is
missing can say so. At its top this module therefore imports the standard library alone.
"""

from __future__ import annotations

import os
import pickle
import socket
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import metadata
from typing import Any


class Copy:
    """One copy of the model. What goes wrong is told as data, never raised."""

    def __init__(self) -> None:
        self._model: Any = None

    def place(self) -> tuple[str, int]:
        """The node's name and the process."""
        return socket.gethostname(), os.getpid()

    def open(self, job: bytes, folder: str, versions: Mapping[str, str]) -> tuple[str, Any]:
        """Load the model of the pickled ``job``, in ``folder`` if it exists here.

        ``versions`` are the distributions that must be here. Returns ``("opened", Opened)``, ``("told", Told)`` or
        ``("lacks", what is missing)``.
        """
        lacking = [_lacking(name, version) for name, version in versions.items()]
        if any(lacking):
            return "lacks", " ".join(filter(None, lacking))
        try:
            from elena_wb.executors import Opened, open_here, told
        except ImportError as error:
            return "lacks", f"elena-wb cannot be imported: {error}."
        try:
            os.chdir(folder)
            absent = ""
        except OSError:
            absent = f" (The folder {folder} does not exist there.)"
        try:
            self._model = open_here(pickle.loads(job))
            return "opened", Opened.of(self._model)
        except BaseException as error:  # noqa: BLE001 - told to whoever asked
            said = told(error)
            return "told", replace(said, message=said.message + absent)

    def answer(self, requests: list[Any]) -> Iterator[tuple[str, Any]]:
        """Yields ``("response", Response)`` as each is made, and ``("told", Told)`` if the model raises."""
        from elena_wb.executors import told

        try:
            # What comes out of the object store is read-only; a model may expect pixels of its own.
            own = [replace(request, image=request.image.copy()) for request in requests]
            for response in self._model.generate(own):
                yield "response", replace(response, label_logprobs=dict(response.label_logprobs))
        except GeneratorExit:
            raise
        except BaseException as error:  # noqa: BLE001 - told to whoever asked
            yield "told", told(error)

    def close(self) -> None:
        """Free what the model holds."""
        if self._model is not None:
            self._model.close()


def _lacking(name: str, version: str) -> str | None:
    try:
        there = metadata.version(name)
    except metadata.PackageNotFoundError:
        return f"{name} is not installed."
    return None if there == version else f"{name} is {there}, not {version} as here."
