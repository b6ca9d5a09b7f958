"""The interface in a process of its own, driven by its keys; what was seen, and when, is printed as JSON.

``python -m bench.driven STORE paint|walk|live SECONDS``
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from elena_wb.config import Settings
from elena_wb.plugins import plugin_host
from elena_wb.store import Store
from elena_wb.store.browsing import Filter
from elena_wb.tui import WorkbenchApp
from elena_wb.tui.places import Narratives
from elena_wb.tui.widgets.empty import Empty
from elena_wb.tui.widgets.paged import PagedTable

_PATIENCE_S = 60.0
FILTERS = {
    "emotion": Filter(emotions=("fear",)),
    "run": Filter(run_ids=(7,)),
    "wrong": Filter(correct="wrong"),
    "truth": Filter(truths=("fear",)),
    "condition": Filter(conditions=("face",)),
    "flag": Filter(flags=("unparsed",)),
    "text": Filter(text="leans away. Behind"),
    "where": Filter(where="valence > 8 AND emotion = 'sadness'"),
}


async def _until(pilot: Pilot[None], seen: Callable[[], bool]) -> float:
    """Seconds until ``seen``, looked at after every few thousandths of a second."""
    began = time.perf_counter()
    while not seen():
        if time.perf_counter() - began > _PATIENCE_S:
            raise TimeoutError("The interface does not show what was waited for.")
        await asyncio.sleep(0.002)
    return time.perf_counter() - began


async def _drive(path: Path, what: str, seconds: float) -> dict[str, Any]:
    app = WorkbenchApp(Store(path), Settings(store=path), plugin_host(), images="none")
    app.remembered.set("screen", "narratives")
    async with app.run_test(size=(120, 40)) as pilot:

        def table() -> PagedTable:
            return app.screen.query_one(PagedTable)

        def there() -> bool:
            if not app.screen.query("PagedTable"):
                return False
            return table().line_at_cursor is not None or "empty" in app.screen.classes

        await _until(pilot, there)
        found: dict[str, Any] = {"painted_at": time.time()}
        if what == "walk":
            found["filters"] = {
                name: await _filtered(app, pilot, table(), wanted) for name, wanted in FILTERS.items()
            }
            await _filtered(app, pilot, table(), Filter())
            began = time.perf_counter()
            pressed = asyncio.create_task(pilot.press("end"))
            last = table().count - 1
            await _until(pilot, lambda: table().cursor == last and table().line_at_cursor is not None)
            found["end"] = time.perf_counter() - began
            await pressed
        if what == "live":
            until = time.time() + seconds
            longest = 0.0
            while time.time() < until:
                began = time.perf_counter()
                await pilot.press("down")
                longest = max(longest, time.perf_counter() - began)
                await asyncio.sleep(0.1)
            found["longest_key"] = longest
            found["count"] = table().count
        found["told"] = [one.message for one in app.told if one.error]
        assert app.screen.query(Empty) is not None
    found["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return found


async def _filtered(
    app: WorkbenchApp, pilot: Pilot[None], table: PagedTable, wanted: Filter
) -> dict[str, float]:
    """Seconds until the first line of what passes is seen, and until all that passes is found."""
    screen: Any = app.screen
    before = table._showing
    began = time.perf_counter()
    app.go(Narratives(filter=wanted))
    await _until(pilot, lambda: table._showing != before and table.line_at_cursor is not None)
    first = time.perf_counter() - began
    await _until(pilot, lambda: not screen._reading)
    return {"first": first, "all": time.perf_counter() - began, "count": table.count}


if __name__ == "__main__":
    _, store, what, seconds = sys.argv
    print(json.dumps(asyncio.run(_drive(Path(store), what, float(seconds)))))
