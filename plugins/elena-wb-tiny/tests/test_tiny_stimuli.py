"""The stimulus generator: reproducible, honest about regions and attributes, separable by intensity."""

import subprocess
import sys
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from elena_wb_tiny.stimuli import (
    ATTRIBUTES,
    EMOTIONS,
    FACE_CLEAR,
    FACIAL_ATTRIBUTES,
    KEYPOINTS,
    PARTS,
    Picture,
    Scene,
    apply_mask,
    label,
    render,
    sample,
)
from elena_wb_tiny.stimuli.masks import STYLES

SIZE = 96


@pytest.fixture(scope="module")
def congruent() -> list[tuple[Scene, Picture]]:
    scenes = [sample(41, index) for index in range(70)]
    return [(scene, render(scene, SIZE)) for scene in scenes]


@pytest.fixture(scope="module")
def incongruent() -> list[tuple[Scene, Picture]]:
    scenes = [sample(42, index, incongruent=True) for index in range(70)]
    return [(scene, render(scene, SIZE)) for scene in scenes]


def test_the_same_seed_gives_the_same_scene_and_the_same_bytes():
    for index in range(6):
        first, second = sample(7, index), sample(7, index)
        assert first == second
        assert render(first, SIZE).image.tobytes() == render(second, SIZE).image.tobytes()


def test_another_seed_index_or_kind_gives_another_picture():
    base = render(sample(7, 0), SIZE).image
    for other in (sample(8, 0), sample(7, 7), sample(7, 0, incongruent=True)):
        assert not np.array_equal(base, render(other, SIZE).image)


def test_seven_consecutive_congruent_scenes_hold_each_emotion_once():
    assert Counter(sample(3, index).body_emotion for index in range(14)) == Counter(EMOTIONS * 2)


def test_congruent_scenes_agree_and_incongruent_ones_do_not(congruent, incongruent):
    assert all(scene.face_emotion == scene.body_emotion for scene, _ in congruent)
    assert all(scene.face_emotion != scene.body_emotion for scene, _ in incongruent)
    assert all(scene.face_intensity >= FACE_CLEAR and scene.body_intensity > 0.6 for scene, _ in incongruent)


def test_a_clear_face_decides_the_label_and_a_faint_one_leaves_it_to_the_body():
    scene = replace(sample(1, 0, incongruent=True), face_intensity=FACE_CLEAR)
    assert label(scene) == scene.face_emotion
    assert label(replace(scene, face_intensity=FACE_CLEAR - 0.01)) == scene.body_emotion


def test_about_a_quarter_of_the_bodies_are_weak_while_their_faces_are_clear():
    scenes = [sample(5, index) for index in range(1400)]
    weak = [scene for scene in scenes if scene.ambiguous or scene.body_intensity < 0.5]
    assert 0.2 < len(weak) / len(scenes) < 0.3
    assert all(scene.face_intensity >= FACE_CLEAR for scene in weak)


def test_no_intensity_lies_where_attribute_classes_would_blur():
    for index in range(700):
        assert not 0.3 < sample(6, index).body_intensity < 0.66


@pytest.mark.parametrize("size", [33, 168, 224])
def test_a_picture_has_the_size_and_type_asked_for(size):
    picture = render(sample(2, 1), size)
    assert picture.image.shape == (size, size, 3)
    assert picture.image.dtype == np.uint8
    assert picture.keypoints.shape == (len(KEYPOINTS), 3)
    assert picture.keypoints.dtype == np.float32


def test_regions_lie_inside_the_picture_and_every_picture_has_a_face(congruent, incongruent):
    for _, picture in congruent + incongruent:
        assert set(picture.regions) <= set(PARTS)
        assert {"face", "head", "torso"} <= set(picture.regions)
        for x, y, w, h in picture.regions.values():
            assert x >= 0
            assert y >= 0
            assert w > 0
            assert h > 0
            assert x + w <= SIZE
            assert y + h <= SIZE


def test_the_face_region_covers_every_visible_facial_landmark(congruent, incongruent):
    facial = range(KEYPOINTS.index("left_eye"), len(KEYPOINTS))
    for _, picture in congruent + incongruent:
        x, y, w, h = picture.regions["face"]
        for row in facial:
            px, py, shown = picture.keypoints[row]
            if shown:
                assert x - 1 <= px * SIZE <= x + w + 1, KEYPOINTS[row]
                assert y - 1 <= py * SIZE <= y + h + 1, KEYPOINTS[row]


def test_hand_and_head_regions_hold_their_keypoints(congruent):
    for _, picture in congruent:
        for part in ("head", "left_hand", "right_hand"):
            if part in picture.regions:
                x, y, w, h = picture.regions[part]
                px, py, _ = picture.keypoints[KEYPOINTS.index(part)]
                assert x - 1 <= px * SIZE <= x + w + 1
                assert y - 1 <= py * SIZE <= y + h + 1


def test_masking_the_face_hides_everything_that_a_changed_expression_changes():
    for index in range(21):
        scene = replace(sample(11, index), look=replace(sample(11, index).look, noise=0.0))
        other = replace(sample(12, index + 3), look=scene.look)
        swapped = replace(scene, expression=other.expression, face_emotion=other.face_emotion)
        first, second = render(scene, 168), render(swapped, 168)
        x0 = min(first.regions["face"][0], second.regions["face"][0])
        y0 = min(first.regions["face"][1], second.regions["face"][1])
        x1 = max(sum(p.regions["face"][0::2]) for p in (first, second))
        y1 = max(sum(p.regions["face"][1::2]) for p in (first, second))
        box = (x0, y0, x1 - x0, y1 - y0)
        changed = apply_mask(first.image, box) != apply_mask(second.image, box)
        assert not changed.any(), index


def test_the_face_region_leaves_part_of_the_head_visible(congruent):
    for _, picture in congruent:
        _, _, face_w, face_h = picture.regions["face"]
        _, _, head_w, head_h = picture.regions["head"]
        assert face_w * face_h < 0.8 * head_w * head_h


def test_every_attribute_has_a_class_of_its_list(congruent, incongruent):
    for _, picture in congruent + incongruent:
        assert set(picture.attributes) == set(ATTRIBUTES)
        for name, value in picture.attributes.items():
            assert value in ATTRIBUTES[name]


def test_legs_are_hidden_in_waist_up_framing_and_seen_in_full_figures(congruent):
    for scene, picture in congruent:
        assert (picture.attributes["legs"] == "hidden") == (scene.framing == "waist")
        assert ("left_leg" in picture.regions) == (scene.framing == "full")


def test_facial_attributes_follow_the_face_and_bodily_ones_the_body(incongruent):
    for scene, picture in incongruent:
        if scene.face_emotion == "happiness":
            assert picture.attributes["mouth"] == "smile"
        if scene.body_emotion == "sadness":
            assert picture.attributes["head"] == "bowed"
    assert set(FACIAL_ATTRIBUTES) == {"brows", "eyes", "mouth"}


def test_raised_arms_are_really_above_the_head_and_hanging_ones_below_the_shoulders(congruent):
    row = KEYPOINTS.index
    for _, picture in congruent:
        points = picture.keypoints
        if picture.attributes["arms"] == "raised_high":
            assert points[row("left_wrist"), 1] < points[row("head"), 1]
            assert points[row("right_wrist"), 1] < points[row("head"), 1]
        if picture.attributes["arms"] == "hanging":
            assert points[row("left_wrist"), 1] > points[row("left_shoulder"), 1]


@pytest.mark.parametrize("style", STYLES)
def test_a_mask_changes_its_padded_box_only_and_leaves_the_original_alone(style):
    picture = render(sample(9, 2), SIZE)
    before = picture.image.copy()
    x, y, w, h = picture.regions["face"]
    masked = apply_mask(picture.image, (x, y, w, h), style)
    assert np.array_equal(picture.image, before)
    assert not np.array_equal(masked[y : y + h, x : x + w], before[y : y + h, x : x + w])
    margin = 0.2 if style == "ellipse" else 0.06
    far = np.ones((SIZE, SIZE), dtype=bool)
    far[max(int(y - margin * h) - 1, 0) : int(y + h * (1 + margin)) + 2,
        max(int(x - margin * w) - 1, 0) : int(x + w * (1 + margin)) + 2] = False  # fmt: skip
    assert np.array_equal(masked[far], before[far])


def test_a_mask_at_the_border_or_outside_is_clipped_and_an_unknown_style_is_refused():
    image = render(sample(9, 2), SIZE).image
    assert apply_mask(image, (SIZE - 4, SIZE - 4, 40, 40)).shape == image.shape
    assert np.array_equal(apply_mask(image, (SIZE + 9, 0, 5, 5)), image)
    with pytest.raises(ValueError, match="unknown mask style"):
        apply_mask(image, (1, 1, 9, 9), "fog")


def test_importing_the_package_and_sampling_loads_neither_opencv_nor_torch():
    code = (
        "import sys, elena_wb_tiny, elena_wb_tiny.stimuli as s, elena_wb_tiny.grammar; s.sample(1, 2);"
        "sys.exit(any(name in sys.modules for name in ('cv2', 'torch', 'transformers')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
