"""The studies in docs/studies: each is read and planned with data of the layout that it names."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from elena_wb import builtin
from elena_wb.config import Settings
from elena_wb.core import UsageError
from elena_wb.engine.models import ModelAddress
from elena_wb.experiments import ExperimentPlan, Terms, plan, read
from elena_wb.plugins import PluginHost, build_host, plugin_host
from elena_wb.store import Store
from tests import scripted, trees
from tests.real_data import real

STUDIES = Path(__file__).parent.parent / "docs" / "studies"
FILES = sorted(STUDIES.glob("*.toml"))
DATASETS = {"besst": 3, "heco": 3, "emotic": 4}
"""How many stimuli the planted data have."""
MODELS = {
    "gemini": "gemini:gemini-2.5-flash",
    "gemma-12b": "hf:google/gemma-3-12b-it",
    "llama-11b": "hf:meta-llama/Llama-3.2-11B-Vision-Instruct",
    "llama-90b": "openai:llama-3.2-90b",
}
PARTS = {(dataset, model) for dataset in DATASETS for model in MODELS}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data of the three layouts, where the studies look for them, and the studies beside them."""
    folder = tmp_path_factory.mktemp("studies")
    for name in ("001mF_45.jpg", "002wT_90.jpg", "003wN_45_2.jpg"):
        trees.picture(folder / "BESST" / name)
    trees.heco(
        folder / "HECO",
        [
            ("a.jpg", 2, 3, 40, 41, "Happiness", 8, 6, 7, 3, 4),
            ("a.jpg", 30, 0, 64, 48, "Peace", 6, 2, 7, 1, 1),
            ("b.jpg", 0, 0, 20, 30, "Excitement", 9, 9.5, 7, 1, 1),
        ],
    )
    trees.emotic_pictures(folder / "EMOTIC")
    trees.emotic_csv_a(folder / "EMOTIC" / "annotations.csv")
    for file in FILES:
        shutil.copyfile(file, folder / file.name)
    return folder


@pytest.fixture(scope="module")
def stand_in() -> PluginHost:
    return build_host([], [("builtin", builtin), ("scripted", scripted)])


def planned(file: Path, host: PluginHost, tmp_path: Path, **terms: object) -> ExperimentPlan:
    settings = Settings.model_validate({})
    return plan(read(file), file, host, Store(tmp_path / "none.duckdb"), settings, Terms(**terms))  # type: ignore[arg-type]


def test_there_is_one_for_each_model_and_data_set() -> None:
    assert {tuple(file.stem.split("-", 1)) for file in FILES} == PARTS
    told = (STUDIES / "README.md").read_text("utf-8")
    assert all(f"({file.name})" in told for file in FILES)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_plans_what_it_says(
    file: Path, data: Path, stand_in: PluginHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELENA_WB_YUNET", str(real("models/face_detection_yunet_2023mar.onnx")))
    dataset, name = file.stem.split("-", 1)
    declared = read(file)
    (model,) = declared.models
    assert model.model.startswith(MODELS[name])
    address = ModelAddress.parse(model.model, plugin_host())
    assert (address.destination is None) == (name != "gemini")
    assert (declared.attention is not None) == (name == "llama-11b")
    assert (declared.max_cost is not None) == (name == "gemini")

    found = planned(data / file.name, stand_in, tmp_path, models=("scripted:",))
    (part,) = found.parts
    assert part.study is not None
    assert not part.study.problems
    stimuli = DATASETS[dataset]
    assert {stimulus.dataset for stimulus in part.study.stimuli} == {dataset}
    assert len(part.study.plans) == (2 if dataset == "besst" else 6)
    assert found.to_ask == stimuli * len(part.study.plans)
    variants = {
        plan.spec.condition.partition("@")[0]: plan.setting.prompt.variant for plan in part.study.plans
    }
    expected = {"none": "default", "face": "masked", "face:control": "default"}
    assert variants == ({"none": "masked"} if dataset == "besst" else expected)
    hidden = [plan.setting for plan in part.study.plans if plan.setting.condition.hides_face]
    assert all(setting.auditor is not None for setting in hidden)


def test_pictures_go_to_gemini_only_by_the_users_word_and_at_a_known_price(
    data: Path, tmp_path: Path
) -> None:
    file = data / "besst-gemini.toml"
    with pytest.raises(UsageError, match="must not leave this machine"):
        planned(file, plugin_host(), tmp_path)
    found = planned(file, plugin_host(), tmp_path, allow_upload=True)
    (estimate,) = found.estimates()
    assert estimate is not None
    assert estimate.cost_usd is not None
    limit = read(file).max_cost
    assert limit is not None
    assert 0 < estimate.cost_usd / found.to_ask * 2258 < limit
