"""What this plugin brings: the executor ``ray``."""

from __future__ import annotations

from elena_wb import hookimpl
from elena_wb.hookspecs import Register


@hookimpl
def register_executors(register: Register) -> None:
    """``--executor ray``."""
    register("ray", "elena_wb_ray.executor:RayExecutor")
