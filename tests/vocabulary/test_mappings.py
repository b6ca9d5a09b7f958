"""Mappings between schemes: what corresponds, who says so, and how much of a scheme has a counterpart."""

import pytest

from elena_wb.errors import SetupError
from elena_wb.store import Store, schema
from elena_wb.vocabulary import LabelMapping, find_mapping, label_mappings, load_scheme, scheme_names
from elena_wb.vocabulary.mappings import _checked, _MappingEntry


@pytest.mark.parametrize(
    ("scheme", "mapped", "source"),
    [
        ("emotic26", 15, "elena-wb"),
        ("heco8", 8, "elena-wb"),
        ("plutchik8", 6, "elena-wb"),
        ("parrott6", 5, "elena-wb"),
        ("goemotions28", 28, "Demszky et al. 2020"),
        ("ekman7", 7, "identity"),
    ],
)
def test_each_scheme_maps_to_ekman7_with_a_source_and_a_coverage(scheme, mapped, source):
    mapping, names = find_mapping(scheme, "ekman7"), load_scheme(scheme).names
    assert mapping is not None
    assert mapping.source == source
    assert sum(mapping.apply(name) is not None for name in names) == mapped
    assert mapping.coverage(names) == pytest.approx(mapped / len(names))


@pytest.mark.parametrize(
    ("scheme", "label", "to"),
    [
        ("emotic26", "affection", "happiness"),
        ("emotic26", "disquietment", "fear"),
        ("emotic26", "aversion", "disgust"),
        ("emotic26", "doubt_confusion", None),
        ("heco8", "excitement", "happiness"),
        ("heco8", "peace", "neutral"),
        ("plutchik8", "trust", None),
        ("parrott6", "love", None),
        ("goemotions28", "curiosity", "surprise"),
        ("ekman7", "fear", "fear"),
        ("ekman7", "tarragon", None),
    ],
)
def test_a_label_maps_to_its_counterpart_or_to_none(scheme, label, to):
    mapping = find_mapping(scheme, "ekman7")
    assert mapping is not None
    assert mapping.apply(label) == to


def test_coverage_counts_labels_as_often_as_they_occur():
    mapping = find_mapping("plutchik8", "ekman7")
    assert mapping is not None
    assert mapping.coverage(["joy", "joy", "trust", "joy"]) == 0.75
    assert mapping.coverage([]) is None


def test_a_label_that_both_schemes_have_maps_to_itself():
    ekman = set(load_scheme("ekman7").names)
    for mapping in label_mappings():
        for name in ekman & mapping.labels.keys():
            assert mapping.apply(name) == name


def test_schemes_without_a_mapping_between_them_have_none():
    assert find_mapping("ekman7", "emotic26") is None
    assert find_mapping("heco8", "goemotions28") is None


def test_every_scheme_maps_to_itself():
    for name in scheme_names():
        mapping = find_mapping(name, name)
        assert mapping is not None
        assert mapping.coverage(load_scheme(name).names) == 1


@pytest.mark.parametrize(
    ("labels", "named"),
    [
        ({"happiness": ["joy", "glee"]}, "glee"),
        ({"bliss": ["joy"]}, "bliss"),
        ({"anger": ["joy"], "fear": ["joy"]}, "twice"),
    ],
)
def test_a_mapping_of_labels_that_do_not_exist_is_an_error(labels, named):
    entry = _MappingEntry(scheme="plutchik8", to="ekman7", source="elena-wb", labels=labels)
    with pytest.raises(SetupError, match=named):
        _checked(entry)


def test_a_mapping_that_changes_renews_the_views_of_stores(tmp_path, monkeypatch):
    store = Store(tmp_path / "store.duckdb")
    with store.write():
        pass
    changed = LabelMapping("heco8", "ekman7", "O'Hara 2031", {"peace": "happiness"})
    monkeypatch.setattr(schema, "label_mappings", lambda: (changed,))
    schema.views.cache_clear()
    try:
        with store.write() as connection:
            rows = connection.execute("FROM label_mappings WHERE scheme <> to_scheme").fetchall()
    finally:
        schema.views.cache_clear()
    assert rows == [("heco8", "peace", "ekman7", "happiness", "O'Hara 2031")]


def test_the_store_shows_every_mapping_as_a_view(tmp_path):
    store = Store(tmp_path / "store.duckdb")
    with store.write():
        pass
    with store.read() as connection:
        rows = connection.execute("FROM label_mappings").fetchall()
        columns = connection.execute(
            "SELECT column_name, column_type FROM (DESCRIBE label_mappings)"
        ).fetchall()
    assert columns == [(name, "VARCHAR") for name in ("scheme", "label", "to_scheme", "to_label", "source")]
    assert len(rows) == len(set(rows)) == 7 + 15 + 8 + 6 + 5 + 28
    assert ("emotic26", "peace", "ekman7", "neutral", "elena-wb") in rows
    assert ("ekman7", "fear", "ekman7", "fear", "identity") in rows
