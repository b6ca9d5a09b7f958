"""Which pictures a report shows: as the models saw them, to whom they may be shown, and nothing of their files."""

from __future__ import annotations

import base64
import io
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from elena_wb.core import Resampling
from elena_wb.report import ReportOptions, write_report
from elena_wb.report.options import Written
from tests import attentive
from tests.looking import RED, Bench
from tests.report.hostile import shown_at
from tests.report.strict import Element, Page, check

QUICK = ReportOptions(resampling=Resampling(0))


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Two pictures asked about unmasked, with the face hidden, and with as much elsewhere; one has no face."""
    attentive.AttentiveProvider.opened.clear()
    bench = Bench(tmp_path_factory.mktemp("bench"))
    bench.picture("a", 1)
    bench.picture("b", 2)
    (bench.folder / "regions.csv").write_text(
        "path,part,x,y,w,h\na.png,face,20,10,10,10\nb.png,face,20,10,10,10\n"
    )
    bench.ask("attentive:", "none", "face", "face:control")
    for run in "12":
        bench.look(run)
    bench.change("UPDATE generations SET emotion = 'anger' WHERE run_id = 2")
    return bench


@pytest.fixture
def bench(asked: Bench, tmp_path: Path) -> Iterator[Bench]:
    """A bench of its own for each test, in the place where the answers were given: their paths are absolute."""
    place, kept = asked.folder.parent, tmp_path / "kept"
    shutil.copytree(place, kept)
    yield asked
    shutil.rmtree(place)
    shutil.copytree(kept, place)


@pytest.fixture(autouse=True)
def _pictures_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The analyses have tests of their own."""
    monkeypatch.setattr("elena_wb.report.finding.analyses", lambda *_: ())


def report(bench: Bench, *runs: int, **changes: object) -> tuple[Written, Page]:
    output = bench.folder.parent / "report.html"
    options = replace(QUICK, **changes)  # type: ignore[arg-type]
    written = write_report(bench.store, bench.host, runs or (1, 2), output, options)
    assert [one.why for one in written.missing] == []
    return written, check(shown_at(output))


def pixels(of: Element) -> np.ndarray:
    data = base64.b64decode(of.attributes["src"].partition(",")[2])
    image = Image.open(io.BytesIO(data))
    assert image.format == "JPEG"
    assert not image.getexif()
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert max(image.size) <= 560
    return np.asarray(image).astype(int)


def red(of: Element) -> int:
    """Pixels of nearly the colour of the faces in these pictures."""
    return int((np.abs(pixels(of) - RED).max(axis=2) < 60).sum())


def test_pictures_are_those_that_the_models_saw_with_their_maps(bench: Bench) -> None:
    written, page = report(bench)
    pairs = page.root.all("article")
    assert written.pictures == 8
    assert len(pairs) == 2
    unmasked, heat, masked, heat_masked = pairs[0].all("img")
    assert red(unmasked) > 1000
    assert red(masked) < 100
    assert "Outlined: face." in unmasked.attributes["alt"]
    for one in (heat, heat_masked):
        assert re.search(r"Share of the attention over share of the area: .*face \d", one.attributes["alt"])
        assert red(one) < 100
    assert len({one.attributes["src"] for one in page.root.all("img")}) == 8


def test_with_masked_only_no_face_is_in_the_report(bench: Bench) -> None:
    written, page = report(bench, 1, 2, 3, pictures="masked-only")
    assert written.pictures == 4
    for one in page.root.all("img"):
        assert red(one) < 100
    assert "Pictures that show a face are left out of this report" in page.root.words
    assert "all are masked" in page.root.words
    bench.change("DELETE FROM regions")
    (bench.folder / "a.png").unlink()
    written, page = report(bench, 1, 2, pictures="masked-only")
    assert written.pictures == 0
    assert "a.png: the file is no longer there" in page.root.words


def test_a_masked_picture_in_which_a_face_is_left_is_not_shown_to_others(bench: Bench) -> None:
    pixels = np.asarray(Image.open(bench.folder / "a.png")).copy()
    pixels[25:35, 40:50] = RED
    Image.fromarray(pixels).save(bench.folder / "c.png")
    (bench.folder / "regions.csv").write_text("path,part,x,y,w,h\nc.png,face,20,10,10,10\n")
    bench.ask("attentive:", "none", "face", limit=None)
    bench.change("UPDATE generations SET emotion = 'anger' WHERE run_id = 2")
    _, page = report(bench, pictures="masked-only")
    of_c = next(of for of in page.root.all("article") if "c.png" in of.words)
    assert of_c.all("img") == []
    assert "A face is left in this picture although it was masked." in of_c.words
    _, page = report(bench)
    assert len(next(of for of in page.root.all("article") if "c.png" in of.words).all("img")) == 2


def test_pictures_that_are_to_stay_are_shown_only_with_the_users_word(bench: Bench) -> None:
    folder = str(bench.folder)
    written, page = report(bench, uploads={folder: "local-only"})
    assert (written.pictures, page.root.all("img")) == (0, [])
    assert "The picture is to stay on the machine where it lies (local-only)." in page.root.words
    written, page = report(bench, uploads={folder: "masked-only"})
    assert written.pictures == 4
    assert all(red(one) < 100 for one in page.root.all("img"))
    (bench.folder / ".elena-wb.toml").write_text('upload = "local-only"\n')
    written, page = report(bench)
    assert written.pictures == 0
    written, page = report(bench, restricted=True)
    assert written.pictures == 8
    assert "by the express word of who made it" in page.root.words
    assert "--with-local-pictures" in page.root.words


def test_without_pictures_there_are_none_and_no_reason_is_needed(bench: Bench) -> None:
    written, page = report(bench, pictures="none")
    assert (written.pictures, page.root.all("img")) == (0, [])
    assert len(page.root.all("article")) == 2
    assert "It shows no pictures (--no-pictures)." in page.root.words
    assert not any(of.words == "Pictures left out" for of in page.root.all("h3"))
