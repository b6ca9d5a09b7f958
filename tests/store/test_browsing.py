"""Which answers pass a filter, in which order, and what is shown of them."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from elena_wb.core import Box, Stimulus, UsageError
from elena_wb.store import Store, begin_run
from elena_wb.store.browsing import ORDERS, Filter, Order, choices, lines, matching, page_of, searching
from elena_wb.store.conditions import _OF
from elena_wb.store.marking import put_mark
from tests.store.conftest import spec

Select = Callable[..., list[str]]


# generation, run, picture, status, emotion, raw text, narrative, error
_ANSWERS = (
    ("a1", 1, 0, "ok", "fear", '{"emotion": "fear"}', "Eyes wide, 100% afraid.", None),
    ("a2", 1, 1, "ok", "sadness", "raw_text of two", "A slow C:\\path in the snow.", None),
    ("a3", 1, 2, "ok", None, "I cannot tell.", None, None),
    ("b1", 2, 0, "ok", "anger", "one", "ÉTÉ, was the word.", None),
    ("b2", 2, 1, "refused", None, "I will not.", None, None),
    ("b3", 2, 2, "unparsed", None, "%%", None, None),
    ("b4", 2, 3, "error", None, None, None, "The server is busy."),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Seven answers of two runs about four pictures: of the third nothing is known, of the fourth two things."""
    made = Store(tmp_path_factory.mktemp("browsed") / "browsed.duckdb")
    stimuli = [
        Stimulus(f"s{number}", Path(f"/pictures/{name}"), "folder", 1, 1)
        for number, name in enumerate(("z_first.png", "y-second.png", "x third.png", "w.png"))
    ]
    for condition in ("none", "face"):
        options = {"scheme": "ekman7", "masking": f"{condition} to the last setting"}
        begin_run(made, spec(condition, condition=condition, options=options), stimuli)
    with made.write() as connection:
        for number, (name, run, picture, status, emotion, raw, narrative, error) in enumerate(_ANSWERS):
            connection.execute(
                """INSERT INTO generations (generation_id, run_id, stimulus_id, repeat, status, emotion, raw_text,
                       narrative, error, attempts, created_at, notes)
                   VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?, 1, TIMESTAMP '2026-03-01' + to_minutes(?), ?)""",
                [
                    name,
                    run,
                    f"s{picture}",
                    status,
                    emotion,
                    raw,
                    narrative,
                    error,
                    -number,
                    ["cut"] * (name == "a2"),
                ],
            )
        connection.execute("""
            INSERT INTO labels VALUES ('s0', 'one', 'ekman7', 'fear', NULL, NULL, NULL),
                ('s1', 'one', 'ekman7', 'happiness', NULL, NULL, NULL),
                ('s1', 'face', 'ekman7', 'fear', NULL, NULL, NULL),
                ('s3', 'one', 'ekman7', 'fear', NULL, NULL, NULL),
                ('s3', 'two', 'ekman7', 'anger', NULL, NULL, NULL);
            INSERT INTO body_parts VALUES ('a1', 0, 'both eyes', 'eyes', 'face'), ('a1', 1, 'a tail', NULL, NULL),
                ('b1', 0, 'fists', 'hands', 'hands');
            INSERT INTO mask_audits (stimulus_id, condition, masking, detector, residual_faces, audited_at)
                VALUES ('s0', 'face', 'face to the last setting', 'd', 2, now()),
                       ('s1', 'face', 'face to the last setting', 'd', 0, now());
            INSERT INTO regions VALUES ('s0', 'detector', 'face', 1, 2, 3, 4, 0.9, NULL),
                ('s0', 'annotated', 'face', 10, 20, 30, 40, NULL, NULL),
                ('s0', 'detector', 'hands', 5, 6, 7, 8, 0.8, NULL), ('s0', 'detector', 'hands', 1, 6, 7, 8, 0.8, NULL),
                ('s0', 'other', 'hands', 0, 0, 1, 1, 0.8, NULL)""")
    put_mark(made, "a1", marked=True, note=None)
    put_mark(made, "b1", marked=True, note="look again")
    return made


@pytest.fixture
def changing(store: Store, tmp_path: Path) -> Store:
    """The same, to be changed."""
    return Store(shutil.copy(store.path, tmp_path))


@pytest.fixture
def select(store: Store) -> Select:
    """The names of the answers that pass, in order."""

    def run(order: str = "run", **wanted: object) -> list[str]:
        asked = Filter(**wanted)  # type: ignore[arg-type]
        rows = matching(store, asked, order)  # type: ignore[arg-type]
        return list(lines(store, rows)["generation_id"].to_pylist())

    return run


@pytest.mark.parametrize(
    ("wanted", "passing"),
    [
        ({}, "a1 a2 a3 b1 b2 b3 b4"),
        ({"run_ids": (2,)}, "b1 b2 b3 b4"),
        ({"run_ids": (1, 9)}, "a1 a2 a3"),
        ({"emotions": ("fear", "anger")}, "a1 b1"),
        ({"emotions": ("",)}, "a3 b2 b3 b4"),
        ({"emotions": ("", "fear")}, "a1 a3 b2 b3 b4"),
        ({"conditions": ("face",)}, "b1 b2 b3 b4"),
        ({"conditions": ("face'; DROP TABLE runs; --",)}, ""),
        ({"truths": ("fear",)}, "a1 b1 b4"),
        ({"truths": ("happiness", "anger")}, "a2 b2 b4"),
        ({"correct": "right"}, "a1"),
        ({"correct": "wrong"}, "a2 b1 b2"),
        ({"flags": ("failed",)}, "b4"),
        ({"flags": ("refused",)}, "b2"),
        ({"flags": ("unparsed",)}, "b3"),
        ({"flags": ("abstained",)}, "a3"),
        ({"flags": ("face left",)}, "b1"),
        ({"flags": ("notes",)}, "a2"),
        ({"flags": ("marked",)}, "a1 b1"),
        ({"flags": ("annotated",)}, "b1"),
        ({"flags": ("marked", "annotated")}, "b1"),
        ({"flags": ("looked at",)}, ""),
        (
            {"emotions": ("fear", "anger"), "truths": ("fear",), "correct": "wrong", "conditions": ("face",)},
            "b1",
        ),
        (
            {
                "emotions": ("fear",),
                "text": "WIDE",
                "where": "correct",
                "run_ids": (1,),
                "flags": ("marked",),
            },
            "a1",
        ),
    ],
)
def test_every_criterion_must_be_met(select: Select, wanted: dict[str, object], passing: str) -> None:
    assert select(**wanted) == passing.split()


@pytest.mark.parametrize(
    ("text", "passing"),
    [
        ("eyes WIDE", "a1"),
        ("%", "a1 b3"),
        ("%%", "b3"),
        ("_", "a1 a2 b1"),  # a1 and b1 by the name of the picture
        ("raw_text", "a2"),
        ("rawXtext", ""),
        ("c:\\PATH", "a2"),
        ("\\", "a2"),
        ("été", "b1"),
        ("(?i)", ""),
        (".*", ""),
        ("busy.", "b4"),
        ("third.PNG", "a3 b3"),
        ("/pictures/", ""),
        ("\n", ""),
        ("'; DROP TABLE marks; --", ""),
        ("\x00", ""),
    ],
)
def test_text_is_looked_for_as_it_is_written_in_whatever_case(
    select: Select, text: str, passing: str
) -> None:
    assert select(text=text) == passing.split()


@pytest.mark.parametrize(
    ("where", "passing"),
    [
        ("emotion = 'fear'", "a1"),
        ("narratives.emotion = 'fear' OR status = 'error'", "a1 b4"),
        ("NOT correct -- and nothing else", "a2 b1 b2"),
        ("list_contains(body_parts, 'a tail')", "a1"),
        ("body_parts[1] = 'eyes' AND part_groups = ['face']", "a1"),
        ("residual_faces > 0", "b1"),
        ("picture LIKE 'w%'", "b4"),
        ("created_at = (SELECT max(created_at) FROM narratives)", "a1"),
        ("true", "a1 a2 a3 b1 b2 b3 b4"),
        ("NULL", ""),
        ("   ", "a1 a2 a3 b1 b2 b3 b4"),
    ],
)
def test_a_condition_speaks_of_the_columns_of_narratives(select: Select, where: str, passing: str) -> None:
    assert select(where=where) == passing.split()


@pytest.mark.parametrize(
    "where",
    [
        "emotoin = 'fear'",
        "emotion =",
        "true; DROP TABLE runs",
        "WHERE true",
        "emotion = 'fear' ORDER BY 1",
        "g.notes IS NULL",
        "exists(SELECT * FROM read_text('/etc/hostname'))",
        "nextval('run_ids') > 0",
        "no_such_function(emotion)",
        "CAST(narrative AS INTEGER) > 1",
        "a\x00b",
    ],
)
def test_what_is_no_condition_is_refused_in_words_and_changes_nothing(store: Store, where: str) -> None:
    with pytest.raises(UsageError) as told:
        matching(store, Filter(where=where))
    assert "--where" not in told.value.message
    assert len(matching(store, Filter())) == len(_ANSWERS)


def test_a_condition_can_name_every_column_of_the_view_and_means_the_same(store: Store) -> None:
    with store.read() as connection:
        names = [name for name, *_ in connection.execute("DESCRIBE narratives").fetchall()]
        everything = ", ".join(f'"{name}"' for name in names)
        hashes = connection.execute(f"SELECT hash({everything}) FROM narratives").fetchall()
    assert set(names) == set(_OF)
    listed = ", ".join(str(number) for (number,) in hashes)
    assert len(matching(store, Filter(where=f"hash({everything}) IN ({listed})"))) == len(_ANSWERS)


@pytest.mark.parametrize(
    ("order", "passing"),
    [
        ("run", "a1 a2 a3 b1 b2 b3 b4"),
        ("picture", "b4 a3 b3 a2 b2 a1 b1"),
        ("newest", "a1 a2 a3 b1 b2 b3 b4"),
        ("emotion", "b1 a1 a2 a3 b2 b3 b4"),
    ],
)
def test_the_order_is_the_same_whether_found_at_once_or_in_pieces(
    select: Select, order: str, passing: str
) -> None:
    assert select(order) == passing.split()
    assert select(order, where="true") == passing.split()
    assert select(order, text="e") == [name for name in passing.split() if name != "b3"]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("wanted", [Filter(text="e"), Filter(where="body_parts = []"), Filter(where="true")])
def test_a_search_in_pieces_ends_with_what_is_found_at_once(
    store: Store, wanted: Filter, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = matching(store, wanted, order).tolist()
    monkeypatch.setattr("elena_wb.store.searching._GROUP", 2)
    found = list(searching(store, wanted, order))
    assert [one.complete for one in found] == [False] * (len(found) - 1) + [True]
    assert len(found) > 1
    assert found[-1].rows.tolist() == at_once
    for earlier, later in itertools.pairwise(found):
        assert [row for row in later.rows if row in earlier.rows] == earlier.rows.tolist()


def test_a_condition_cannot_lift_the_other_criteria(select: Select) -> None:
    with pytest.raises(UsageError, match="more than one condition"):
        select(run_ids=(1,), where="true) OR (true")


def test_where_there_is_no_store_nothing_passes(tmp_path: Path) -> None:
    absent = Store(tmp_path / "absent.duckdb")
    assert len(matching(absent, Filter(text="x", where="true"), "picture")) == 0
    assert choices(absent) == {"emotions": (), "truths": (), "conditions": ()}
    assert not absent.exists()


def test_a_store_without_answers_has_none_that_pass(tmp_path: Path) -> None:
    empty = Store(tmp_path / "empty.duckdb")
    with empty.write():
        pass
    for wanted in (Filter(), Filter(text="x"), Filter(where="true"), Filter(correct="wrong")):
        for order in ("run", "picture"):
            assert len(matching(empty, wanted, order)) == 0  # type: ignore[arg-type]
    assert lines(empty, []).num_rows == 0


def test_lines_come_in_the_order_asked_for_and_leave_out_what_is_gone(store: Store) -> None:
    rows = matching(store, Filter())
    asked = [int(rows[3]), int(rows[0]), 10_000_000, int(rows[6])]
    found = lines(store, asked).to_pylist()
    assert [line["generation_id"] for line in found] == ["b1", "a1", "b4"]
    assert [line["marks"] for line in found] == ["*+", "*", ""]
    assert [line["correct"] for line in found] == [False, True, None]
    assert found[2]["narrative"] == "The server is busy."


def test_a_row_that_came_to_mean_another_answer_is_not_shown_among_those_that_pass(changing: Store) -> None:
    store = changing
    wanted = Filter(emotions=("fear",), where="valence IS NULL")
    rows = matching(store, wanted)
    with store.write() as connection:
        connection.execute("UPDATE generations SET emotion = 'anger' WHERE generation_id = 'a1'")
    assert lines(store, rows, wanted).num_rows == 0
    assert lines(store, matching(store, Filter()), Filter(text="busy"))["generation_id"].to_pylist() == ["b4"]


def test_an_answer_with_several_labels_is_true_to_none_and_lists_all(store: Store) -> None:
    page = page_of(store, "b4")
    assert page is not None
    assert (page.truth, page.truths, page.correct) == (None, ("anger", "fear"), None)
    other = page_of(store, "a2")
    assert other is not None
    assert (other.truth, other.face_label, other.body_label, other.correct) == (
        "happiness",
        "fear",
        None,
        False,
    )


def test_an_answer_is_found_whole_wherever_it_was_last(store: Store) -> None:
    (row,) = matching(store, Filter(where="generation_id = 'a2'"))
    for near in (None, int(row), int(row) + 1, 99):
        page = page_of(store, "a2", near)
        assert page is not None
        assert page.generation_id == "a2"


def test_a_label_on_which_face_and_body_agree_is_one_that_can_be_looked_for(changing: Store) -> None:
    with changing.write() as connection:
        connection.execute(
            "INSERT INTO labels BY NAME SELECT 's2' AS stimulus_id, unnest(['face', 'body']) AS source, "
            "'ekman7' AS scheme, 'disgust' AS label"
        )
    rows = matching(changing, Filter(truths=("disgust",)))
    assert lines(changing, rows)["generation_id"].to_pylist() == ["a3", "b3"]
    page = page_of(changing, "a3")
    assert page is not None
    assert (page.truth, page.truths) == ("disgust", ("disgust",))


def test_regions_are_those_of_whoever_was_named_first_annotations_before_all(store: Store) -> None:
    page = page_of(store, "a1")
    assert page is not None
    assert page.regions == {"face": (Box(10, 20, 30, 40),), "hands": (Box(1, 6, 7, 8), Box(5, 6, 7, 8))}
    assert [(part.phrase, part.part, part.group) for part in page.parts] == [
        ("both eyes", "eyes", "face"),
        ("a tail", None, None),
    ]
    assert (page.marked, page.note, page.residual_faces) == (True, None, None)


def test_an_answer_that_is_gone_has_no_page(store: Store) -> None:
    assert page_of(store, "nobody") is None


def test_what_can_be_chosen_is_what_the_store_holds(store: Store) -> None:
    assert choices(store) == {
        "emotions": ("anger", "fear", "sadness"),
        "truths": ("anger", "fear", "happiness"),
        "conditions": ("face", "none"),
    }


def test_a_filter_survives_being_written_and_read() -> None:
    wanted = Filter((1,), ("fear", ""), ("x",), ("face:blur",), "wrong", "100%\n\x00", ("marked",), "a = 'b'")
    assert Filter.from_json(json.loads(json.dumps(wanted.as_json()))) == wanted
    assert Filter.from_json(wanted.as_json()) == wanted


@pytest.mark.parametrize(
    "found",
    [
        None,
        [],
        "run_ids",
        7,
        {
            "run_ids": "1; DROP TABLE runs",
            "emotions": {"a": 1},
            "text": ["x"],
            "where": 3,
            "correct": "maybe",
        },
        {"run_ids": [True, "1", None, 1.5, [2], 2**80], "flags": ["marked'; --", 3, None, ["marked"]]},
        {"correct": ["right"], "flags": "marked", "conditions": [1, None], "unknown": {"deep": [{}]}},
    ],
)
def test_a_filter_that_cannot_be_read_counts_for_nothing(found: object) -> None:
    assert Filter.from_json(found) == Filter()
