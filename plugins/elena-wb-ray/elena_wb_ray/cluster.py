"""The cluster: one that is there, or this machine as one for as long as a run takes."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from elena_wb.core import SetupError, UsageError
from elena_wb.offline import require_network
from elena_wb.plain import plain
from elena_wb_ray.folders import temporary_folder
from elena_wb_ray.share import Share, spelt

_LONGEST_FOLDER = 40
"""Ray puts sockets below its folder, and the path of a socket has little more than a hundred bytes."""
_LAST_WORDS = 400
_CONNECT_S = 10.0


class Cluster:
    """A connection to a Ray cluster. ``local`` says that it is this machine alone and ends with the connection."""

    def __init__(
        self, *, local: bool, ours: bool = True, folder: tempfile.TemporaryDirectory[str] | None = None
    ) -> None:
        self.local = local
        self._ours = ours
        self._folder = folder
        self._guard = threading.Lock()

    @classmethod
    def connect(cls, address: str | None, *, offline: bool) -> Cluster:
        """Connect to the cluster at ``address``, else to the one that ``RAY_ADDRESS`` names, else start one here.

        A program that is connected already stays so, before and afterwards.

        Raises:
            UsageError: ``address`` is none to connect to in this way.
            SetupError: it cannot be reached or started, or the network is switched off and it is elsewhere.
        """
        address = address or os.environ.get("RAY_ADDRESS") or None
        if address is not None and "://" in address:
            raise UsageError(
                f"{address} is an address for Ray's client, through which answers cannot come one by one.",
                hint="Run elena-wb on a machine of the cluster, with `address=auto` or the HOST:PORT of its head.",
            )
        local = address in (None, "local")
        prepare(local=local)
        import ray

        if ray.is_initialized():
            return cls(local=False, ours=False)
        if address is not None and not local:
            (_require_here if offline else _require_listening)(address)
        folder = temporary_folder() if local else None
        cluster = cls(local=local, folder=folder)
        kept: dict[str, Any] = {}
        if folder is not None and len(folder.name) <= _LONGEST_FOLDER:
            kept["_temp_dir"] = folder.name
        try:
            with _signals_as_they_were():
                ray.init(
                    address="local" if local else address,
                    include_dashboard=False if local else None,
                    log_to_driver=False,
                    logging_level=logging.CRITICAL,
                    **kept,
                )
        except SetupError:
            cluster.close()
            raise
        except Exception as error:
            cluster.close()
            raise _unreachable(address if not local else None, error) from error
        if offline and not local:
            cluster._require_all_here()
        return cluster

    def start(self, kind: type, share: Share, calls_at_once: int) -> Any:
        """An actor of this class, to be placed wherever there is room for its share; it is not waited for.

        With one call at a time it works in the first thread of its process, where torch is quickest.
        """
        import ray

        return (
            ray.remote(kind)
            .options(
                num_cpus=share.cpus,
                num_gpus=share.gpus,
                memory=share.memory_bytes,
                max_restarts=0,
                max_concurrency=calls_at_once,
                scheduling_strategy="SPREAD",
            )
            .remote()
        )

    def room_for(self, share: Share) -> int:
        """How many copies have room now, beside what others run there."""
        from ray._private.state import available_resources_per_node

        return share.fit(available_resources_per_node().values())

    def could_hold(self, share: Share) -> int:
        """How many copies would have room, had nobody else anything there."""
        return share.fit(node["Resources"] for node in self._nodes())

    def told(self) -> str:
        """What the cluster has, for people."""
        nodes = self._nodes()
        said = [f"{plain(node['NodeManagerHostname'])} has {spelt(node['Resources'])}" for node in nodes[:8]]
        more = f"; and {len(nodes) - 8} nodes more" if len(nodes) > 8 else ""
        return "; ".join(said) + more

    def last_words(self, pid: int) -> str:
        """The end of what a process on this machine's own cluster wrote as errors, on one line; nothing of others."""
        if self._folder is None:
            return ""
        written = sorted(Path(self._folder.name).glob(f"session_2*/logs/worker-*-{pid}.err"))
        text = written[-1].read_text("utf-8", "replace")[-4 * _LAST_WORDS :] if written else ""
        return plain(" ".join(text.split()))[-_LAST_WORDS:]

    def close(self) -> None:
        """Disconnect; a cluster that was started for this run ends. Calling it twice is harmless."""
        with self._guard:
            if not self._ours:
                return
            self._ours = False
            import ray

            with contextlib.suppress(Exception):
                ray.shutdown()
            if self._folder is not None:
                self._folder.cleanup()

    def _nodes(self) -> list[Mapping[str, Any]]:
        import ray

        return [node for node in ray.nodes() if node["Alive"]]

    def _require_all_here(self) -> None:
        import ray

        here = ray.util.get_node_ip_address()
        for node in self._nodes():
            if node["NodeManagerAddress"] != here:
                self.close()
                require_network("ray", node["NodeManagerAddress"])


def prepare(*, local: bool) -> None:
    """What Ray reads as it is first imported; it neither reports on its use nor sends files of this machine along."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"  # would upload the current folder, pictures and all
    os.environ["RAY_ENABLE_AUTO_CONNECT"] = "0"  # would start a cluster where a late thread finds none
    if local:
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # nobody but this machine can reach it
        os.environ.setdefault("RAY_worker_niceness", "0")  # copies are no background work
        if "RAY_AUTH_MODE" not in os.environ:
            os.environ["RAY_AUTH_MODE"] = "token"
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    import ray
    import ray._private.worker
    from ray import cloudpickle

    from elena_wb_ray import actor

    cloudpickle.register_pickle_by_value(actor)
    if not ray.is_initialized():
        # Ray has no setting that keeps its errors from standard output, which is data; whoever asks is told of them.
        ray._private.worker.print_to_stdstream = lambda *_, **__: None
    logging.getLogger("ray").setLevel(logging.CRITICAL)


@contextlib.contextmanager
def _signals_as_they_were() -> Iterator[None]:
    """Ray ends its processes upon SIGTERM by a handler that waits; they end with this process as it is."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _require_here(address: str) -> None:
    import ray

    host = address.rpartition(":")[0].strip("[]")
    if host and host != ray.util.get_node_ip_address():
        require_network("ray", host)


def _require_listening(address: str) -> None:
    """Find out in seconds what Ray tries for minutes."""
    host, colon, port = address.rpartition(":")
    if not colon:
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_S).close()
    except (OSError, ValueError, OverflowError) as error:
        raise _unreachable(address, error) from error


def _unreachable(address: str | None, error: Exception) -> SetupError:
    said = plain(" ".join(str(error).split()))[:_LAST_WORDS] or type(error).__name__
    if address is None:
        return SetupError(f"Ray cannot be started on this machine: {said}")
    return SetupError(
        f"The Ray cluster at {plain(address)} cannot be reached: {said}",
        hint="`ray status --address HOST:PORT` shows whether it is up. The machine that elena-wb runs on must be one "
        "of its nodes, with the same versions of Ray and Python, and have its token where it asks for one.",
    )
