"""Prices: what ships, what the user says instead, and what a call costs by them."""

from __future__ import annotations

import datetime
import math
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elena_wb.core import SetupError
from elena_wb.remote.prices import Price, PriceTable, user_prices_path

SHIPPED = """
updated = "2026-05-01"
source = "https://example.org/pricing"

["flash"]
input = 0.30
output = 2.50
cached_input = 0.075
batch = 0.5

["flash-lite"]
input = 0.10
output = 0.40

["pro"]
input = 1.25
output = 10.0
updated = "2026-06-01"
above = [
  { prompt_tokens = 200000, input = 2.50, output = 15.0 },
  { prompt_tokens = 1000000, input = 5.00, output = 30.0, cached_input = 1.0 },
]
"""


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    path = tmp_path / "prices.toml"
    path.write_text(SHIPPED)
    return path


def _own(text: str) -> Path:
    path = user_prices_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def _price(table: PriceTable, model: str) -> Price:
    price = table.price(model)
    assert price is not None
    return price


def test_a_call_costs_its_tokens_at_the_prices_of_a_million(shipped: Path) -> None:
    table = PriceTable.load("cloud", shipped)
    assert table.updated == "2026-06-01"
    flash = _price(table, "flash")
    assert (flash.updated, flash.source) == ("2026-05-01", "https://example.org/pricing")
    assert flash.cost(1_000_000, 0) == pytest.approx(0.30)
    assert flash.cost(0, 1_000_000) == pytest.approx(2.50)
    assert flash.cost(1000, 200) == pytest.approx(0.0003 + 0.0005)
    assert flash.cost(1000, 200, batch=True) == pytest.approx(0.0004)
    assert flash.cost(1000, 0, cached_tokens=400) == pytest.approx((600 * 0.30 + 400 * 0.075) / 1e6)


def test_tokens_that_the_server_had_cost_as_much_in_a_batch_as_without(shipped: Path) -> None:
    flash = _price(PriceTable.load("cloud", shipped), "flash")
    assert flash.cost(1000, 0, cached_tokens=400, batch=True) == pytest.approx(
        (600 * 0.15 + 400 * 0.075) / 1e6
    )


def test_an_announced_price_counts_from_its_day_on(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(
        'updated = 2020-01-01\n["now"]\ninput = 1\noutput = 2\nabove = [{prompt_tokens = 5, input = 9, output = 9}]\n'
        "later = [{starts = 2021-02-01, input = 3, output = 4}, {starts = 2021-01-01, input = 7, output = 7}]\n"
        '["not-yet"]\ninput = 1\noutput = 2\nlater = [{starts = 9999-01-01, input = 3, output = 4}]\n'
    )
    table = PriceTable.load("cloud", path)
    assert _price(table, "now").cost(1_000_000, 1_000_000) == pytest.approx(7)
    assert _price(table, "not-yet").cost(1_000_000, 1_000_000) == pytest.approx(3)
    january = table.prices["now"].on(datetime.date(2021, 1, 31))
    assert january.cost(1_000_000, 1_000_000) == pytest.approx(14)


def test_a_model_without_a_price_for_batches_or_cached_tokens_gets_no_discount(shipped: Path) -> None:
    lite = _price(PriceTable.load("cloud", shipped), "flash-lite")
    assert lite.cost(1000, 10, cached_tokens=900, batch=True) == lite.cost(1000, 10)


@pytest.mark.parametrize(
    ("tokens", "dollars"),
    [(200_000, 1.25), (200_001, 2.50), (1_000_000, 2.50), (1_000_001, 5.00)],
)
def test_a_long_prompt_is_charged_as_a_whole_at_the_highest_tier_it_exceeds(
    shipped: Path, tokens: int, dollars: float
) -> None:
    pro = _price(PriceTable.load("cloud", shipped), "pro")
    assert pro.cost(tokens, 0) == pytest.approx(tokens * dollars / 1e6)


@given(st.integers(0, 10**7), st.integers(0, 10**6), st.integers(0, 10**8), st.booleans())
def test_no_call_costs_less_than_nothing_or_more_than_without_a_cache(
    prompt: int, completion: int, cached: int, batch: bool
) -> None:
    price = Price(input=1.25, output=10, cached_input=0.1, batch=0.5, updated="2026-01-01")
    cost = price.cost(prompt, completion, cached_tokens=cached, batch=batch)
    assert 0 <= cost <= price.cost(prompt, completion)
    assert math.isfinite(cost)


@pytest.mark.parametrize(
    ("model", "found"),
    [
        ("flash", "flash"),
        ("flash-2026-05-14", "flash"),
        ("flash-001", "flash"),
        ("flash-latest", "flash"),
        ("flash-preview-09-2026", "flash"),
        ("flash-lite-preview-06-17", "flash-lite"),
        ("flash-lite", "flash-lite"),
        ("flash-image", None),
        ("flash-mini-001", None),
        ("flashy", None),
        ("flash-", None),
        ("fla", None),
        ("new", None),
    ],
)
def test_a_dated_snapshot_has_the_price_of_its_model_and_another_model_has_none(
    shipped: Path, model: str, found: str | None
) -> None:
    table = PriceTable.load("cloud", shipped)
    assert table.price(model) == (table.prices[found] if found else None)


def test_the_users_price_and_date_replace_those_that_ship(shipped: Path) -> None:
    _own(
        'updated = 2026-07-01\n[cloud."flash"]\ninput = 1\noutput = 2\n'
        '[cloud."mine"]\ninput = 0\noutput = 0\nupdated = "2026-07-02"\nsource = "my contract"\n'
        '[other."flash"]\nunheard_of = "kept"\n'
    )
    table = PriceTable.load("cloud", shipped)
    assert _price(table, "flash") == Price(input=1, output=2, updated="2026-07-01")
    assert _price(table, "mine").source == "my contract"
    assert _price(table, "mine").cost(10**6, 10**6) == 0
    assert _price(table, "flash-lite").input == 0.10
    assert table.updated == "2026-07-02"
    assert 'unheard_of = "kept"' in user_prices_path().read_text()


def test_the_date_may_stand_in_the_table_of_the_scheme(shipped: Path) -> None:
    _own('updated = "2026-07-01"\n[cloud]\nupdated = "2026-08-01"\n[cloud.flash]\ninput = 1\noutput = 2\n')
    assert _price(PriceTable.load("cloud", shipped), "flash").updated == "2026-08-01"


def test_without_a_date_of_the_users_that_of_the_file_counts(shipped: Path) -> None:
    path = _own('[cloud."flash"]\ninput = 1\noutput = 2\n')
    moment = datetime.datetime(2026, 3, 4, 12, tzinfo=datetime.UTC).timestamp()
    os.utime(path, (moment, moment))
    assert _price(PriceTable.load("cloud", shipped), "flash").updated == "2026-03-04"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('[cloud."flash"]\ninput = -1\noutput = 2', '`input` of [cloud."flash"]'),
        ('[cloud."flash"]\ninput = nan\noutput = 2', '`input` of [cloud."flash"]'),
        ('[cloud."flash"]\ninput = inf\noutput = 2', '`input` of [cloud."flash"]'),
        ('[cloud."flash"]\ninput = true\noutput = 2', '`input` of [cloud."flash"]'),
        ('[cloud."flash"]\ninput = "cheap"\noutput = 2', '`input` of [cloud."flash"]'),
        ('[cloud."flash"]\ninput = 1', '`output` of [cloud."flash"]'),
        ('[cloud."flash"]\ninput = 1\noutput = 2\noutptu = 3', '`outptu` of [cloud."flash"]'),
        ('[cloud."flash"]\ninput = 1\noutput = 2\nbatch = 2', '`batch` of [cloud."flash"]'),
        ('[cloud."flash"]\ninput = 1\noutput = 2\nupdated = "May"', '`updated` of [cloud."flash"]'),
        ('[cloud."flash"]\ninput = 1\noutput = 2\nsource = 3', '`source` of [cloud."flash"]'),
        (
            '[cloud."flash"]\ninput = 1\noutput = 2\nabove = [{prompt_tokens = 1.5, input = 1, output = 1}]',
            '`above.0.prompt_tokens` of [cloud."flash"]',
        ),
        ("[cloud]\nflash = 3", '[cloud."flash"] is no table'),
        ("[cloud.flash-2.5]\ninput = 1\noutput = 2", "names with dots need quotation marks"),
        ("cloud = 3", "`cloud` is no table"),
        ('updated = "yesterday"\n[cloud]', "`updated` is no date"),
        ("[cloud", "cannot be read"),
    ],
)
def test_what_is_no_price_is_named_with_file_model_and_field(shipped: Path, written: str, said: str) -> None:
    path = _own(written)
    with pytest.raises(SetupError) as caught:
        PriceTable.load("cloud", shipped)
    assert str(path) in caught.value.message
    assert said in caught.value.message


def test_the_example_of_the_manual_is_a_table_of_prices(shipped: Path) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "costs.md").read_text("utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", manual, re.DOTALL)
    _own(example)
    table = PriceTable.load("gemini", shipped)
    assert _price(table, "gemini-2.5-flash").updated == "2026-11-01"
    assert _price(table, "gemini-2.5-flash-preview-09-2025") == _price(table, "gemini-2.5-flash")
    assert _price(table, "gemini-2.5-pro").cost(200_001, 0) == pytest.approx(0.5000025)


def test_the_prices_that_ship_with_plugins_can_be_read() -> None:
    found = sorted(Path(__file__).parents[2].glob("plugins/*/*/prices*.toml"))
    for path in found:
        for model, price in PriceTable.load(path.parent.name.rpartition("_")[2], path).prices.items():
            assert 0 < price.input <= price.output, f"{path}: {model}"
            assert price.source
    assert len(found) >= 2
