"""What the plugin adds to the program: a model, a dataset, prompts and verbs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from elena_wb_tiny.dataset import StimuliDataset
from elena_wb_tiny.grammar import PROMPTS
from elena_wb_tiny.stimuli.folder import write_folder

from elena_wb.core import UNMASKED, AttentionQuestion, Condition, ModelError, Request, UsageError
from elena_wb.data import collect
from elena_wb.engine import ModelAddress
from elena_wb.plugins import plugin_host
from elena_wb.prompts import choose


def test_a_rendered_folder_is_recognised_and_read_with_labels_and_regions(tmp_path: Path) -> None:
    write_folder(tmp_path / "figures", 7, 3, True)
    dataset = StimuliDataset()
    assert dataset.recognises(tmp_path / "figures")
    assert not dataset.recognises(tmp_path)
    found = dataset.load(tmp_path / "figures")
    assert len(found.stimuli) == 7
    assert not found.problems
    for stimulus in found.stimuli:
        assert stimulus.dataset == "stimuli"
        assert {label.source for label in stimulus.labels} == {"face", "body"}
        assert "face" in {region.part for region in stimulus.regions}


def test_a_folder_that_was_not_rendered_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"stimuli\.json"):
        StimuliDataset().load(tmp_path)


def test_rendered_pictures_are_known_by_file_and_by_parent_folder_and_added_ones_are_not(
    tmp_path: Path,
) -> None:
    write_folder(tmp_path / "figures", 3, 3, False, size=64)
    (tmp_path / "figures" / "holiday.png").write_bytes(b"a photograph")
    datasets = {"stimuli": StimuliDataset()}
    for source in (tmp_path, tmp_path / "figures"):
        found = {s.path.name: s.dataset for s in collect([source], datasets=datasets).stimuli}
        assert found.pop("holiday.png") == "folder"
        assert found == dict.fromkeys([f"s3-0000{index}.png" for index in range(3)], "stimuli")
    (one,) = collect([tmp_path / "figures" / "s3-00001.png"], datasets=datasets).stimuli
    assert (one.path.name, one.dataset) == ("s3-00001.png", "stimuli")
    assert one.labels


def test_the_card_says_what_the_model_is_meant_for() -> None:
    card = ModelAddress.parse("tiny:", plugin_host()).describe()
    assert card.uri == "tiny:"
    assert card.meant_for == ("stimuli",)
    assert card.parameters == 2_909_568
    assert len(card.digest) == 64


def test_the_model_once_opened_goes_by_the_same_name() -> None:
    address = ModelAddress.parse("tiny:", plugin_host())
    model, card = address.open(), address.describe()
    pixels = np.zeros((96, 96, 3), np.uint8)
    try:
        assert (model.card.name, model.card.uri, model.card.meant_for) == (
            card.name,
            card.uri,
            card.meant_for,
        )
        with pytest.raises(UsageError, match=r"Layer 99 of elena-wb tiny "):
            model.attend(Request(pixels, "black", "", "?"), "joy", AttentionQuestion((), layers=(99,)))
    finally:
        model.close()


def test_there_is_one_embedded_model() -> None:
    with pytest.raises(ModelError, match="huge"):
        ModelAddress.parse("tiny:huge", plugin_host()).describe()


@pytest.mark.parametrize("pack", ["elena", "naive"])
def test_the_short_packs_stand_in_for_the_long_ones_word_for_word_as_trained(pack: str) -> None:
    folders = plugin_host().prompt_folders
    hidden = Condition.parse("face@annotated")
    for condition, key in ((UNMASKED, pack), (hidden, f"{pack}-masked")):
        chosen = choose(pack, model_uri="tiny:", condition=condition, extra_folders=folders)
        assert chosen.prompt.user == PROMPTS[key]
        assert chosen.prompt.system == ""
        other = choose(pack, model_uri="hf:some/model", condition=condition, extra_folders=folders)
        assert other.prompt.name == pack
        assert other.prompt.digest != chosen.prompt.digest
