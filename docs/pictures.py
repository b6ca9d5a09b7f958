"""Draws the pictures of the interface in ``docs/pictures``: ``python docs/pictures.py [NAME…]``.

The program itself renders figures, asks the embedded model about them and looks at its answers, in a scratch folder;
then the real interface is led through its screens by keys. Textual writes what it shows as SVG, which ``tidy`` makes
fit to be kept: no font of a server, no path of this machine, and half-blocks as shapes, so that pictures have no seams.
"""

from __future__ import annotations

import asyncio
import html
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.worker import WorkerCancelled

FOLDER = Path(__file__).parent / "pictures"
NOW = datetime(2026, 3, 1, 12, 0, 0)
"""What the interface's clock shows."""
FONTS = "Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"

Steps = Callable[[Pilot[Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Shot:
    """What is pressed before a picture is taken, and how large the terminal is."""

    steps: Steps
    size: tuple[int, int] = (124, 36)


async def _settle(pilot: Pilot[Any]) -> None:
    """Wait until nothing is read or drawn any more."""
    for _ in range(5):
        with suppress(WorkerCancelled):
            await pilot.app.workers.wait_for_complete()
        await pilot.pause(0.15)


async def _press(pilot: Pilot[Any], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await _settle(pilot)


async def _until(pilot: Pilot[Any], holds: Callable[[], bool], seconds: float = 60.0) -> None:
    end = asyncio.get_running_loop().time() + seconds
    while not holds():
        if asyncio.get_running_loop().time() > end:
            raise TimeoutError("the screen did not come to show what the picture is of")
        await pilot.pause(0.05)
    await _settle(pilot)


async def runs(pilot: Pilot[Any]) -> None:
    """The table of runs."""
    await _press(pilot, "1", "down")


async def narratives(pilot: Pilot[Any]) -> None:
    """A wrong answer about a hidden face, with a part lit."""
    from elena_wb.store.browsing import Filter
    from elena_wb.tui.places import Narratives

    pilot.app.go(Narratives(Filter(run_ids=(2,))))  # type: ignore[attr-defined]
    await _settle(pilot)
    await _press(pilot, "s", "e", "p")


async def compare(pilot: Pilot[Any]) -> None:
    """A flip, both sides beside each other."""
    from elena_wb.tui.places import Compare

    pilot.app.go(Compare(1, 2))  # type: ignore[attr-defined]
    await _settle(pilot)
    await _press(pilot, "s", "n")


async def attention(pilot: Pilot[Any]) -> None:
    """The maps of one answer to a whole picture beside that without the face."""
    from elena_wb.store import Store
    from elena_wb.tui.attention.view import AttentionView
    from elena_wb.tui.places import Attention

    store: Store = pilot.app.store  # type: ignore[attr-defined]
    with store.read() as connection:
        looked = connection.execute(
            """SELECT generation_id FROM extractions JOIN generations USING (generation_id)
               JOIN stimuli USING (stimulus_id) WHERE run_id = 1 ORDER BY path"""
        ).fetchall()
    await _press(pilot, "4")
    pilot.app.go(Attention(looked[0][0]))  # type: ignore[attr-defined]
    view = pilot.app.screen.query_one(AttentionView)
    await _until(pilot, lambda: view.drawing is not None)
    await _press(pilot, "m", "right_square_bracket", "right_square_bracket")


async def rate(pilot: Pilot[Any]) -> None:
    """An answer that is being rated."""
    await _press(pilot, "5", "enter", "6", "5")


async def sql(pilot: Pilot[Any]) -> None:
    """A query and its answer."""
    from elena_wb.tui.places import Sql

    question = (
        "SELECT condition, emotion, count(*) AS answers, round(avg(valence), 1) AS valence\n"
        "FROM narratives GROUP BY ALL ORDER BY ALL"
    )
    pilot.app.go(Sql(question))  # type: ignore[attr-defined]
    await _settle(pilot)
    await _press(pilot, "f9")


async def new_run(pilot: Pilot[Any]) -> None:
    """A form that is filled in, with its plan and command."""
    from textual.widgets import Static

    await _press(pilot, "7")
    await _until(
        pilot,
        lambda: any("3 runs" in str(one.content) for one in pilot.app.screen.query("#plan").results(Static)),
    )


async def plugins(pilot: Pilot[Any]) -> None:
    """What works on this machine."""
    from textual.widgets import Static

    await _press(pilot, "8")
    heads = "#machine-head"
    await _until(
        pilot,
        lambda: any(
            "looks again" in str(one.content) for one in pilot.app.screen.query(heads).results(Static)
        ),
    )


SHOTS = {
    "runs": Shot(runs, (124, 24)),
    "narratives": Shot(narratives, (124, 42)),
    "compare": Shot(compare, (124, 42)),
    "attention": Shot(attention, (124, 38)),
    "rate": Shot(rate, (124, 30)),
    "sql": Shot(sql, (124, 30)),
    "new-run": Shot(new_run),
    "plugins": Shot(plugins, (124, 14)),
}


def prepare(folder: Path, *, count: int = 24, looks: int = 6) -> Path:
    """Fill ``folder`` with figures and a store of three runs about them; return the store's path.

    Runs 1 to 3 show the face, hide it and hide as much elsewhere; ``looks`` answers of the first two were looked at.
    """
    environment = {**os.environ, "ELENA_WB_HOME": str(folder / "home"), "OMP_NUM_THREADS": "1"}

    def program(*arguments: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "elena_wb", "--offline", "--store", "study.duckdb", *arguments],
            cwd=folder,
            env=environment,
            check=True,
            capture_output=True,
        )

    program("stimuli", "render", "figures", "--count", str(count), "--seed", "3")
    masks = [word for mask in ("none", "face", "face:control") for word in ("--mask", mask)]
    program("run", "figures", "-m", "tiny:", *masks, "--name", "posed figures")
    if looks:
        program("attend", "1", "2", "--limit", str(looks))
    _arrange(folder / "study.duckdb")
    return folder / "study.duckdb"


def _arrange(path: Path) -> None:
    """The same times on every machine, and a session to rate in."""
    from elena_wb.ratings import find_scales
    from elena_wb.store import Store
    from elena_wb.store.browsing import Filter
    from elena_wb.store.rating_sessions import Design, make_session
    from elena_wb.store.ratings import sit_down

    store = Store(path)
    with store.write() as connection:
        connection.execute(
            """UPDATE runs SET started_at = TIMESTAMP '2026-03-01 11:40:00' + run_id * INTERVAL 5 MINUTE,
                   finished_at = TIMESTAMP '2026-03-01 11:40:08' + run_id * INTERVAL 5 MINUTE"""
        )
        connection.execute(
            """UPDATE generations SET latency_ms = 90, created_at = TIMESTAMP '2026-03-01 11:40:00'
                   + run_id * INTERVAL 5 MINUTE + asked.number * INTERVAL 300 MILLISECOND
               FROM (SELECT generation_id, row_number() OVER (PARTITION BY run_id ORDER BY path) AS number
                     FROM generations JOIN stimuli USING (stimulus_id)) AS asked
               WHERE asked.generation_id = generations.generation_id"""
        )
        connection.execute("UPDATE extractions SET created_at = TIMESTAMP '2026-03-01 11:58:00'")
    design = Design("pilot", "single", "whole", find_scales("elena"), Filter(run_ids=(1, 2)), 12, 0, 7)
    sit_down(store, make_session(store, design), "Ann")


async def take(name: str, store: Path) -> str:
    """The picture ``name`` of the interface over ``store``, as SVG."""
    from elena_wb.config import Settings
    from elena_wb.plugins import plugin_host
    from elena_wb.store import Store
    from elena_wb.tui import WorkbenchApp

    shot = SHOTS[name]
    app = WorkbenchApp(Store(store), Settings(store=store), plugin_host(), images="blocks", clock=lambda: NOW)
    app.remembered.set("new_run.form", _filled_in())
    async with app.run_test(size=shot.size) as pilot:
        await _settle(pilot)
        await shot.steps(pilot)
        for field in app.screen.query("Input, TextArea"):
            field.cursor_blink = False  # type: ignore[attr-defined]
        app.clear_notifications()
        await _settle(pilot)
        drawn = app.export_screenshot(title="elena-wb", simplify=True)
    return tidy(drawn, name, store.parent)


def _filled_in() -> dict[str, Any]:
    """What the form for a new run holds."""
    from elena_wb.tui.new_run.state import FormState

    return FormState(
        sources=("figures",),
        scheme="tiny",
        prompts=("elena",),
        conditions=("none", "face", "face:control"),
        options={"name": "again, warmer", "repeats": "2", "temperature": "0.7"},
    ).as_json()


_TEXT = re.compile(
    r'<text class="([\w-]+)" x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)" '
    r'clip-path="url\(#[\w-]+-line-(\d+)\)">([^<]*)</text>'
)
_BACK = re.compile(r'<rect fill="(#\w+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"[^>]*/>')


def tidy(svg: str, name: str, folder: Path) -> str:
    """Fit to be kept: local fonts, ids of the picture's own, half-blocks as shapes, no path below ``folder``."""
    found = re.search(r'class="(terminal-[\w-]+)-matrix"', svg)
    assert found is not None, "not a picture of Textual's"
    svg = svg.replace(found[1], name)
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = svg.replace("Fira Code, monospace", FONTS).replace("arial", "sans-serif")
    colours = dict(re.findall(rf"\.({name}-r\d+) \{{ fill: (#\w+)", svg))
    shapes: dict[str, list[str]] = defaultdict(list)

    folders = re.compile("|".join(rf"{re.escape(str(one))}/?" for one in {folder, folder.resolve()}))

    def upper_halves(text: re.Match[str]) -> str:
        style, x, _, length, line, escaped = text.groups()
        words = html.unescape(escaped)
        cells = len(words)
        if set(words) != {"▀"} or style not in colours:
            shorter = folders.sub("", words)
            now = f"{float(length) * len(shorter) / cells:g}"
            return text[0].replace(f'"{length}"', f'"{now}"').replace(escaped, html.escape(shorter))
        width = float(length) / cells
        column = round(float(x) / width)
        shapes[colours[style]].append(f"M{column} {2 * int(line)}h{cells}v1h-{cells}z")
        return ""

    svg = _TEXT.sub(upper_halves, svg)
    return re.sub(r"\n\s*\n+", "\n", _with_shapes(svg, shapes)).rstrip() + "\n"


def _with_shapes(svg: str, shapes: dict[str, list[str]]) -> str:
    """Draw ``shapes`` (in cells and half lines) between backgrounds and words."""
    backs = [(float(y), float(height)) for _, _, y, _, height in _BACK.findall(svg)]
    if not shapes or not backs:
        return svg
    top = min(y for y, _ in backs)
    line = (max(y for y, _ in backs) - top) / max(1, len({y for y, _ in backs}) - 1)
    cell = 12.2
    paths = "".join(f'<path fill="{colour}" d="{"".join(each)}"/>' for colour, each in sorted(shapes.items()))
    group = (
        f'<g transform="translate(0, {top}) scale({cell}, {line / 2:.3f})" '
        f'shape-rendering="crispEdges">{paths}</g>\n'
    )
    return re.sub(r'(<g class="[\w-]+-matrix">)', lambda begins: group + begins[1], svg, count=1)


def main(names: list[str]) -> None:
    """Draw the pictures of these names, or all."""
    unknown = [name for name in names if name not in SHOTS]
    if unknown:
        raise SystemExit(f"There is no picture {', '.join(unknown)}; there are {', '.join(SHOTS)}.")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        os.environ["ELENA_WB_HOME"] = str(folder / "home")
        store = prepare(folder)
        os.chdir(folder)
        for name in names or SHOTS:
            (FOLDER / f"{name}.svg").write_text(asyncio.run(take(name, store)), "utf-8")
            sys.stdout.write(f"{FOLDER / name}.svg\n")


if __name__ == "__main__":
    main(sys.argv[1:])
