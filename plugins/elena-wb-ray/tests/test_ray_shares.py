"""What one copy takes of a cluster, and how many have room."""

from __future__ import annotations

import pytest
from elena_wb_ray.executor import RayExecutor
from elena_wb_ray.share import Share

from elena_wb.core import Choice, Needs, UsageError
from elena_wb.plugins import plugin_host

BIG = {"CPU": 16.0, "GPU": 2.0, "memory": 64e9}
SMALL = {"CPU": 3.0, "memory": 8e9}


def test_copies_are_counted_node_by_node_for_none_lies_on_two() -> None:
    assert Share.of(Needs(cpus=2)).fit([SMALL, SMALL]) == 2
    assert Share.of(Needs(cpus=1, gpus=1)).fit([BIG, SMALL]) == 2
    assert Share.of(Needs(cpus=0.1)).fit([SMALL]) == 30, "as Ray counts, not as floats are divided"
    assert Share.of(Needs(cpus=1, memory_bytes=5 * 10**9)).fit([BIG, SMALL]) == 13
    assert Share.of(Needs(gpus=1)).fit([SMALL]) == 0
    assert Share.of(Needs()).fit([]) == 0


def test_the_user_has_the_last_word_on_what_a_copy_takes() -> None:
    share = Share.of(Needs(cpus=4, gpus=1), cpus=2, gpus=0.5)
    assert str(share) == "2 CPUs, 0.5 GPUs"
    assert str(Share.of(Needs(gpus=1), gpus=0)) == "1 CPU, no GPU"


@pytest.mark.parametrize(
    ("cpus", "gpus"), [(0, 0), (-1, 0), (float("nan"), 0), (float("inf"), 0), (1, 1.5), (1e-9, 0)]
)
def test_a_share_that_ray_does_not_know_is_refused(cpus: float, gpus: float) -> None:
    with pytest.raises(ValueError, match="a copy takes"):
        Share.of(Needs(), cpus=cpus, gpus=gpus)


def test_the_host_makes_it_from_what_is_written_on_the_command_line() -> None:
    host = plugin_host()
    assert isinstance(
        host.make("executors", Choice.parse("ray,workers=2,gpus=0.5,address=auto")), RayExecutor
    )
    for written in ("ray,workers=0", "ray,workers=two", "ray,wait=0", "ray,gpus=-1", "ray,colour=red"):
        with pytest.raises(UsageError, match=written.partition(",")[2].partition("=")[0]):
            host.make("executors", Choice.parse(written))
