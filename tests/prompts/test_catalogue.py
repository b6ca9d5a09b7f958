"""Where packs come from, which one wins, and which variant is chosen."""

from pathlib import Path

import pytest

from elena_wb.core.condition import UNMASKED, Condition
from elena_wb.errors import UsageError
from elena_wb.prompts import choose, find_pack, packs

FACE = Condition.parse("face")


def put(folder: Path, name: str, *, user: str = "u", head: str = "", masked: bool = False) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    variants = f'[variants.default]\nuser = "{user}"\n'
    if masked:
        variants += f'[variants.masked]\nuser = "{user}, masked"\n'
    (folder / f"{name}.toml").write_text(f'name = "{name}"\ntitle = "t"\n{head}\n{variants}', "utf-8")
    return folder


def test_the_masked_variant_is_chosen_where_the_face_is_hidden():
    assert choose("elena", model_uri="hf:x", condition=UNMASKED).prompt.variant == "default"
    assert choose("elena", model_uri="hf:x", condition=FACE).prompt.variant == "masked"
    assert choose("elena", model_uri="hf:x", condition=Condition.parse("hands")).prompt.variant == "default"


def test_the_variant_can_be_overridden():
    assert choose("elena", model_uri="hf:x", condition=FACE, variant="default").prompt.variant == "default"
    with pytest.raises(UsageError, match="no variant `mask`"):
        choose("elena", model_uri="hf:x", condition=FACE, variant="mask")


def test_a_pack_without_masked_variant_is_used_with_a_note(home):
    put(home / "config" / "prompts", "plain")
    choice = choose("plain", model_uri="hf:x", condition=FACE)
    assert choice.prompt.variant == "default"
    assert "does not say that the face is hidden" in choice.notes[0]


def test_a_pack_stands_in_for_another_with_the_models_it_is_meant_for(tmp_path):
    folder = put(tmp_path / "p", "short", head='models = ["tiny:*"]\nstands_for = "elena"', masked=True)
    folders = [("small", folder)]
    assert (
        choose("elena", model_uri="tiny:", condition=FACE, extra_folders=folders).prompt.user == "u, masked"
    )
    assert choose("elena", model_uri="hf:x", condition=FACE, extra_folders=folders).prompt.name == "elena"


def test_a_pack_stands_in_with_every_model_made_for_its_datasets_and_no_other(tmp_path):
    head = 'models = ["tiny:*"]\nmade_for = ["stimuli"]\nstands_for = "elena"'
    folders = [("small", put(tmp_path / "p", "short", head=head))]

    def chosen(name, *made_for):
        return choose(name, model_uri="gguf:x", condition=UNMASKED, made_for=made_for, extra_folders=folders)

    assert chosen("elena", "others", "stimuli").prompt.name == "short"
    assert chosen("short", "stimuli").notes == ()
    assert chosen("elena", "others").prompt.name == chosen("elena").prompt.name == "elena"
    assert "not for gguf:x" in chosen("short", "others").notes[0]


def test_a_pack_meant_for_other_models_is_used_with_a_note(tmp_path):
    folders = [("small", put(tmp_path / "p", "short", head='models = ["tiny:*"]'))]
    choice = choose("short", model_uri="hf:x", condition=UNMASKED, extra_folders=folders)
    assert "meant for tiny:*, not for hf:x" in choice.notes[0]


def test_two_packs_that_stand_for_the_same_are_an_error_naming_both(tmp_path):
    head = 'models = ["tiny:*"]\nstands_for = "elena"'
    folders = [("a", put(tmp_path / "a", "one", head=head)), ("b", put(tmp_path / "b", "two", head=head))]
    with pytest.raises(UsageError, match=r"`one` \(a\) and `two` \(b\)"):
        choose("elena", model_uri="tiny:", condition=UNMASKED, extra_folders=folders)


def test_a_user_s_pack_takes_the_place_of_a_shipped_one(home):
    put(home / "config" / "prompts", "elena", user="my own words")
    assert find_pack("elena").prompt().user == "my own words"
    assert find_pack("elena").origin == "user"


def test_nothing_stands_in_for_a_user_s_pack(tmp_path, home):
    folders = [("small", put(tmp_path / "p", "short", head='models = ["tiny:*"]\nstands_for = "elena"'))]
    own = put(home / "config" / "prompts", "elena", user="my own words")
    choice = choose("elena", model_uri="tiny:", condition=UNMASKED, extra_folders=folders)
    assert choice.prompt.user == "my own words"
    (own / "elena.toml").write_text("name =", "utf-8")
    with pytest.raises(UsageError, match=r"elena\.toml"):
        choose("elena", model_uri="tiny:", condition=UNMASKED, extra_folders=folders)


def test_two_plugins_with_one_name_are_an_error_naming_both_until_the_user_decides(tmp_path, home):
    folders = [("a", put(tmp_path / "a", "same")), ("b", put(tmp_path / "b", "same"))]
    with pytest.raises(UsageError, match=r"both `a` .* and `b`"):
        find_pack("same", folders)
    assert find_pack("naive", folders).name == "naive"
    put(home / "config" / "prompts", "same", user="decided")
    assert find_pack("same", folders).prompt().user == "decided"


def test_a_plugin_cannot_take_a_shipped_name_silently(tmp_path):
    folders = [("bold", put(tmp_path / "a", "naive"))]
    with pytest.raises(UsageError, match=r"`elena-wb` .* and `bold`"):
        find_pack("naive", folders)


def test_one_damaged_pack_harms_no_other(home):
    folder = home / "config" / "prompts"
    folder.mkdir(parents=True)
    (folder / "broken.toml").write_text("name =", "utf-8")
    library = packs()
    assert {"elena", "elena-reasoned", "naive"} <= library.packs.keys()
    with pytest.raises(UsageError, match=r"broken\.toml"):
        library.find("broken")


def test_a_mistyped_name_gets_the_nearest():
    with pytest.raises(UsageError) as caught:
        find_pack("elna")
    assert "`elena`" in (caught.value.hint or "")
