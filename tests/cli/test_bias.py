"""``elena-wb bias``: whether a model goes by the face, in every format."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.conftest import Program


@pytest.fixture
def asked(program: Program, pictures) -> Program:
    folder = pictures(8)
    faces = [f"{n:04d}.png,face,{2 + n},2,5,5" for n in range(8)]
    (folder / "regions.csv").write_text("\n".join(["path,part,x,y,w,h", *faces]) + "\n", "utf-8")
    masks = ("--mask", "none", "--mask", "face:box@annotated", "--mask", "face:control@annotated")
    program("run", str(folder), "-m", "scripted:", "-p", "naive", "--name", "study", *masks)
    return program


def test_the_same_is_written_in_every_format_and_an_unknown_run_refused(asked, tmp_path):
    found = json.loads(asked("bias", "study", "--json", "--resamples", "200").stdout)
    (tried,) = found["tried"]
    assert found["resampling"] == {"resamples": 200, "seed": 0}
    assert tried["questions"] == 8
    flips = tried["dependence"]["flips"]
    assert (
        flips["hidden"]["n"] == 8 - sum(tried["dependence"]["left"].values()) - tried["dependence"]["unread"]
    )
    assert tried["trial"]["control"]["condition"] == "face:control@annotated"
    assert any("elena-wb attend" not in sentence and "attention" in sentence for sentence in tried["lacking"])
    shown = asked("bias", "study").stdout
    assert "Does the model go by the face?" in shown
    assert "macro-F1" not in shown  # nothing is known to be true of these pictures
    assert "One true label is known of none of these pictures" in " ".join(shown.split())
    lines = list(csv.reader(io.StringIO(asked("bias", "3", "-f", "csv").stdout)))
    assert ["n", "8"] in [line[2:] for line in lines]
    latex = tmp_path / "bias.tex"
    asked("bias", "1", "2", "-o", str(latex))
    assert r"\begin{tabular}{lrrrrrr}" in latex.read_text(encoding="utf-8")
    markdown = asked("bias", "1", "--format", "md").stdout
    assert "| measure | n | none | hidden | control | change | beyond control |" in markdown
    assert "There is no run `9`" in asked("bias", "9", code=2).stderr
