"""The executor ``ray``: copies of a model as actors of a Ray cluster."""

from __future__ import annotations

from importlib import metadata

from elena_wb.core import Model, ModelError, ModelJob, Needs, SetupError, UsageError
from elena_wb.executors import Spread
from elena_wb.plugins import plugin_host
from elena_wb_ray.cluster import Cluster
from elena_wb_ray.share import Share
from elena_wb_ray.worker import Crew, RayWorker


class RayExecutor:
    """Spreads a model over a Ray cluster (implements :class:`elena_wb.core.Executor`).

    ``workers`` copies, by default as many as there is room for; ``address`` of the cluster, by default the variable
    ``RAY_ADDRESS`` or else this machine, as a cluster that ends with the run; ``cpus`` and ``gpus`` that one copy
    takes, by default what its provider asks for; ``wait`` seconds at most until there is room for a copy.
    """

    def __init__(
        self,
        workers: int | None = None,
        address: str | None = None,
        cpus: float | None = None,
        gpus: float | None = None,
        wait: float = 60.0,
    ) -> None:
        if workers is not None and workers < 1:
            raise ValueError("at least one worker is needed")
        Share.of(Needs(), cpus=cpus, gpus=gpus)
        if not 0 < wait < float("inf"):
            raise ValueError("it is waited for more than 0 seconds, and not for ever")
        self._workers = workers
        self._address = address
        self._cpus = cpus
        self._gpus = gpus
        self._wait_s = wait

    def open(self, job: ModelJob) -> Model:
        """Connect, and open the copies; see :meth:`elena_wb.core.Executor.open`."""
        try:
            share = Share.of(job.needs, cpus=self._cpus, gpus=self._gpus)
        except ValueError as error:
            raise UsageError(
                f"`ray` cannot place {job.uri}: {error}.", hint="Say `cpus=…` and `gpus=…`."
            ) from error
        cluster = Cluster.connect(self._address, offline=job.offline)
        try:
            crew = Crew(cluster, job, share, versions_for(job.uri), self._wait_s)
            workers = self._workers or max(1, cluster.room_for(share))
            if cluster.local and workers > cluster.could_hold(share):
                raise _no_room(crew, workers)
            try:
                spread = _Lasting(job, lambda _: RayWorker(crew), workers, where="on a Ray cluster")
            except ModelError as error:
                if crew.placed:
                    raise
                raise _no_room(crew, workers) from error
        except BaseException:
            cluster.close()
            raise
        spread.cluster = cluster
        return spread


class _Lasting(Spread):
    """A spread model that holds its cluster until it is closed."""

    cluster: Cluster | None = None

    def close(self) -> None:
        """End the copies, and then the connection."""
        super().close()
        if self.cluster is not None:
            self.cluster.close()


def versions_for(uri: str) -> dict[str, str]:
    """The distributions that answer for ``uri``, with their versions here: elena-wb, and the plugin of its scheme."""
    host = plugin_host()
    claim = host.claims["models"].get(uri.partition(":")[0])
    plugin = host.distributions.get(claim.plugin) if claim is not None else None
    names = {"elena-wb": metadata.version("elena-wb")}
    return names if plugin is None else {**names, plugin.name: plugin.version}


def _no_room(crew: Crew, workers: int) -> SetupError:
    copies = "A copy of the model" if workers == 1 else f"{workers} copies of the model"
    each = "" if workers == 1 else " each"
    return SetupError(
        f"{copies} would take {crew.share}{each}, for which there is no room: {crew.cluster.told()}.",
        hint="Fewer copies (`workers=…`), a smaller share for each (`cpus=0.5`, `gpus=0`), or a cluster that has it "
        "(`address=…`).",
    )
