"""Several processes against one, on the embedded model."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.measure import Row, in_turn
from elena_wb.core import Model
from elena_wb.engine.models import ModelAddress
from elena_wb.engine.study import Request, plan_study
from elena_wb.executors import open_with
from elena_wb.executors.processes import ProcessesExecutor
from elena_wb.plugins import plugin_host
from elena_wb.store import Store

_PICTURES = 48
_WORKERS = 2
_GOAL = 1.0


def measure() -> list[Row]:
    """A study of rendered figures with the model open already: in this process with all cores, and in two."""
    from elena_wb_tiny.stimuli.folder import write_folder

    host = plugin_host()
    address = ModelAddress.parse("tiny:", host)
    here = address.open()
    there = open_with(ProcessesExecutor(_WORKERS), address, address.describe())
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "figures"
        write_folder(folder, _PICTURES, 4242, False)
        stores = iter(range(1000))

        def carry_out(model: Model) -> None:
            store = Store(Path(scratch) / f"{next(stores)}.duckdb")
            study = plan_study(Request([folder], "tiny:", conditions=["none"]), host, store)
            (result,) = study.carry_out(
                store, listener=lambda _: None, open_model=lambda: model, keep_open=True
            )
            assert result.ok == _PICTURES

        try:
            alone_s, spread_s, ratio = in_turn(lambda: carry_out(here), lambda: carry_out(there), rounds=3)
        finally:
            here.close()
            there.close()
    return [
        Row(
            f"{_PICTURES} figures in {_WORKERS} processes",
            "one process with all cores",
            alone_s,
            spread_s,
            ratio,
            f"≤ {_GOAL}×",
            ratio <= _GOAL,
        )
    ]
