"""One copy of the model on the cluster, as the host's executors know it."""

from __future__ import annotations

import contextlib
import pickle
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from elena_wb.core import ModelJob, OutOfMemoryError, Request, Response, SetupError, WorkbenchError
from elena_wb.executors import Opened, WorkerLostError, raised
from elena_wb.plain import plain
from elena_wb_ray.actor import Copy
from elena_wb_ray.cluster import Cluster
from elena_wb_ray.share import Share

_POLITE_S = 5.0
_LONGEST = 300


class NoRoomError(WorkerLostError):
    """The cluster had no room for a copy within the time that may be waited for."""


class Crew:
    """What the copies of one run share. ``calls_at_once`` becomes what the model takes, once a copy has told."""

    def __init__(
        self, cluster: Cluster, job: ModelJob, share: Share, versions: Mapping[str, str], wait_s: float
    ) -> None:
        self.cluster = cluster
        self.job = job
        self.share = share
        self.versions = versions
        self.wait_s = wait_s
        self.calls_at_once = 1
        self.placed = False
        """Whether any copy ever had room."""


class RayWorker:
    """An actor with one copy of the model (implements :class:`elena_wb.executors.Worker`)."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._changed = threading.Condition()
        self._actor: Any = None
        self._closed = False
        self._waiting = 0
        self._node, self._pid = "", 0

    def open(self) -> Opened:
        """See :meth:`elena_wb.executors.Worker.open`.

        Raises:
            NoRoomError: nothing on the cluster has room for it.
        """
        with self._in_use():
            opened = self._open(self._crew.calls_at_once)
            if opened.max_concurrency > self._crew.calls_at_once:
                # An actor's threads are settled as it is made, and only an open model tells how many calls it takes.
                self._crew.calls_at_once = opened.max_concurrency
                self._kill()
                opened = self._open(opened.max_concurrency)
            return opened

    def generate(self, requests: Sequence[Request]) -> Iterator[Response]:
        """See :meth:`elena_wb.executors.Worker.generate`."""
        with self._in_use():
            answers = self._ask("answer", list(requests), streaming=True)
            for reference in answers:
                kind, said = self._wait_for(reference)
                if kind == "told":
                    raise raised(said)
                yield said

    def close(self) -> None:
        """End the actor: if it is idle, once its model is closed."""
        with self._changed:
            idle = not self._closed and not self._waiting
            self._closed = True
        with contextlib.suppress(Exception):
            if idle and self._actor is not None:
                import ray

                ray.wait([self._actor.close.remote()], timeout=_POLITE_S)
        self._kill()
        with self._changed:  # who still waits must not find the connection gone
            self._changed.wait_for(lambda: not self._waiting, timeout=_POLITE_S)

    def _open(self, calls_at_once: int) -> Opened:
        crew = self._crew
        with self._changed:
            if self._closed:
                raise WorkerLostError("closed")
            self._actor = crew.cluster.start(Copy, crew.share, calls_at_once)
        self._find_place()
        kind, said = self._wait_for(self._ask("open", pickle.dumps(crew.job), str(Path.cwd()), crew.versions))
        if kind == "lacks":
            raise SetupError(
                f"The node {self._node} cannot answer: {plain(said)}",
                hint="Install the same versions of elena-wb and its plugins on every node.",
            )
        if kind == "told":
            raise self._from_there(raised(said))
        assert isinstance(said, Opened)
        return said

    def _find_place(self) -> None:
        import ray

        crew = self._crew
        asked = self._ask("place")
        ready, _ = ray.wait([asked], timeout=crew.wait_s)
        if not ready:
            self._kill()
            raise NoRoomError(
                f"no node had room for {crew.share} within {crew.wait_s:g} s; {crew.cluster.told()}"
            )
        self._node, self._pid = self._wait_for(asked)
        crew.placed = True

    def _ask(self, method: str, *arguments: Any, streaming: bool = False) -> Any:
        """Begin a call of the actor.

        Raises:
            WorkerLostError: the worker was closed, or the connection is gone.
        """
        with self._changed:
            if self._closed:
                raise WorkerLostError("closed")
            try:
                call = getattr(self._actor, method)
                return (call.options(num_returns="streaming") if streaming else call).remote(*arguments)
            except Exception as error:
                raise WorkerLostError(f"nothing can be asked of it: {_short(error)}") from error

    def _wait_for(self, reference: Any) -> Any:
        """What the actor returned.

        Raises:
            WorkerLostError: it is gone.
            RuntimeError: what it answered cannot travel.
        """
        import ray
        from ray.exceptions import RayTaskError

        try:
            return ray.get(reference)
        except RayTaskError as error:
            raise RuntimeError(
                f"what the copy on {self._node} said cannot travel: {_short(error.cause)}"
            ) from error
        except Exception as error:
            raise WorkerLostError("closed" if self._closed else self._end(error)) from error

    def _end(self, error: Exception) -> str:
        """How the copy ended, for people."""
        from ray.exceptions import OutOfMemoryError as NodeFullError

        told = str(error)
        if isinstance(error, NodeFullError):
            how = "Ray ended its process, for the node ran out of memory"
        elif "node" in told and ("died" in told or "dead" in told) and "worker process has died" not in told:
            how = "its node is gone"
        else:
            how = "its process ended"
        words = self._crew.cluster.last_words(self._pid) if self._pid else ""
        return f"{how} (process {self._pid} on {self._node})" + (
            f"; its last words: {words}" if words else ""
        )

    def _from_there(self, error: Exception) -> Exception:
        """The same error, saying on which node."""
        if (
            self._crew.cluster.local
            or not isinstance(error, WorkbenchError)
            or isinstance(error, OutOfMemoryError)
        ):
            return error
        return type(error)(f"On the node {self._node}: {error.message}", hint=error.hint)

    def _kill(self) -> None:
        import ray

        actor, self._actor = self._actor, None
        if actor is not None:
            with contextlib.suppress(Exception):
                ray.kill(actor)

    @contextlib.contextmanager
    def _in_use(self) -> Iterator[None]:
        with self._changed:
            self._waiting += 1
        try:
            yield
        finally:
            with self._changed:
                self._waiting -= 1
                self._changed.notify_all()


def _short(error: object) -> str:
    return plain(" ".join(str(error).split()))[:_LONGEST]
