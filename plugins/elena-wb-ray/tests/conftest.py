"""A Ray cluster on this machine, with a plugin installed that its models come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from elena_wb_ray.cluster import prepare
from PIL import Image

from elena_wb.testing import probe
from tests.conftest import Program, plugin_on_path

TOKEN = "0123456789abcdef" * 4


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugins that the nodes of the cluster have."""
    site = tmp_path_factory.mktemp("site")
    return plugin_on_path(site, "mortal", (Path(__file__).parent / "mortal.py").read_text("utf-8"))


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Where the head of a small cluster is."""
    with ExitStack() as held:
        patch = held.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN", TOKEN)
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("PYTHONPATH", str(site))
        patch.delenv("RAY_ADDRESS", raising=False)
        held.enter_context(probe.probe_installed())
        prepare(local=True)
        from ray.cluster_utils import Cluster

        small = {"num_cpus": 1, "object_store_memory": 80_000_000, "include_dashboard": False}
        cluster = Cluster(initialize_head=True, head_node_args=small)
        held.callback(cluster.shutdown)
        yield cluster.address


@pytest.fixture
def program(tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """``elena-wb`` with the plugins that the nodes have, run in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ELENA_WB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("ELENA_WB_OFFLINE", raising=False)
    return Program(tmp_path / "home", site)


@pytest.fixture
def pictures(tmp_path: Path) -> Callable[[int], str]:
    """A folder with so many different small pictures."""

    def make(count: int) -> str:
        folder = tmp_path / "pictures"
        folder.mkdir()
        rng = np.random.default_rng(0)
        for index in range(count):
            Image.fromarray(rng.integers(0, 255, (24, 24, 3), dtype=np.uint8)).save(folder / f"{index}.png")
        return str(folder)

    return make
