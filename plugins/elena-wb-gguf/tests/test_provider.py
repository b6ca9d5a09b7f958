"""The provider: its contract, its options, cards, the memory it asks for, and what it finds on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from elena_wb_gguf import listing, memory, model
from elena_wb_gguf.header import read_header
from elena_wb_gguf.loading import Loading
from elena_wb_gguf.options import GGUFOptions
from elena_wb_gguf.provider import DEBUG_VARIABLE, GGUFProvider
from gguf import GGUFWriter

from elena_wb.core import Lists, LocalModel, ModelCard, ModelError, Pulls, UsageError
from elena_wb.engine import ModelAddress
from elena_wb.plugins import plugin_host
from elena_wb.testing import check_model

Exported = Callable[[str], tuple[Path, Path]]


@pytest.fixture
def loaded_with(monkeypatch: pytest.MonkeyPatch) -> list[Loading]:
    """What the engine was given; nothing is loaded."""
    given: list[Loading] = []

    def remember(loading: Loading, card: ModelCard) -> Any:
        given.append(loading)
        return card

    monkeypatch.setattr(model, "open_model", remember)
    return given


@pytest.fixture
def only_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder in which models are looked for."""
    monkeypatch.setattr(listing, "places", lambda: [tmp_path])
    return tmp_path


def test_the_provider_keeps_the_contract(exported: Exported) -> None:
    check_model(GGUFProvider(), str(exported("q8_0")[0]), GGUFOptions(threads=1, gpu_layers=0))


def test_the_card_tells_the_model_and_a_second_look_needs_no_second_reading(exported: Exported) -> None:
    text, _ = exported("q8_0")
    card = GGUFProvider().describe(str(text), GGUFOptions(context_length=512))
    assert (card.name, card.quantisation, card.context_length) == ("elena-wb tiny", "Q8_0", 512)
    assert card.parameters == 2_909_568
    assert card.uri == f"gguf:{text}?context_length=512"
    assert card.notes == ()
    assert GGUFProvider().describe(str(text), GGUFOptions()).context_length == 2048


def test_what_a_model_is_meant_for_comes_from_its_file(tmp_path: Path) -> None:
    provider = plugin_host().find("models", "tiny")()
    text, _ = provider.export("", provider.options_model(), tmp_path, "q4_0")
    assert GGUFProvider().describe(str(text), GGUFOptions()).meant_for == ("stimuli",)


def test_the_digest_changes_with_either_file_and_with_options_that_change_answers(
    tmp_path: Path, exported: Exported
) -> None:
    text, projector = exported("q8_0")
    full = exported("f32")[1]
    provider = GGUFProvider()
    digests = [
        provider.describe(str(text), GGUFOptions(**options)).digest
        for options in ({}, {"mmproj": str(full)}, {"cache_type": "q8_0"}, {"constrained": False})
    ]
    digests.append(provider.describe(str(exported("q4_0")[0]), GGUFOptions()).digest)
    assert len(set(digests)) == 5
    assert provider.describe(str(text), GGUFOptions(threads=2, context_length=900)).digest == digests[0]
    for path in (text, projector):
        shutil.copy(path, tmp_path)
    assert provider.describe(str(tmp_path), GGUFOptions()).digest == digests[0]


def test_every_option_reaches_the_engine(
    exported: Exported, loaded_with: list[Loading], monkeypatch: pytest.MonkeyPatch
) -> None:
    text, projector = exported("f16")
    GGUFProvider().open(str(text), GGUFOptions())
    plain = Loading(text=text, projector=projector, context_length=2048)
    assert loaded_with == [plain]
    monkeypatch.setenv(DEBUG_VARIABLE, "1")
    options = {
        "context_length": 300,
        "threads": 3,
        "gpu_layers": 7,
        "batch_tokens": 64,
        "flash_attention": True,
    }
    GGUFProvider().open(str(text), GGUFOptions(cache_type="q8_0", constrained=False, **options))
    assert loaded_with[1] == replace(plain, cache_type="q8_0", constrained=False, debug=True, **options)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("context_length=100", "context_length"),
        ("threads=0", "threads"),
        ("gpu_layers=some", "gpu_layers"),
        ("cache_type=q2_k", "cache_type"),
        ("flash_attention=false&cache_type=q8_0", "cache_type"),
        ("mmproj=", "mmproj"),
    ],
)
def test_values_that_make_no_sense_are_refused_by_the_name_of_their_option(query: str, name: str) -> None:
    with pytest.raises(UsageError, match=f"`{name}"):
        ModelAddress.parse(f"gguf:model.gguf?{query}", plugin_host())


def test_options_arrive_from_a_uri_with_their_types() -> None:
    address = ModelAddress.parse("gguf:m.gguf?gpu_layers=12&constrained=false&threads=2", plugin_host())
    assert address.options == GGUFOptions(gpu_layers=12, constrained=False, threads=2)
    assert address.destination is None


def test_files_that_cannot_be_a_model_together_are_refused_before_anything_is_loaded(
    tmp_path: Path, exported: Exported, loaded_with: list[Loading]
) -> None:
    text, projector = exported("q8_0")
    cut = tmp_path / "mmproj-cut.gguf"
    cut.write_bytes(projector.read_bytes()[:-5000])
    for mmproj, complaint in (
        (str(cut), "cut off"),
        (str(exported("f16")[0]), "no projector but a text model"),
    ):
        with pytest.raises(ModelError, match=complaint):
            GGUFProvider().open(str(text), GGUFOptions(mmproj=mmproj))
    (tmp_path / "damaged.gguf").write_bytes(b"GGUF" + bytes(400))
    with pytest.raises(ModelError, match="version 0"):
        GGUFProvider().open(str(tmp_path / "damaged.gguf"), GGUFOptions(mmproj=str(projector)))
    assert loaded_with == []


def test_a_model_that_does_not_fit_is_refused_with_numbers_and_loaded_if_asked_for(
    exported: Exported, loaded_with: list[Loading], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda: 50 * 2**20)
    monkeypatch.setattr(memory, "computes_elsewhere", lambda: False)
    text, _ = exported("q8_0")
    with pytest.raises(
        ModelError, match=r"does not fit: it takes about 1\d\d MiB .* and 50 MiB are free"
    ) as caught:
        GGUFProvider().open(str(text), GGUFOptions())
    assert caught.value.hint is not None
    assert "check_memory=false" in caught.value.hint
    GGUFProvider().open(str(text), GGUFOptions(check_memory=False))
    assert len(loaded_with) == 1


def test_memory_grows_with_context_and_batch_and_shrinks_with_a_quantised_cache(exported: Exported) -> None:
    text, projector = map(read_header, exported("f32"))
    plain = memory.estimate([text], projector)
    assert plain.weights == pytest.approx(4 * 2_909_568, rel=0.01)
    # 4 layers x 2 heads x (48 + 48) numbers of 2 bytes for each of 2,048 tokens
    assert plain.cache == 4 * 2 * 96 * 2 * 2048
    assert memory.estimate([text], projector, context_length=1024).cache == plain.cache // 2
    assert memory.estimate([text], projector, cache_type="q4_0").cache < plain.cache / 3
    assert memory.estimate([text], projector, batch_tokens=1024).working > plain.working
    assert memory.estimate([text], None).weights < plain.weights


def test_this_machine_tells_how_much_memory_is_free() -> None:
    free = memory.free_memory()
    assert free is not None
    assert 2**20 < free < 2**50


def test_models_are_listed_by_their_headers_without_their_projectors(
    only_here: Path, exported: Exported
) -> None:
    for path in exported("q8_0"):
        (only_here / "lab" / "repo").mkdir(parents=True, exist_ok=True)
        shutil.copy(path, only_here / "lab" / "repo")
    provider = GGUFProvider()
    assert isinstance(provider, Lists)
    assert isinstance(provider, Pulls)
    (found,) = provider.local_models()
    assert (found.name, found.quantisation, found.problem, found.fits) == (
        "elena-wb tiny",
        "Q8_0",
        None,
        True,
    )
    assert found.size_bytes == sum(path.stat().st_size for path in exported("q8_0"))
    assert found.needs_bytes is not None
    assert found.needs_bytes > found.size_bytes
    assert GGUFProvider().describe(found.uri.removeprefix("gguf:"), GGUFOptions()).name == found.name


def test_what_cannot_be_used_is_listed_with_its_problem(only_here: Path, exported: Exported) -> None:
    text, _ = exported("q8_0")
    (only_here / "a-damaged.gguf").write_bytes(b"GGUF\x03\0\0\0" + b"\xff" * 64)
    (only_here / "b-empty.gguf").write_bytes(b"")
    (only_here / "c-cut.gguf").write_bytes(text.read_bytes()[:-100])
    shutil.copy(text, only_here / "d-blind.gguf")
    (only_here / "e-part-00001-of-00002.gguf").write_bytes(text.read_bytes())
    (only_here / "notes.txt").write_text("no model")
    found = {model.path.name: model for model in GGUFProvider().local_models()}
    problems = {name: model.problem or "" for name, model in found.items()}
    assert sorted(found) == [
        "a-damaged.gguf",
        "b-empty.gguf",
        "c-cut.gguf",
        "d-blind.gguf",
        "e-part-00001-of-00002.gguf",
    ]
    assert "out of all proportion" in problems["a-damaged.gguf"]
    assert "no GGUF file" in problems["b-empty.gguf"]
    assert "cut off" in problems["c-cut.gguf"]
    assert "No projector" in problems["d-blind.gguf"]
    assert "1 of the 2 parts" in problems["e-part-00001-of-00002.gguf"]


def test_a_projector_under_another_name_is_no_model(only_here: Path, exported: Exported) -> None:
    for path, name in zip(exported("q8_0"), ("words.gguf", "eyes.gguf"), strict=True):
        shutil.copy(path, only_here / name)
    (found,) = GGUFProvider().local_models()
    assert (found.path.name, found.problem) == ("words.gguf", None)


def test_a_model_that_several_places_lead_to_is_listed_once(only_here: Path, exported: Exported) -> None:
    for path in exported("q4_0"):
        shutil.copy(path, only_here)
    (only_here / "again").mkdir()
    for path in only_here.glob("*.gguf"):
        (only_here / "again" / path.name).symlink_to(path)
    (only_here / "again" / "loop").symlink_to(only_here)
    assert len(GGUFProvider().local_models()) == 1


def test_a_folder_that_may_not_be_looked_into_does_not_hide_the_others(
    only_here: Path, exported: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("closed", "open"):
        (only_here / name).mkdir()
        for path in exported("q8_0"):
            shutil.copy(path, only_here / name)
    before = Path.is_file

    def is_file(path: Path) -> bool:
        if path.parent.name == "closed":  # the root user, as whom tests may run, would be let in
            raise PermissionError(13, "Permission denied", str(path))
        return before(path)

    monkeypatch.setattr(Path, "is_file", is_file)
    (found,) = GGUFProvider().local_models()
    assert found.path.parent.name == "open"


def test_the_users_own_folders_come_first_and_absent_ones_do_no_harm(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(listing.PATH_VARIABLE, f"{tmp_path}/absent:{tmp_path}/two")
    assert listing.places()[:2] == [tmp_path / "absent", tmp_path / "two"]
    names = {part for place in listing.places() for part in place.parts}
    assert {"models", ".lmstudio", "lm-studio", "llama.cpp"} <= names
    found: list[LocalModel] = list(GGUFProvider().local_models())
    assert all(isinstance(one, LocalModel) for one in found)


def test_the_estimate_of_a_model_with_heads_told_layer_by_layer(tmp_path: Path) -> None:
    writer = GGUFWriter(tmp_path / "m.gguf", "gemma3")
    writer.add_block_count(3)
    writer.add_embedding_length(64)
    writer.add_head_count(4)
    writer.add_head_count_kv([1, 2, 1])
    writer.add_context_length(1000)
    writer.add_tensor("blk.0.x.weight", np.zeros((8, 8), np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    need = memory.estimate([read_header(tmp_path / "m.gguf")], None)
    assert need.cache == (1 + 2 + 1) * (16 + 16) * 2 * 1000
    assert need.weights == 128
