"""Sampling by perturbed scores draws from the distribution it claims to."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from elena_wb_hf.choosing import RowSampler

from elena_wb.core import Request, Sampling

SCORES = torch.tensor([2.0, 1.0, 0.0, -1.0, -torch.inf])


def drawn(sampling: Sampling, draws: int = 4000) -> np.ndarray:
    request = Request(np.zeros((1, 1, 3), np.uint8), "", "", "", sampling=sampling, seed=5)
    sampler = RowSampler([request])
    batch = torch.zeros((1, 1), dtype=torch.long)
    taken = [int(sampler(batch, SCORES[None]).argmax()) for _ in range(draws)]
    return np.bincount(taken, minlength=5) / draws


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_frequencies_follow_the_softmax_at_the_temperature(temperature):
    expected = (SCORES / temperature).softmax(-1).numpy()
    assert np.abs(drawn(Sampling(temperature=temperature)) - expected).max() < 0.03


def test_top_k_keeps_the_k_most_probable_in_proportion():
    expected = SCORES[:2].softmax(-1).numpy()
    frequencies = drawn(Sampling(temperature=1.0, top_k=2))
    assert np.abs(frequencies[:2] - expected).max() < 0.03
    assert frequencies[2:].sum() == 0


def test_top_p_keeps_the_fewest_that_reach_it():
    frequencies = drawn(Sampling(temperature=1.0, top_p=0.8))  # .64 + .24 reach it, .64 alone does not
    assert frequencies[:2].min() > 0
    assert frequencies[2:].sum() == 0


def test_a_tiny_top_p_still_leaves_one_token():
    assert drawn(Sampling(temperature=1.0, top_p=1e-9), draws=50)[0] == 1


def test_greedy_rows_are_left_as_they_are():
    greedy = Request(np.zeros((1, 1, 3), np.uint8), "", "", "")
    assert RowSampler([greedy])(torch.zeros((1, 1)), SCORES[None]).equal(SCORES[None])
