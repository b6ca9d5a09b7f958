"""Ratings: who sees what in which order, and that what is kept is what was said of whom."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from elena_wb.core import Resampling, UsageError
from elena_wb.findings.rating import ratings
from elena_wb.ratings import find_scales
from elena_wb.store import Outbox, Store, begin_run, delete_run
from elena_wb.store.browsing import Filter
from elena_wb.store.query import named_query
from elena_wb.store.rating_results import count_ratings, skipped
from elena_wb.store.rating_sessions import (
    Design,
    delete_session,
    drawable,
    make_session,
    sessions,
)
from elena_wb.store.ratings import Said, Task, next_task, rate, sit_down, skip, take_back
from tests.store.conftest import generation, spec, stimulus

PICTURES = 6
SCALES = find_scales("elena")


@pytest.fixture
def asked(store: Store) -> Store:
    """Runs 1 (``none``), 2 (``face``) and 3 (``hands``) about six pictures; each narrative says whose it is."""
    pictures = [stimulus(n) for n in range(PICTURES)]
    with Outbox(store) as outbox:
        for key, condition in (("a", "none"), ("b", "face"), ("c", "hands")):
            begin_run(store, spec(key, condition=condition), pictures)
            for n in range(PICTURES):
                fields: dict[str, Any] = {"narrative": f"{condition} {n}"}
                if (key, n) == ("c", 0):
                    outbox.append(generation(key, n, "unparsed", raw_text="?"))
                elif (key, n) == ("c", 1):
                    outbox.append(generation(key, n, narrative=" \n"))
                else:
                    outbox.append(generation(key, n, **fields))
    return store


def design(**changes: Any) -> Design:
    given: dict[str, Any] = {
        "name": "first",
        "kind": "single",
        "picture": "none",
        "scales": SCALES,
        "filter": Filter(run_ids=(1, 2)),
        "limit": 100,
        "repeat": 0,
        "seed": 7,
    }
    return Design(**(given | changes))


def story(task: Task, place: int = 0) -> str:
    return dict(task.answers[place].texts)["narrative"]


def all_fours() -> dict[str, Said]:
    return {scale.name: 4 for scale in SCALES.scale}


def left_always() -> dict[str, Said]:
    return {one.name: "left" for one in SCALES.preference}


def walk(store: Store, sitting: int, said: dict[str, Said]) -> list[str]:
    """Rate all that is left the same; the first stories in their order."""
    seen = []
    task = next_task(store, sitting)
    while task is not None:
        seen.append(story(task))
        task = rate(store, task, said, 1.0)
    return seen


def rows(store: Store, sql: str) -> list[tuple[Any, ...]]:
    with store.read() as connection:
        return connection.execute(sql).fetchall()


def test_only_answers_that_could_be_read_and_say_something_are_drawn_from(asked: Store) -> None:
    assert drawable(asked, "single", Filter(), SCALES) == {(1,): 6, (2,): 6, (3,): 4}
    assert drawable(asked, "pairs", Filter(), SCALES) == {(1, 2): 6, (1, 3): 4, (2, 3): 4}
    assert drawable(asked, "pairs", Filter(run_ids=(2, 3)), SCALES) == {(2, 3): 4}
    assert drawable(asked, "single", Filter(where="picture = '0002.jpg'"), SCALES) == {
        (1,): 1,
        (2,): 1,
        (3,): 1,
    }
    make_session(asked, design(filter=Filter(), limit=7))
    assert sorted(n for (n,) in rows(asked, """SELECT count(*) FROM rating_items AS i
        JOIN generations AS g ON g.generation_id = i.generation_a GROUP BY run_id""")) == [2, 2, 3]  # fmt: skip


def test_two_raters_see_the_same_items_in_two_orders_and_a_sitting_goes_on_where_it_was_left(
    asked: Store,
) -> None:
    session = make_session(asked, design())
    ann, bob = sit_down(asked, session, "Ann"), sit_down(asked, session, " Bob ")
    of_bob = walk(asked, bob, all_fours())
    first = next_task(asked, ann)
    assert first is not None
    second = rate(asked, first, all_fours(), 2.5)
    assert second is not None
    assert (second.done, second.total) == (1, 12)
    again = Store(asked.path)
    assert sit_down(again, session, "ANN") == ann
    assert next_task(again, ann) == second
    of_ann = [story(first), *walk(again, ann, all_fours())]
    assert sorted(of_ann) == sorted(of_bob) == sorted(f"{c} {n}" for c in ("none", "face") for n in range(6))
    assert of_ann != of_bob
    assert [(one.rater, one.done, one.total) for one in sessions(asked)[0].sittings] == [
        ("Ann", 12, 12),
        ("Bob", 12, 12),
    ]
    told = rows(asked, "SELECT rater, condition, count(*), avg(value) FROM ratings GROUP BY ALL ORDER BY ALL")
    assert told == [
        ("Ann", "face", 24, 4),
        ("Ann", "none", 24, 4),
        ("Bob", "face", 24, 4),
        ("Bob", "none", 24, 4),
    ]


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=some.integers(0, 2**40), rater=some.sampled_from(["a", "b", "c"]), repeat=some.integers(0, 3))
def test_a_preference_is_kept_for_the_answer_that_was_preferred_whichever_side_it_stood_on(
    asked: Store, seed: int, rater: str, repeat: int
) -> None:
    session = make_session(
        asked, design(kind="pairs", seed=seed, repeat=repeat, name=f"{seed} {rater} {repeat}")
    )
    sitting = sit_down(asked, session, rater)
    task = next_task(asked, sitting)
    sides = []
    while task is not None:
        side = "left" if story(task, 0).startswith("none") else "right"
        assert story(task, 0)[-1] == story(task, 1)[-1]
        sides.append(side)
        task = rate(asked, task, {"fits": side, "convincing": "equal"}, 1)  # type: ignore[dict-item]
    kept = rows(asked, f"""SELECT condition_a, condition_b, preferred, side FROM preferences
        WHERE session_id = {session} AND scale = 'fits' ORDER BY position""")  # fmt: skip
    assert kept == [("none", "face", "a", side) for side in sides]
    assert 2 <= sides.count("left") <= 4 + repeat
    assert rows(asked, f"""SELECT DISTINCT preferred, side FROM preferences
        WHERE session_id = {session} AND scale = 'convincing'""") == [("equal", "equal")]  # fmt: skip


def test_what_was_said_last_can_be_taken_back_one_by_one(asked: Store) -> None:
    session = make_session(asked, design(kind="pairs"))
    sitting = sit_down(asked, session, "Ann")
    assert take_back(asked, sitting) is None
    first = next_task(asked, sitting)
    assert first is not None
    second = rate(asked, first, {"fits": "left", "convincing": "right"}, 1)
    assert second is not None
    third = skip(asked, second, "  I know\nher ", 1)
    assert third is not None
    assert rows(asked, "SELECT skipped FROM rating_places WHERE skipped IS NOT NULL") == [("I know her",)]
    assert take_back(asked, sitting) == second
    back = take_back(asked, sitting)
    assert back is not None
    assert (back.position, back.answers, back.done) == (first.position, first.answers, 0)
    assert back.said == {"fits": "left", "convincing": "right"}
    assert rows(asked, "SELECT count(*) FROM rating_values") == [(0,)]
    assert rate(asked, back, left_always(), 1) == second


def test_what_a_rater_is_given_tells_nothing_of_run_condition_model_truth_or_file(asked: Store) -> None:
    with asked.write() as connection:
        connection.execute("UPDATE generations SET narrative = 'a story', explicit_description = NULL")
    sitting = sit_down(asked, make_session(asked, design(kind="pairs")), "Ann")
    task = next_task(asked, sitting)
    told = repr(task)
    for secret in ("tiny:", "'face'", "'none'", "/pictures", ".jpg", "run", "swapped", "again"):
        assert secret not in told.replace("picture='none'", "")


def test_items_whose_run_is_deleted_go_with_what_was_said_and_the_rest_stays(asked: Store) -> None:
    session = make_session(asked, design())
    sitting = sit_down(asked, session, "Ann")
    task = next_task(asked, sitting)
    while task is not None and not story(task).startswith("face"):
        task = rate(asked, task, all_fours(), 1)
    assert task is not None
    assert (count_ratings(asked, 1), count_ratings(asked, 2)) == (task.done, 0)
    delete_run(asked, 2)
    with pytest.raises(UsageError, match="deleted"):
        rate(asked, task, all_fours(), 1)
    assert {one[:4] for one in walk(asked, sitting, all_fours())} <= {"none"}
    assert [(one.done, one.total) for one in sessions(asked)[0].sittings] == [(6, 6)]
    delete_run(asked, 1)
    assert next_task(asked, sitting) is None
    for table in ("rating_items", "rating_places", "rating_values"):
        assert rows(asked, f"SELECT count(*) FROM {table}") == [(0,)]
    assert [one.name for one in sessions(asked)] == ["first"]


def test_a_rating_is_given_once_and_whole(asked: Store) -> None:
    sitting = sit_down(asked, make_session(asked, design()), "Ann")
    task = next_task(asked, sitting)
    assert task is not None
    for wrong in (
        {"fits": 4},
        all_fours() | {"fits": 8},
        all_fours() | {"fits": "left"},
        all_fours() | {"x": 1},
    ):
        with pytest.raises(UsageError):
            rate(asked, task, wrong, 1)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="why"):
        skip(asked, task, " ", 1)
    rate(asked, task, all_fours(), 1)
    with pytest.raises(UsageError, match="another window"):
        rate(asked, task, all_fours(), 1)
    assert rows(asked, "SELECT count(*) FROM rating_values") == [(4,)]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": " "}, "needs a name"),
        ({"name": "\u202ex"}, "printable"),
        ({"filter": Filter(run_ids=(9,))}, "nothing to rate"),
        ({"kind": "pairs", "filter": Filter(run_ids=(1,))}, "nothing to rate"),
        ({"limit": 0}, "from 1"),
        ({"limit": 5, "repeat": 3}, "at most 2"),
        ({"filter": Filter(where="no such")}, ""),
        ({"kind": "pairs", "scales": SCALES.model_copy(update={"preference": ()})}, "no [[preference]]"),
    ],
)
def test_a_session_that_cannot_be_is_told_and_leaves_nothing(
    asked: Store, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(UsageError) as error:
        make_session(asked, design(**changes))
    assert told in error.value.message
    assert sessions(asked) == ()


def test_a_name_is_given_once_and_a_deleted_session_leaves_nothing(asked: Store) -> None:
    session = make_session(asked, design())
    with pytest.raises(UsageError, match="called"):
        make_session(asked, design(name="FIRST"))
    sitting = sit_down(asked, session, "Ann")
    walk(asked, sitting, all_fours())
    other = make_session(asked, design(name="second"))
    walk(asked, sit_down(asked, other, "Ann"), all_fours())
    delete_session(asked, session)
    assert [one.name for one in sessions(asked)] == ["second"]
    assert rows(asked, "SELECT count(*) FROM rating_values") == [(48,)]
    with pytest.raises(UsageError, match="any more"):
        sit_down(asked, session, "Ann")
    with pytest.raises(UsageError, match="any more"):
        next_task(asked, sitting)


def test_the_named_questions_tell_by_condition(asked: Store) -> None:
    walk(asked, sit_down(asked, make_session(asked, design(repeat=2)), "Ann"), all_fours())
    pairs = make_session(asked, design(name="pairs", kind="pairs"))
    walk(asked, sit_down(asked, pairs, "Ann"), left_always())
    found = rows(asked, named_query("ratings-by-condition").sql)
    assert ("first", "fits", "tiny:", "face", 6, 1, 6, 4.0, 0.0) in found
    assert len(found) == 8
    told = rows(asked, named_query("preferences-by-condition").sql)
    assert [row[:7] + row[9:] for row in told if row[1] == "fits"] == [
        ("pairs", "fits", "tiny:", "none", "tiny:", "face", 6, 0, 6)
    ]


def test_results_tell_of_runs_sides_agreement_and_reasons(asked: Store) -> None:
    session = make_session(asked, design(repeat=2, limit=4))
    ann, bob = sit_down(asked, session, "Ann"), sit_down(asked, session, "Bob")
    walk(asked, ann, all_fours())
    task = next_task(asked, bob)
    assert task is not None
    skip(asked, task, "I know him", 1)
    walk(asked, bob, all_fours() | {"fits": 6})
    assert skipped(asked, session) == (("I know him", 1),)
    (found,) = ratings(asked, session, Resampling(0, 0))
    fits = [one for one in found.means if one.scale == "fits"]
    assert [(one.run_id, one.raters) for one in fits] == [(1, 2), (2, 2)]
    assert sum(one.ratings for one in fits) == 7
    assert sum(one.mean.value * one.ratings for one in fits) == pytest.approx(4 * 4 + 3 * 6)
    between = {one.question: one for one in found.between}
    assert (between["fits"].compared, between["fits"].same, between["fits"].apart) == (3, 0, 2)
    assert (between["coherent"].compared, between["coherent"].same) == (3, 1)
    again = next(one for one in found.again if one.question == "fits")
    assert again.same == 1
    assert again.compared >= 3


def test_hostile_names_and_texts_are_kept_as_they_are(asked: Store) -> None:
    evil = "[bold]'; DROP TABLE ratings; --[/]"
    with asked.write() as connection:
        connection.execute("UPDATE generations SET narrative = ?", [evil + "\x1b[31m\u202e" + "x" * 100_000])
    session = make_session(asked, design(name=evil, limit=1))
    sitting = sit_down(asked, session, evil)
    task = next_task(asked, sitting)
    assert task is not None
    assert story(task).startswith(evil + "\x1b[31m\u202e")
    assert rate(asked, task, all_fours(), 1) is None
    assert rows(asked, "SELECT DISTINCT session, rater FROM ratings") == [(evil, evil)]


def test_without_a_store_there_are_no_sessions(store: Store) -> None:
    assert sessions(store) == ()
    assert drawable(store, "pairs", Filter(), SCALES) == {}
    assert not store.exists()
