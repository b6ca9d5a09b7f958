"""One answer's attention to parts: means over layers and heads, what counts as a part, where the rest fell."""

from __future__ import annotations

import numpy as np
import pytest

from elena_wb.analysis.gaze_answer import by_layer, part_shares, spread

PARTS = ("picture", "hands", "left_hand", "right_hand", "face", "background", "question")
AREA = np.array([1.0, 0.2, 0.1, 0.1, 0.25, 0.55, np.nan])


def figures(*of_face: float) -> np.ndarray:
    """``[layers, heads, parts]`` with two heads, the second with half of the first's share of the face."""
    found = np.full((len(of_face), 2, len(PARTS)), 0.1)
    found[:, 0, 4], found[:, 1, 4] = of_face, np.array(of_face) / 2
    found[..., -1] = np.nan
    return found


def test_shares_are_means_of_layers_and_heads_or_those_of_one() -> None:
    share = figures(0.2, 0.4)
    everything = {"layer": None, "head": None}
    for chosen, expected in (
        (everything, (0.2 + 0.1 + 0.4 + 0.2) / 4),
        ({"layer": 1, "head": None}, 0.3),
        ({"layer": None, "head": 0}, 0.3),
        ({"layer": 1, "head": 1}, 0.2),
    ):
        shares = part_shares(PARTS, share, share / 2, share, AREA, **chosen)
        face = next(one for one in shares if one.part == "face")
        assert face.share == pytest.approx(expected)
        assert face.ratio() == pytest.approx(expected / 0.25)
        assert face.ratio(without_sinks=True) == pytest.approx(expected / 0.5)


def test_the_face_comes_first_and_neither_the_picture_nor_sides_of_hands_are_parts() -> None:
    share = figures(0.2)
    shares = part_shares(PARTS, share, share, share, AREA, layer=None, head=None)
    assert [one.part for one in shares] == ["face", "hands", "background"]


def test_a_part_without_area_has_no_ratio_and_a_layer_without_weight_does_not_count() -> None:
    share = figures(0.2, np.nan)
    area = AREA.copy()
    area[1] = 0.0
    shares = {one.part: one for one in part_shares(PARTS, share, share, share, area, layer=None, head=None)}
    assert np.isnan(shares["hands"].ratio())
    assert shares["face"].share == pytest.approx(0.15)
    assert by_layer(share, 0)[0, 4] == pytest.approx(0.2)


def test_of_all_attention_the_picture_is_told_first_then_what_is_outside_it() -> None:
    mass = np.array([0.3, 0.1, 0.1, 0.1, 0.1, 0.1, 0.6])
    assert spread(PARTS, mass, np.where(np.isnan(AREA), np.nan, 0.0), "picture") == (
        ("picture", pytest.approx(0.3)),
        ("question", pytest.approx(0.6)),
    )
