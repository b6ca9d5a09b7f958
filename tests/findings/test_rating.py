"""What people said of answers, from sessions that were made and rated as people make and rate them."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from elena_wb.core import BodyPart, Label, Resampling, UsageError
from elena_wb.findings import Table
from elena_wb.findings.plain_data import as_data
from elena_wb.findings.rating import RatedSession, ratings, sessions_about
from elena_wb.findings.rating_agreement import agreement
from elena_wb.findings.rating_judged import Judged
from elena_wb.findings.rating_told import sections
from elena_wb.store import Store, delete_run
from elena_wb.store.browsing import Filter
from elena_wb.store.query import ask
from tests.findings.planted import put
from tests.findings.rated import SCALE_NAMES, rated, rated_by_hand, session

QUICK = Resampling(200, 0)
PICTURES = 12


def story(run: str, number: int) -> str:
    return f"{run} {number} " + "word " * (number % 5)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs 1 (``none``), 2 (``face``) and 3 (``hands``) about twelve pictures; each narrative says whose it is."""
    store = Store(tmp_path_factory.mktemp("written") / "study.duckdb")
    truth = {
        n: (Label("folder", "ekman7", "fear"), Label("folder", "vad", None, 5, 5, 5)) for n in range(PICTURES)
    }
    parts = BodyPart("fists", "hands", "hands"), BodyPart("a smile", "mouth", "face")
    for key in ("none", "face", "hands"):
        answers: dict[int, Any] = {
            n: {
                "emotion": "fear" if n % 3 else "anger",
                "narrative": story(key, n),
                "body_parts": parts[: 1 + n % 2],
                "valence": 5.0 + n % 4,
                "arousal": 5.0,
                "dominance": 5.0,
            }
            for n in range(PICTURES)
        }
        put(store, key, answers, labels=truth, condition=key)
    return store.path


@pytest.fixture
def study(written: Path, tmp_path: Path) -> Store:
    return Store(Path(shutil.copy(written, tmp_path)), lock_timeout=20)


def chance(*of: object) -> int:
    return hashlib.sha256(repr(of).encode()).digest()[0]


def digit(rater: str, scale: str, texts: list[str]) -> int:
    """Better under ``none``, a little by chance, and Bo is stricter."""
    run = texts[0].split()[0]
    return max(1, min(7, 4 + (run == "none") - (rater == "Bo") + chance(rater, scale, texts[0]) % 3 - 1))


def side(rater: str, question: str, texts: list[str]) -> str:
    """Whoever has the longer text, unless chance or a tie says otherwise."""
    lengths = [len(text.split()) + chance(rater, question, text) % 3 for text in texts]
    return "equal" if lengths[0] == lengths[1] else ("left", "right")[lengths[1] > lengths[0]]


def raw(store: Store, sql: str) -> list[tuple[Any, ...]]:
    with store.read() as connection:
        return connection.execute(sql).fetchall()


def assert_sql_gives_the_cells(store: Store, sessions: tuple[RatedSession, ...]) -> int:
    """Every table's query runs in the sandbox and gives its rows; how many tables there were."""
    checked = 0
    for section in sections(sessions):
        for table in section.pieces:
            if not isinstance(table, Table) or not table.sql:
                continue
            with ask(store, table.sql) as run:
                found = run(lambda answer: answer.relation.to_arrow_table())
            assert found.num_rows == len(table.rows), table.title
            shared = [name for name in table.columns[table.names :] if name in found.column_names]
            assert shared, table.title
            for name in shared:
                place = table.columns.index(name)
                for row, value in zip(table.rows, found[name].to_pylist(), strict=True):
                    cell = row[place].replace(",", "")
                    if value is None:
                        assert cell == "–"
                    elif cell.endswith(" %"):
                        assert float(cell[:-2]) == pytest.approx(100 * value, abs=0.051)
                    else:
                        assert float(cell) == pytest.approx(value, abs=0.0051), (table.title, name)
            checked += 1
    return checked


def test_what_these_tests_plant_is_what_raters_keep_item_by_item(study: Store) -> None:
    def judge(rater: str, question: str, texts: list[str]) -> Any:
        return "blurred" if chance(texts[0]) < 60 else side(rater, question, texts)

    first, second = (session(study, "pairs", name=name, limit=10, repeat=2) for name in "ab")
    rated(study, first, judge, "Ann")
    rated_by_hand(study, second, judge, "Ann")
    kept = [
        raw(
            study,
            f"""SELECT p.position, p.item, p.again, p.skipped, v.scale, v.value, v.preferred
                FROM rating_places AS p JOIN rating_sittings AS t USING (sitting_id)
                LEFT JOIN rating_values AS v USING (sitting_id, position) WHERE t.session_id = {number} ORDER BY ALL""",
        )
        for number in (first, second)
    ]
    assert kept[0] == kept[1]
    assert 12 < len(kept[0]) < 24


def test_means_and_differences_are_of_first_ratings_and_pair_raters_and_stimuli(study: Store) -> None:
    number = session(study, repeat=5)
    rated(study, number, digit, "Ann", "Bo", "Cy")
    (found,) = ratings(study, "SINGLE one", QUICK)
    assert (found.rated, found.items, found.raters) == (36, 36, ((41, 41, 0),) * 3)
    assert [one.condition for one in found.runs] == ["none", "face", "hands"]
    assert len(found.means) == len(SCALE_NAMES) * 3
    assert len(found.differences) == len(SCALE_NAMES) * 3
    assert found.compared
    by_hand = {
        (scale, run): (mean, n)
        for scale, run, mean, n in raw(
            study, "SELECT scale, run_id, avg(value), count(*) FROM ratings WHERE NOT again GROUP BY ALL"
        )
    }
    for one in found.means:
        assert (one.mean.value, one.ratings) == by_hand[one.scale, one.run_id]
        assert (one.answers, one.raters) == (12, 3)
        assert one.mean.pictures.low < one.mean.value < one.mean.pictures.high
        assert one.mean.raters.high - one.mean.raters.low > one.mean.pictures.high - one.mean.pictures.low
    of_fits = {(one.first, one.second): one for one in found.differences if one.scale == "fits"}
    first = of_fits[1, 2]
    assert (first.paired, first.ratings, first.pictures) == (True, 36, 12)
    assert first.change.value == pytest.approx(by_hand["fits", 2][0] - by_hand["fits", 1][0])
    assert first.p < 0.05
    assert of_fits[2, 3].p_holm == pytest.approx(1, abs=0.9)
    assert all(one.p_holm >= one.p for one in found.differences)
    assert assert_sql_gives_the_cells(study, (found,)) == 1 + 2 + 2 + 2
    charts = [piece.title for piece in sections((found,))[0].pieces if not isinstance(piece, (Table, str))]
    assert charts == ["Mean rating by scale and run"]


def test_a_stricter_rater_who_saw_one_run_only_makes_no_difference_between_runs(study: Store) -> None:
    """Bo skips what is of run 2: unpaired, run 2 would seem better for it."""

    def judge(rater: str, scale: str, texts: list[str]) -> int | str:
        if rater == "Bo":
            return "not mine" if texts[0].startswith("face") else 1
        return 5

    number = session(study)
    rated(study, number, judge, "Ann", "Bo")
    (found,) = ratings(study, number, QUICK)
    means = {one.run_id: one.mean.value for one in found.means if one.scale == "fits"}
    assert (means[1], means[2]) == (3, 5)
    change = next(one for one in found.differences if one.scale == "fits" and one.second == 2)
    assert (change.change.value, change.ratings, change.p) == (0, 12, 1)
    assert found.skipped == (("not mine", 12),)
    assert found.raters == ((36, 36, 0), (36, 24, 12))


def test_runs_that_share_too_few_stimuli_are_compared_as_they_are(study: Store) -> None:
    number = session(study, limit=9)
    rated(study, number, digit, "Ann")
    (found,) = ratings(study, number, QUICK)
    assert {one.paired for one in found.differences} == {False}
    by_hand = {
        (scale, run): mean
        for scale, run, mean in raw(study, "SELECT scale, run_id, avg(value) FROM ratings GROUP BY ALL")
    }
    for one in found.differences:
        apart = by_hand[one.scale, one.second] - by_hand[one.scale, one.first]
        assert one.change.value == pytest.approx(apart)
    assert assert_sql_gives_the_cells(study, (found,)) == 1 + 2 + 2
    assert any("fewer than six" in piece for piece in sections((found,))[0].pieces if isinstance(piece, str))


def test_preferences_are_tested_over_pictures_and_sides_over_choices(study: Store) -> None:
    number = session(study, "pairs", repeat=4)
    rated(study, number, side, "Ann", "Bo", "Cy")
    (found,) = ratings(study, number, QUICK)
    assert len(found.preferences) == 2 * 3
    said = raw(study, "SELECT scale, run_a, run_b, stimulus_id, preferred FROM preferences WHERE NOT again")
    for one in found.preferences:
        choices = [row[3:] for row in said if row[:3] == (one.question, one.first, one.second)]
        assert one.choices == len(choices) == 36
        towards: dict[str, int] = {}
        for stimulus, preferred in choices:
            towards[stimulus] = towards.get(stimulus, 0) + {"a": -1, "b": 1, "equal": 0}[preferred]
        won, lost = sum(t > 0 for t in towards.values()), sum(t < 0 for t in towards.values())
        assert (one.pictures_second, one.pictures_first, one.tied) == (won, lost, 12 - won - lost)
        assert one.p == pytest.approx(stats.binomtest(won, won + lost).pvalue)
        decided = [p for _, p in choices if p != "equal"]
        assert one.share.value == pytest.approx(decided.count("b") / len(decided))
        assert one.share.raters.low <= one.share.value <= one.share.raters.high
    for leaning in found.sides:
        assert leaning.left + leaning.right + leaning.equal == 3 * 36
        assert leaning.p == pytest.approx(stats.binomtest(leaning.left, leaning.left + leaning.right).pvalue)
    assert (found.means, found.differences) == ((), ())
    assert assert_sql_gives_the_cells(study, (found,)) == 1 + 2 + 2 + 1 + 2


def test_a_rater_who_always_takes_the_left_one_is_found_out(study: Store) -> None:
    number = session(study, "pairs")
    rated(study, number, lambda *_: "left", "Ann")
    (found,) = ratings(study, number, QUICK)
    assert all(one.left_share.value == 1 and one.p < 1e-6 for one in found.sides)
    text = " ".join(piece for piece in sections((found,))[0].pieces if isinstance(piece, str))
    assert "lean to one side in fits (p < .001) and convincing (p < .001)" in text
    assert "No item was judged twice" in text
    assert all(abs(one.share.value - 0.5) < 0.35 for one in found.preferences)


def test_agreement_is_krippendorffs_between_raters_and_of_each_with_himself(study: Store) -> None:
    """Ann and Bo say the opposite of each other, and the same each time."""
    number = session(study, limit=12, repeat=6)
    rated(
        study, number, lambda rater, _, texts: (1, 7)[(rater == "Bo") ^ (chance(texts[0]) % 2)], "Ann", "Bo"
    )
    (found,) = ratings(study, number, QUICK)
    assert [one.question for one in found.between] == SCALE_NAMES
    for one in found.between:
        assert (one.items, one.compared, one.same, one.apart) == (12, 12, 0, 6)
        assert one.alpha.value < -0.8
    for one in found.again:
        assert (one.items, one.same, one.apart, one.alpha.value) == (12, 1, 0, 1)
    assert assert_sql_gives_the_cells(study, (found,)) > 4


def test_measures_of_the_answers_go_with_ratings_as_spearman_has_it(study: Store) -> None:
    number = session(study)
    rated(study, number, lambda _, scale, texts: min(7, len(texts[0].split())), "Ann")
    (found,) = ratings(study, number, QUICK)
    of = {one.measure: one for one in found.measures if one.question == "fits"}
    assert of["length"].correlation.rho.value == pytest.approx(1)
    assert of["length"].p_holm < 0.001
    rows = [(min(7, 2 + n % 5), n % 3 > 0, 1 + n % 2, 0.5 * (n % 2), n % 4) for n in range(PICTURES)] * 3
    value, correct, parts, facial, vad = np.array(rows, dtype=float).T
    for name, measured in (("correct", correct), ("parts", parts), ("facial", facial), ("vad", vad)):
        assert of[name].correlation.rho.value == pytest.approx(stats.spearmanr(value, measured).statistic)
        assert of[name].correlation.rho.n == 36
    assert "logprob" not in of
    assert of["facial_words"].correlation.rho.n == 12  # of the run that hides the face
    assert math.isnan(of["facial_words"].correlation.rho.value)
    said = [piece for piece in sections((found,))[0].pieces if isinstance(piece, str)]
    assert any("facial words under a mask" in text and "nothing can go with it" in text for text in said)


def test_of_pairs_it_is_the_difference_of_the_measures(study: Store) -> None:
    put(study, "long", {n: {"emotion": "fear", "narrative": "long " + "word " * n} for n in range(PICTURES)})
    number = session(study, "pairs", filter=Filter(run_ids=(1, 4)))

    def longer(rater: str, _: str, texts: list[str]) -> str:
        lengths = [len(text.split()) for text in texts]
        return "equal" if rater == "Bo" else "left" if lengths[0] > lengths[1] else "right"

    rated(study, number, longer, "Ann", "Bo")
    (found,) = ratings(study, number, QUICK)
    length = next(one for one in found.measures if one.measure == "length")
    apart = [1 + n - (2 + n % 5) for n in range(PICTURES)]
    chosen = [0.5 if words > 0 else -0.5 for words in apart]
    tied = [-0.5 if words == 0 else one for words, one in zip(apart, chosen, strict=True)]
    low, high = sorted(stats.spearmanr(of, apart).statistic for of in (chosen, tied))
    assert length.correlation.rho.n == PICTURES
    assert low - 1e-9 <= length.correlation.rho.value <= high + 0.1
    assert length.correlation.rho.value > 0.5


def test_what_is_not_there_raises_nothing_and_misleads_nobody(study: Store) -> None:
    assert ratings(study) == ()
    assert sessions_about(study, [1, 2, 3]) == ()
    with pytest.raises(UsageError, match="Nobody has rated"):
        ratings(study, "first")
    empty = session(study, name="nobody came")
    all_skipped = session(study, name="all skipped", limit=3)
    rated(study, all_skipped, lambda *_: "cannot say", "Ann")
    single = session(study, name="one item", limit=1)
    rated(study, single, lambda *_: 5, "Ann")
    found = ratings(study, None, QUICK)
    assert [one.session_id for one in found] == [empty, all_skipped, single]
    assert (found[1].rated, found[1].skipped, found[1].means) == (0, (("cannot say", 3),), ())
    only = found[2].means[0].mean
    assert (only.value, math.isnan(only.pictures.low), found[2].differences) == (5, True, ())
    told = sections(found)
    assert told[0].shows == "Nothing was said yet of its 36 answers."
    assert told[2].shows.startswith("One person rated 1 of 1 answers")
    assert_sql_gives_the_cells(study, found)
    json.dumps(as_data(found), allow_nan=False)
    with pytest.raises(UsageError, match=r"no session of rating `nobody com`") as caught:
        ratings(study, "nobody com")
    assert caught.value.hint == "Did you mean `nobody came`?"


def test_ratings_of_a_deleted_run_are_gone_and_the_rest_is_told(study: Store) -> None:
    number = session(study)
    rated(study, number, digit, "Ann", "Bo")
    assert sessions_about(study, [2]) == (number,)
    delete_run(study, 2)
    assert sessions_about(study, [2]) == ()
    assert sessions_about(study, [3]) == (number,)
    (found,) = ratings(study, number, QUICK)
    assert [one.run_id for one in found.runs] == [1, 3]
    assert (found.items, found.rated) == (24, 24)
    assert_sql_gives_the_cells(study, (found,))
    delete_run(study, 1)
    delete_run(study, 3)
    (found,) = ratings(study, number, QUICK)
    assert (found.items, found.rated, found.means, found.measures) == (0, 0, (), ())
    assert sections((found,))[0].shows == "Nothing was said yet of its 0 answers."


def test_the_interval_of_agreement_draws_all_items_of_a_picture_together() -> None:
    """Twelve items of four pictures, and the same of one, of which nothing can be drawn but itself."""
    rng = np.random.default_rng(5)
    item, rater = np.divmod(np.arange(24), 2)
    value = np.clip(item // 3 * 2 + rng.integers(0, 3, 24), 1, 7)
    nothing = np.zeros(24, dtype=np.int64)
    text = np.array(["fits"] * 24, dtype=object)
    flags = np.zeros(24, dtype=bool)
    wide, none, narrow = (
        agreement(
            Judged(text, rater, item, flags, value, flags, nothing, nothing, item, picture, text, text),
            ["fits"],
            Resampling(1000, 0),
            single=True,
            same_rater=False,
        )[0].alpha
        for picture in (item // 3, nothing, item)
    )
    assert wide.value == none.value == narrow.value
    assert wide.high - wide.low > narrow.high - narrow.low
    assert math.isnan(none.low)
