"""Shares of clustered answers, and parts that go with emotions, against statsmodels and plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import Table as Contingency
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from elena_wb.analysis.clustered import share
from elena_wb.analysis.part_use import part_use

RNG = np.random.default_rng(7)


def made(answers_each: int, pictures: int = 60, emotions: int = 3, parts: int = 4):
    """Answers about pictures, each of which has its own liking of parts: named is bool [answers, parts]."""
    cluster = np.repeat(np.arange(pictures), answers_each)
    emotion = RNG.integers(-1, emotions, len(cluster))
    liking = RNG.uniform(0.1, 0.9, (pictures, parts))
    named = RNG.random((len(cluster), parts)) < np.clip(liking[cluster] + 0.3 * (emotion[:, None] == 0), 0, 1)
    answer, part = np.nonzero(named)
    return cluster, emotion, named, part_use(cluster, emotion, answer, part, emotions=emotions, parts=parts)


@pytest.mark.parametrize(("hits", "n"), [(0, 9), (3, 9), (9, 9), (1, 1), (4_000, 100_000)])
def test_answers_that_stand_alone_have_wilsons_interval(hits, n):
    found = share(hits, n, n, float(hits))
    assert (found.low, found.high) == pytest.approx(proportion_confint(hits, n, method="wilson"), abs=1e-12)
    assert (found.value, found.n) == (hits / n, n)


def test_several_answers_to_a_picture_are_worth_as_many_as_their_variance_says():
    sizes = np.array([4, 4, 4, 2, 6, 3, 5, 4])
    hits = np.array([4, 0, 3, 1, 6, 0, 2, 4])
    n, value = sizes.sum(), hits.sum() / sizes.sum()
    squares = sum((h - value * m) ** 2 for h, m in zip(hits, sizes, strict=True))
    found = share(hits.sum(), n, len(sizes), squares)
    worth = value * (1 - value) / (squares / n**2) * (stats.norm.ppf(0.975) / stats.t.ppf(0.975, 7)) ** 2
    wilson = proportion_confint(value * worth, worth, method="wilson")
    assert (found.low, found.high) == pytest.approx(wilson, abs=1e-9)
    alone = proportion_confint(hits.sum(), n, method="wilson")
    assert found.high - found.low > 1.3 * (alone[1] - alone[0])


def test_shares_at_the_edge_have_an_interval_only_where_there_is_something_to_go_by():
    assert math.isnan(share(0, 0, 0, 0.0).value)
    assert math.isnan(share(5, 10, 1, 0.0).low)  # ten answers to one picture
    never = share(0, 40, 10, 0.0)
    assert (never.low, never.n) == (0.0, 40)
    assert never.high > proportion_confint(0, 10, method="wilson")[1] > 0.2
    same = share(20, 40, 10, 0.0)  # each picture has two of four: worth no more than its answers
    assert 0.3 < same.low < 0.5 < same.high < 0.7


def test_the_interval_of_clustered_answers_covers_what_it_should():
    truth = 0.3
    covered = 0
    for _ in range(400):
        liking = RNG.beta(0.6, 1.4, 40)
        hits = RNG.binomial(5, liking)
        value = hits.mean() / 5
        found = share(hits.sum(), 200, 40, float(((hits - 5 * value) ** 2).sum()))
        covered += found.low <= truth <= found.high
    assert 0.92 <= covered / 400 <= 0.99


def test_one_answer_a_picture_gives_adjusted_residuals():
    _, emotion, named, found = made(1, pictures=400)
    assert not found.clustered
    p_values = []
    for e in range(3):
        for p in range(4):
            with_e = emotion == e
            table = [[sum(with_e & named[:, p]), sum(with_e & ~named[:, p])]]
            table.append([sum(~with_e & named[:, p]), sum(~with_e & ~named[:, p])])
            residual = Contingency(np.array(table), shift_zeros=False).standardized_resids[0, 0]
            assert found.residual[e, p] == pytest.approx(residual)
            p_values.append(2 * stats.norm.sf(abs(residual)))
            assert found.by_emotion[e][p].value == pytest.approx(named[with_e, p].mean())
            assert found.elsewhere[e, p] == pytest.approx(named[~with_e, p].mean())
    assert found.p_holm.ravel() == pytest.approx(multipletests(p_values, method="holm")[1])
    assert (found.p_holm[0] < 0.05).any()  # the emotion with which every part is named more often


def test_answers_about_one_picture_are_taken_together():
    cluster, emotion, named, found = made(5)
    assert (found.clustered, found.answers, found.clusters) == (True, 300, 60)
    for e in range(3):
        x = (emotion == e).astype(float)
        for p in range(4):
            y = named[:, p].astype(float)
            products = (x - x.mean()) * (y - y.mean())
            variance = sum(products[cluster == c].sum() ** 2 for c in range(60))
            assert found.residual[e, p] == pytest.approx(products.sum() / math.sqrt(variance))
            value = named[emotion == e, p].mean()
            squares = sum(
                (y[(cluster == c) & (x > 0)].sum() - value * x[cluster == c].sum()) ** 2 for c in range(60)
            )
            pictures = len(set(cluster[emotion == e]))
            wanted = share((x * y).sum(), x.sum(), pictures, squares)
            for figure in ("value", "low", "high", "n"):
                assert getattr(found.by_emotion[e][p], figure) == pytest.approx(getattr(wanted, figure))


def test_too_few_answers_are_not_tested():
    _, _, _, few = made(1, pictures=8)
    assert np.isnan(few.residual).all()
    assert np.isnan(few.p_holm).all()
    one = part_use(
        np.zeros(100, int), np.arange(100) % 2, np.arange(0, 100, 2), np.zeros(50, int), emotions=2, parts=1
    )
    assert np.isnan(one.residual).all()  # one picture a hundred times says nothing of other pictures
    assert math.isnan(one.overall[0].low)
    none = part_use(*(np.zeros(0, int),) * 4, emotions=0, parts=0)
    assert (none.answers, none.overall, none.by_emotion) == (0, (), ())
    silent = part_use(np.arange(3), np.zeros(3, int), *(np.zeros(0, int),) * 2, emotions=1, parts=2)
    assert [one.value for one in silent.overall] == [0.0, 0.0]
