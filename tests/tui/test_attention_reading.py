"""One answer's looks, what fell on its parts, its maps target by target, and filters as conditions for commands."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from elena_wb.engine.glance import KeptMaps
from elena_wb.store import Store
from elena_wb.store.as_where import as_where, runs_of
from elena_wb.store.attention import add_extractions, attention_folder, read_maps
from elena_wb.store.browsing import lines
from elena_wb.store.filtering import Filter
from elena_wb.store.looks import looked_rows, looks_of, measured, read_target
from elena_wb.store.searching import matching
from elena_wb.store.selection import Choice, choose_answers
from tests.tui.looked import look


def answers_of(store: Store) -> list[str]:
    with store.read() as connection:
        rows = connection.execute("SELECT generation_id FROM generations WHERE run_id < 3 ORDER BY rowid")
        return [one for (one,) in rows.fetchall()]


def test_looks_are_read_latest_first_with_their_sinks_and_measures(planted: Store) -> None:
    answer, other, *_ = answers_of(planted)
    first = look(planted, answer, heads=3, layers=2)
    later = replace(first, tokens="emotion", sinks=(2, 5), created_at=first.created_at + timedelta(hours=1))
    add_extractions(planted, [later])
    look(planted, other, kept=False)
    newest, oldest = looks_of(planted, answer)
    assert (newest.tokens, newest.sink_places, newest.sinks) == ("emotion", (2, 5), 2)
    assert (oldest.heads, oldest.sink_places, oldest.places) == ("each", (0,), 36)
    found = measured(planted, oldest)
    assert [word.target for word in found.words] == ["emotion", "narrative"]
    assert (found.layers, found.heads) == ((0, 1), (0, 1, 2))
    assert found.share.shape == (2, 2, 3, len(found.parts))
    at = found.parts.index("face")
    rows = first.rows.to_pylist()
    wanted = next(
        row
        for row in rows
        if (row["layer"], row["head"], row["target"], row["part"]) == (1, 2, "emotion", "face")
    )
    assert found.share[0, 1, 2, at] == pytest.approx(wanted["share"])
    assert found.area[at] == pytest.approx(wanted["area_fraction"])
    assert np.isnan(found.share[..., found.parts.index("question")]).all()
    rows_found = looked_rows(planted)
    assert lines(planted, rows_found)["generation_id"].to_pylist() == [answer, other]


def test_the_places_of_sinks_are_not_known_of_looks_from_before_they_were_kept(planted: Store) -> None:
    answer = answers_of(planted)[0]
    look(planted, answer)
    with planted.write() as connection:
        connection.execute(
            "UPDATE extractions SET blocks = json_array(json_merge_patch(blocks::JSON->0, '{\"sinks\": null}'))"
        )
    (found,) = looks_of(planted, answer)
    assert found.sink_places is None
    assert found.sinks == 1
    assert read_maps(planted, answer) is not None


def test_maps_are_read_one_target_at_a_time_and_few_are_kept(planted: Store) -> None:
    answer, other, third, *_ = answers_of(planted)
    made = [look(planted, one) for one in (answer, other)]
    look(planted, third, kept=False)
    (found,), (second,), (bare,) = (looks_of(planted, one) for one in (answer, other, third))
    maps = read_target(planted, found, "narrative")
    assert maps is not None
    assert maps.targets == ("narrative",)
    assert made[0].maps is not None
    np.testing.assert_allclose(maps.weights[0], made[0].maps.weights[1], rtol=1e-3)
    assert read_target(planted, found, "no such word") is None
    assert read_target(planted, bare, "emotion") is None
    kept = KeptMaps(most_bytes=maps.weights.nbytes)
    again = kept.read(planted, found, "narrative")
    for file in attention_folder(planted).iterdir():
        file.rename(file.with_suffix(".away"))
    assert kept.read(planted, found, "narrative") is again
    for file in attention_folder(planted).iterdir():
        file.rename(file.with_suffix(".parquet"))
    assert kept.read(planted, second, "narrative") is not None
    assert kept.read(planted, found, "narrative") is not again


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(run_ids=(1, 2), emotions=("fear", "it's")),
        Filter(text="ARMS RAISED, head's"),
        Filter(text="arms $text %", where="run_id = 1"),
        Filter(text="lifts both"),
        Filter(conditions=("face",), correct="wrong"),
        Filter(truths=("fear", "anger"), flags=("looked at",)),
        Filter(flags=("failed",), where="emotion IS NULL"),
    ],
)
def test_a_filter_means_the_same_answers_as_a_condition_of_a_command(planted: Store, wanted: Filter) -> None:
    look(planted, answers_of(planted)[2])
    rows = matching(planted, wanted)
    expected = set() if not len(rows) else set(lines(planted, rows)["generation_id"].to_pylist())
    runs, count = runs_of(planted, wanted)
    assert count == len(expected)
    chosen = choose_answers(planted, [1, 2, 3], Choice(as_where(wanted)))
    found = {one.generation_id for answers in chosen.values() for one in answers}
    if "failed" not in wanted.flags:
        assert found == expected
        assert set(runs) == {run for run, answers in chosen.items() if answers}
    assert as_where(Filter()) is None
