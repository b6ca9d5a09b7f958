"""``elena-wb compare``: two runs, what lies between them and which answers changed."""

from __future__ import annotations

import json

import pytest
from scipy.stats import binomtest

from tests.conftest import Program, rows


def answered(program: Program, folder: object, model: str, *options: str) -> None:
    program("run", str(folder), "-m", model, "-p", "naive", *options)


def test_runs_that_differ_in_quantisation_alone_say_how_many_answers_changed(program, pictures):
    folder = pictures(30)
    answered(program, folder, "scripted:?quantisation=F16")
    answered(program, folder, "scripted:?quantisation=Q4_0")
    found = json.loads(program("compare", "1", "2", "--json").stdout)
    changed = found["emotion_changed"]["changed"]
    assert found["differs_in"] == ["quantisation"]
    assert 0 < changed == len(found["changed"]) < 30
    assert found["pairs"] == found["emotion_changed"]["n"] == 30
    assert sum(map(sum, found["matrix"]["counts"])) == 30

    shown = " ".join(program("compare", "1", "2").stdout.split())
    verb = "names" if changed == 1 else "name"
    assert (
        f"differ in quantisation alone (F16 → Q4_0): {changed} of 30 answers {verb} another emotion" in shown
    )
    assert "None were lost" in shown
    assert "Nothing is known to be true of these pictures" in shown
    assert found["right"]["n"] == 0
    assert found["right"]["p"] is None
    assert all(one["picture"] in shown for one in found["changed"])
    assert "Warning" not in shown


def test_more_than_one_difference_is_a_warning_and_lost_pairs_are_counted(program, pictures):
    folder = pictures(12)
    answered(program, folder, "scripted:?quantisation=F16")
    program("run", str(folder), "-m", "scripted:?quantisation=Q4_0&fail=2", "-p", "elena", code=4)
    shown = " ".join(program("compare", "1", "2").stdout.split())
    assert "differ in quantisation, prompt and token limit:" in shown
    assert "Warning: 3 things that can change answers differ" in shown
    found = json.loads(program("compare", "1", "2", "--json").stdout)
    assert found["lost"]["failed_second"] == found["lost"]["total"] == 12 - found["pairs"] > 0
    assert f"{found['lost']['failed_second']} failed in run 2" in shown


def test_the_first_twenty_changed_pictures_are_shown_and_all_are_in_json(program, pictures):
    folder = pictures(40)
    answered(program, folder, "scripted:")
    answered(program, folder, "scripted:", "--seed", "9", "--fresh")
    found = json.loads(program("compare", "1", "2", "--json").stdout)
    assert len(found["changed"]) > 20
    shown = program("compare", "1", "2").stdout
    assert f"the first 20 of {len(found['changed'])}; JSON has all" in " ".join(shown.split())
    assert sum(one["picture"] in shown for one in found["changed"]) == 20


@pytest.mark.parametrize(
    ("runs", "said"), [(("1", "7"), "There is no run `7`"), (("1", "1"), "the same run, 1")]
)
def test_what_cannot_be_compared_is_a_usage_error(program, pictures, runs, said):
    answered(program, pictures(2), "scripted:")
    assert said in program("compare", *runs, code=2).stderr


def test_without_a_store_there_is_no_run_to_compare(program):
    assert "There is no store" in program("compare", "1", "2", code=3).stderr


def test_right_answers_are_tested_and_emotions_counted_on_both_sides(program, pictures, tmp_path):
    (tmp_path / "labelled").mkdir()
    for seed, emotion in enumerate(("fear", "anger", "happiness")):
        pictures(12, name=f"labelled/{emotion}", seed=seed)
    folder = tmp_path / "labelled"
    answered(program, folder, "scripted:", "--dataset", "label-folders")
    answered(program, folder, "scripted:", "--dataset", "label-folders", "--seed", "9", "--fresh")
    found = json.loads(program("compare", "1", "2", "--json").stdout)
    truths = rows(
        program,
        """SELECT count(*) FILTER (a.correct AND b.correct), count(*) FILTER (a.correct AND NOT b.correct),
                  count(*) FILTER (NOT a.correct AND b.correct), count(a.correct)
           FROM narratives AS a JOIN narratives AS b USING (stimulus_id, repeat)
           WHERE a.run_id = 1 AND b.run_id = 2""",
    )
    right = found["right"]
    counted = [right[name] for name in ("both", "only_first", "only_second", "n")]
    assert counted == [int(count) for count in truths[0]]
    assert right["n"] == 36
    apart = (right["only_first"], right["only_first"] + right["only_second"])
    assert right["p"] == pytest.approx(binomtest(*apart).pvalue if apart[1] else 1.0)
    assert right["difference"]["value"] == pytest.approx((right["only_second"] - right["only_first"]) / 36)
    assert sum(one["first"] for one in found["named"]) == found["emotion_changed"]["n"]
    assert sum(one["second"] for one in found["named"]) == found["emotion_changed"]["n"]

    shown = " ".join(program("compare", "1", "2").stdout.split())
    only = f"{right['only_first']} only in run 1, {right['only_second']} only in run 2"
    assert f"{only}, and {right['neither']} in neither; p" in shown
    assert "Emotions named, among pairs read on both sides" in shown
    assert found["scores"]["n"] == 36
    assert found["scores"]["figures"]["accuracy"]["change"]["value"] == right["difference"]["value"]
    assert (
        f"right answers McNemar, exact 36 {_p(found['tests'][0]['p'])} {_p(found['tests'][0]['p_holm'])}"
        in shown
    )

    written = tmp_path / "compared.csv"
    program("compare", "1", "2", "-o", str(written), "--resamples", "0")
    cells = [line.split(",") for line in written.read_text("utf-8").splitlines()]
    assert ["Scores of the pairs", "accuracy", "95 % interval", ""] in cells
    tables = {cell[0] for cell in cells[1:]}
    assert {"What changed", "Right answers", "Scores of the pairs", "F1 of each label"} <= tables
    assert program("compare", "1", "2", "--format", "latex").stdout.startswith("% needs")


def _p(p: float) -> str:
    return "< .001" if p < 0.001 else "1" if p > 0.9995 else f"{p:.3f}".removeprefix("0")


def test_three_runs_or_a_name_of_several_are_compared_all_with_one_another(program, pictures):
    folder = pictures(10)
    for seed in ("1", "2", "3"):
        answered(program, folder, "scripted:", "--seed", seed, "--fresh", "--name", "study")
    named = program("compare", "study", "--json").stdout
    found = json.loads(named)
    assert [(pair["first"], pair["second"]) for pair in found["pairs"]] == [(1, 2), (1, 3), (2, 3)]
    assert found["alpha"]["emotion"]["n"] == 10
    shown = " ".join(program("compare", "1", "2", "3", "--seed", "5").stdout.split())
    assert "3 runs compared: They differ in" in shown
    assert "Krippendorff's α of the emotions is" in shown


def test_two_conditions_stand_for_the_runs_alike_in_all_else(program, pictures):
    folder = pictures(4)
    boxes = "".join(f"{n:04d}.png,face,2,2,8,8\n" for n in range(4))
    (folder / "regions.csv").write_text(f"path,part,x,y,w,h\n{boxes}", "utf-8")
    answered(program, folder, "scripted:", "--mask", "none", "--mask", "face@annotated")
    alone = json.loads(program("compare", "none", "face@annotated", "--json").stdout)
    assert (alone["first"]["run_id"], alone["second"]["run_id"], alone["pairs"]) == (1, 2, 4)
    refused = program("compare", "none", "1", code=2).stderr
    assert "`none` is a condition, but `1` is not: there are answers under none, face@annotated" in refused
