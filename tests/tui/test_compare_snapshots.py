"""What the comparison of two runs looks like at three sizes."""

from __future__ import annotations

import pytest

from elena_wb.store import Store
from elena_wb.tui import places
from tests.tui.test_compare import pressed, settled


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
def test_a_comparison(snap_compare, opened, planted: Store, size) -> None:
    async def to_the_third(pilot) -> None:
        pilot.app.go(places.Compare(1, 2))
        await settled(pilot)
        await pressed(pilot, "n", "n")

    assert snap_compare(opened(planted), terminal_size=size, run_before=to_the_third)


def test_the_numbers_on_a_small_screen(snap_compare, opened, planted: Store) -> None:
    async def unfolded(pilot) -> None:
        pilot.app.go(places.Compare(1, 3))
        await settled(pilot)
        await pressed(pilot, "s")

    assert snap_compare(opened(planted), terminal_size=(80, 24), run_before=unfolded)


def test_nothing_to_compare(snap_compare, opened, tmp_path) -> None:
    async def there(pilot) -> None:
        await pressed(pilot, "f3")

    assert snap_compare(opened(Store(tmp_path / "none.duckdb")), terminal_size=(80, 24), run_before=there)
