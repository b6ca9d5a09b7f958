"""As many ratings as a session can have, of answers of :mod:`bench.million`."""

from __future__ import annotations

from elena_wb.ratings import find_scales
from elena_wb.store import Store
from elena_wb.store.browsing import Filter
from elena_wb.store.rating_sessions import MOST_ITEMS, Design, make_session
from elena_wb.store.ratings import sit_down

RATERS = 8


def rate_thousands(store: Store) -> None:
    """A session of the most items there can be, each rated by eight people on four scales, a tenth of them twice."""
    scales = find_scales("elena")
    design = Design("thousands", "single", "none", scales, Filter(), MOST_ITEMS, MOST_ITEMS // 10, 0)
    session = make_session(store, design)
    sittings = [sit_down(store, session, f"rater {number}") for number in range(RATERS)]
    names = [one.name for one in scales.scale]
    with store.write() as connection:
        connection.execute(
            """UPDATE rating_places SET rated_at = TIMESTAMP '2026-01-01', seconds = 10
               WHERE list_contains(?, sitting_id)""",
            [sittings],
        )
        connection.execute(
            """INSERT INTO rating_values
               SELECT sitting_id, position, s.scale,
                      1 + (hash(item, s.scale) % 4 + hash(item, sitting_id, s.scale, again) % 4)::INTEGER, NULL
               FROM rating_places, (SELECT unnest(?) AS scale) AS s WHERE list_contains(?, sitting_id)""",
            [names, sittings],
        )
