"""What works on this machine, what does not, and the command that mends it.

Each check stands alone in a thread of its own: one that hangs or breaks is told of, and the others go on. Nothing is
changed, nothing is asked over the network, and no key is told.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping

from elena_wb.config import Settings
from elena_wb.engine.health import plugged, program, settled, storage, surroundings
from elena_wb.engine.health.finding import Finding, State, fail, warn
from elena_wb.errors import WorkbenchError
from elena_wb.plain import plain
from elena_wb.plugins import PluginHost
from elena_wb.store import Store

__all__ = ["Finding", "State", "examine", "worst"]

PATIENCE_S = 10.0
"""So long all checks together may take; on a machine that has nothing else to do they take one or two."""
DEVICE_PATIENCE_S = 2.5
"""So long it may take to ask torch, which is slow to load."""

Check = Callable[[], Iterable[Finding]]


def examine(
    settings: Settings,
    host: PluginHost,
    *,
    problem: WorkbenchError | None = None,
    pictures: str | None = None,
    patience: float = PATIENCE_S,
    device_patience: float = DEVICE_PATIENCE_S,
) -> tuple[Finding, ...]:
    """Everything that was found, in a fixed order of areas; takes about ``patience`` seconds at most,
    of which ``device_patience`` are for torch.

    ``problem`` is what was wrong with the configuration, of which ``settings`` is then what could be saved;
    ``pictures`` is the method by which they are drawn in this terminal, where that is known. Never raises.
    """
    store = Store(settings.store, lock_timeout=min(settings.lock_timeout, 0.5))
    checks: Mapping[str, Check] = {
        "program": program.examine,
        "store": lambda: storage.examine(store),
        "settings": lambda: settled.examine(settings, host, problem),
        "plugins": lambda: plugged.examine(host),
        "torch": lambda: plugged.examine_torch(min(device_patience, patience)),
        "models": lambda: plugged.examine_models(host),
        "detectors": surroundings.examine_detectors,
        "keys": lambda: plugged.examine_keys(host),
        "network": surroundings.examine_network,
        "terminal": lambda: surroundings.examine_terminal(pictures),
    }
    return _all_within(patience, checks)


def worst(findings: Iterable[Finding]) -> State:
    """The worst state among ``findings``."""
    order = [State.OK, State.WARN, State.FAIL]
    return max((one.state for one in findings), key=order.index, default=State.OK)


def _all_within(seconds: float, checks: Mapping[str, Check]) -> tuple[Finding, ...]:
    found: dict[str, tuple[Finding, ...]] = {}

    def work(area: str, check: Check) -> None:
        try:
            found[area] = tuple(check())
        except BaseException as error:  # noqa: BLE001 - whatever is broken, the rest is examined
            said = error.message if isinstance(error, WorkbenchError) else f"{type(error).__name__}: {error}"
            found[area] = (fail(area, area, f"It cannot be examined: {plain(said)}"),)

    threads = [
        threading.Thread(target=work, args=one, name=f"doctor {one[0]}", daemon=True)
        for one in checks.items()
    ]
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0))
    late = f"It could not be told within {seconds:.0f} s."
    return tuple(one for area in checks for one in found.get(area, (warn(area, area, late),)))
