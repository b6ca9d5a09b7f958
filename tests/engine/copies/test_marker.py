"""Copies are bound by the rules of their originals: the marker beside them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from elena_wb.core import (
    UsageError,
)
from elena_wb.data.policy import MARKER
from elena_wb.engine.copies.making import CopyReport, make_copies
from elena_wb.engine.copies.manifest import MANIFEST
from elena_wb.engine.copies.plan import CopyOrder, plan_copies
from elena_wb.plugins import PluginHost
from elena_wb.store import Store
from tests.engine.copies.helpers import Pictures, files, with_faces


def test_copies_of_data_that_must_stay_here_are_marked_before_the_first_is_written(
    host: PluginHost, store: Store, pictures: Pictures, tmp_path: Path
) -> None:
    plan = plan_copies(
        CopyOrder([with_faces(pictures(1))], tmp_path / "out", ["face@annotated"]), host, store
    )
    strict = replace(plan, upload="local-only")
    stop = threading.Event()
    stop.set()
    make_copies(strict, listener=lambda _: None, stop=stop)
    assert files(tmp_path / "out") == [".elena-wb.toml", MANIFEST]
    marker = tmp_path / "out" / ".elena-wb.toml"
    assert marker.read_text() == 'upload = "local-only"\n'
    order = CopyOrder([with_faces(pictures(1))], tmp_path / "out", ["face@annotated"])
    settled = replace(order, uploads={str(tmp_path): "masked-only"})
    marker.write_text('upload = "local-only"  # ours\n')
    assert "copies says local-only" in " ".join(plan_copies(settled, host, store).notes)
    make_copies(replace(strict, upload="masked-only"), listener=lambda _: None, stop=threading.Event())
    assert marker.read_text() == 'upload = "local-only"  # ours\n', "what the user wrote was changed"


@pytest.mark.parametrize("looser", ["masked-only", "allowed"])
def test_copies_of_stricter_originals_tighten_the_marker_that_lies_there(
    mask: Callable[..., CopyReport],
    host: PluginHost,
    store: Store,
    pictures: Pictures,
    tmp_path: Path,
    looser: str,
) -> None:
    one, two, out = with_faces(pictures(1, "one")), with_faces(pictures(2, "two", seed=1)), tmp_path / "out"
    (one / MARKER).write_text(f'upload = "{looser}"')
    (two / MARKER).write_text('upload = "local-only"')
    (two / "0000.png").unlink()
    mask(one, out)
    if looser == "allowed":
        (out / MARKER).write_text('upload = "allowed"')
    order = CopyOrder([two], out, ["face@annotated"])
    assert f"says {looser}, and now local-only" in " ".join(plan_copies(order, host, store).notes)
    mask(two, out)
    assert (out / MARKER).read_text() == 'upload = "local-only"\n'
    assert files(out) == [MARKER, "0000.png", "0001.png", MANIFEST]


@pytest.mark.parametrize("how", ["a folder", "nonsense", "nothing said"])
def test_a_marker_that_cannot_be_understood_stops_the_work(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path, how: str
) -> None:
    folder, out = with_faces(pictures(1)), tmp_path / "out"
    (folder / MARKER).write_text('upload = "local-only"')
    out.mkdir()
    if how == "a folder":
        (out / MARKER).mkdir()
    else:
        (out / MARKER).write_text("[" if how == "nonsense" else "")
    with pytest.raises(UsageError, match=r"out/\.elena-wb\.toml (is no|says nothing)"):
        mask(folder, out, overwrite=True)
    assert [path.name for path in out.iterdir()] == [MARKER]


def test_a_marker_is_not_put_over_other_files_unasked(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path
) -> None:
    folder, out = with_faces(pictures(1)), tmp_path / "out"
    (folder / MARKER).write_text('upload = "masked-only"')
    (out / "sub").mkdir(parents=True)
    (out / "sub" / "holiday.jpg").write_text("mine")
    with pytest.raises(UsageError, match=r"other files lie there: sub/holiday\.jpg\."):
        mask(folder, out)
    assert files(out) == ["sub/holiday.jpg"]
    mask(folder, out, overwrite=True)
    mask(folder, out)
    assert files(out) == [MARKER, "0000.png", MANIFEST, "sub/holiday.jpg"]


def test_a_twin_binds_the_copies_and_is_an_original_like_the_first(
    mask: Callable[..., CopyReport], pictures: Pictures, tmp_path: Path
) -> None:
    root, out = tmp_path / "in", tmp_path / "out"
    root.mkdir()
    folder = with_faces(pictures(1, "in/a"))
    (root / "b").mkdir()
    (root / "b" / "b.png").write_bytes((folder / "0000.png").read_bytes())
    (root / "b" / MARKER).write_text('upload = "local-only"')
    (out / "b").mkdir(parents=True)
    os.link(root / "b" / "b.png", out / "b" / "b.png")
    with pytest.raises(UsageError, match=r"b\.png is one of the originals"):
        mask(root, out, overwrite=True)
    (out / "b" / "b.png").unlink()
    mask(root, out)
    assert (out / MARKER).read_text() == 'upload = "local-only"\n'
