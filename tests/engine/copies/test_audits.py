"""Audits of copies: of the masked pixels, stored while the work goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from elena_wb.core import (
    Box,
    SetupError,
)
from elena_wb.data.writing import OutputFolder
from elena_wb.engine.copies.audits import AuditKeeper
from elena_wb.engine.copies.making import Copy, CopyReport, make_copies
from elena_wb.engine.copies.manifest import read_manifest
from elena_wb.engine.copies.plan import CopyOrder, plan_copies
from elena_wb.masking import Audit
from elena_wb.plugins import PluginHost
from elena_wb.store import Store
from elena_wb.store import audited as audited_in
from tests.engine.copies.helpers import Bright, Pictures, audited, with_faces


def test_an_audit_sees_the_masked_pixels_and_is_stored_under_the_masking(
    host: PluginHost, store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name, places in (("good.png", [(4, 4)]), ("bad.png", [(4, 4), (30, 30)])):
        pixels = np.full((48, 48, 3), 90, np.uint8)
        for top, left in places:
            pixels[top : top + 8, left : left + 8] = 255
        Image.fromarray(pixels).save(folder / name)
    with_faces(folder)
    detector = Bright()
    plan = audited(
        plan_copies(CopyOrder([folder], tmp_path / "out", ["face@annotated"]), host, store), detector
    )
    report = make_copies(plan, listener=lambda _: None, stop=threading.Event())
    seen = {copy.picture.source: copy.audit for copy in report.copies}
    assert isinstance(seen["good.png"], Audit)
    assert seen["good.png"].residual_faces == 0
    assert seen["bad.png"] is not None
    assert [face.box for face in seen["bad.png"].faces] == [Box(30, 30, 8, 8)]
    stimuli, records = report.audits
    assert len(stimuli) == len(records) == 2
    assert {record.masking for record in records} == {plan.treatments[0].masking.identity}
    assert sorted(record.residual_faces for record in records) == [0, 1]
    entries = read_manifest(OutputFolder(tmp_path / "out"))
    assert (entries["bad.png"].residual_faces, entries["bad.png"].detector) == ("1", "bright")


def test_audits_are_stored_while_the_work_goes_on(
    host: PluginHost, store: Store, pictures: Pictures, tmp_path: Path
) -> None:
    order = CopyOrder([with_faces(pictures(30))], tmp_path / "out", ["face@annotated"])
    plan = audited(plan_copies(order, host, store), Bright())
    identity = plan.treatments[0].masking.identity
    often = AuditKeeper(store, seconds=0)
    seldom = AuditKeeper(Store(tmp_path / "other.duckdb"), seconds=3600)
    stored = []

    def hear(made: Sequence[Copy]) -> None:
        often.hear(made)
        seldom.hear(made)
        stored.append(len(audited_in(store, identity, "bright")))

    make_copies(plan, listener=hear, stop=threading.Event())
    assert stored == list(range(1, 31))
    assert not (tmp_path / "other.duckdb").exists()
    seldom.flush()
    assert len(audited_in(Store(tmp_path / "other.duckdb"), identity, "bright")) == 30


def test_an_audit_that_nothing_can_make_is_said_before_anything_is_written(
    mask: Callable[..., CopyReport], host: PluginHost, pictures: Pictures, tmp_path: Path
) -> None:
    host.claims["locators"] = {"annotated": host.claims["locators"]["annotated"]}
    with pytest.raises(SetupError, match="audit"):
        mask(with_faces(pictures(1)), tmp_path / "out", audit=True)
    assert not (tmp_path / "out").exists()
