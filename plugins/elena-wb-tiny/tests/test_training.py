"""The training code learns, its sequences are what the processor makes, and the shipped weights answer well."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from elena_wb_tiny.grammar import PROMPTS, answer
from elena_wb_tiny.stimuli import EMOTIONS, render, sample
from elena_wb_tiny.training import batches, evaluate, language, pools
from elena_wb_tiny.training.model import build, save
from elena_wb_tiny.training.muon import orthogonal
from elena_wb_tiny.training.optimise import Clock, rate
from elena_wb_tiny.training.tokenizer import make_processor, save_processor, token_ids, train_tokenizer
from elena_wb_tiny.training.vision import Heads, look, score_vision, train_vision
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

WEIGHTS = Path(evaluate.__file__).parents[1] / "weights"
UNSEEN = 77_001

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """Forty-eight pictures; a shard of the real size would take ten seconds."""
    folder = tmp_path_factory.mktemp("pool")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pools, "SHARD", 48)
        pools.render_pool(folder, 48, workers=1, seed=UNSEEN)
        yield pools.load_pool(folder)


@pytest.fixture(scope="module")
def processor(pool):
    return make_processor(train_tokenizer(text for texts in pool.texts for text in texts))


@pytest.fixture
def model(processor):
    return build(len(processor.tokenizer), token_ids(processor.tokenizer))


def test_the_shipped_tokenizer_gives_back_every_answer_and_one_token_to_each_emotion():
    tokenizer = AutoProcessor.from_pretrained(WEIGHTS).tokenizer
    rng = np.random.default_rng(0)
    for index in range(14):
        scene = sample(UNSEEN, index)
        text = answer(scene, render(scene, 168), prompt="elena", masked=False, rng=rng)
        ids = tokenizer(text, add_special_tokens=False).input_ids
        assert tokenizer.decode(ids) == text
        assert len(ids) < 125
    for emotion in EMOTIONS:
        assert emotion.capitalize() in tokenizer.tokenize(f'{{"emotion":"{emotion.capitalize()}"}}')
    odd = "Grüße, 你好 🙂\tand <end_of_turn>"
    assert tokenizer.decode(tokenizer(odd, add_special_tokens=False).input_ids) == odd


def test_the_chat_template_puts_system_text_before_the_first_user_turn(processor):
    turns = [
        {"role": "system", "content": [{"type": "text", "text": "Be brief."}]},
        {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Well?"}]},
    ]
    text = processor.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    assert text == (
        "<bos><start_of_turn>user\nBe brief.\n\n<start_of_image>Well?<end_of_turn>\n<start_of_turn>model\n"
    )


@pytest.mark.parametrize("text_first", [False, True])
def test_training_sees_the_tokens_and_the_attention_that_the_processor_and_model_use(
    pool, processor, model, monkeypatch, text_first
):
    monkeypatch.setattr(language, "TEXT_FIRST", float(text_first))
    monkeypatch.setattr(language, "MISMATCHED_PROMPTS", 0.0)
    drawn = batches.draw(pool, np.arange(2), np.random.default_rng(0), masked=False)
    texts = language.prepare_texts(processor, pool)
    sequences = language.arrange(texts, drawn, np.random.default_rng(0), naive=False)
    content = [
        {"type": "image", "image": Image.fromarray(pool.picture(0, mirrored=False))},
        {"type": "text", "text": PROMPTS["elena"]},
    ]
    inputs = processor.apply_chat_template(
        [{"role": "user", "content": content[::-1] if text_first else content}],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    )
    length = inputs["input_ids"].shape[1]
    assert torch.equal(sequences.ids[0, :length], inputs["input_ids"][0])
    torch.testing.assert_close(drawn.pixels[:1], inputs["pixel_values"])
    model.eval()
    with torch.inference_mode():
        expected = model(**inputs).logits[0]
        hidden = language.read(model, sequences, look(model, drawn.pixels)[1])
        torch.testing.assert_close(model.lm_head(hidden)[0, :length], expected, atol=1e-4, rtol=1e-4)


def test_a_masked_training_picture_matches_one_masked_before_resizing(pool):
    rng = np.random.default_rng(0)
    scene = sample(UNSEEN + 5, 3)
    picture = render(scene, 336)
    masked = evaluate._as_png(picture, masked=True).resize((168, 168), Image.Resampling.BILINEAR)
    plain = np.asarray(Image.fromarray(picture.image).resize((168, 168), Image.Resampling.BILINEAR))
    x, y, w, h = (v / 336 for v in picture.regions["face"])
    ours = batches._masked(plain, (x, y, w, h), "box")
    assert np.abs(ours.astype(int) - np.asarray(masked).astype(int)).mean() < 1.0
    drawn = batches.draw(pool, np.arange(8), rng, masked=True)
    assert torch.equal(drawn.seen, drawn.body)
    assert (drawn.expression == batches.IGNORE).all()
    assert (drawn.attributes[:, -3:] == batches.IGNORE).all()


def test_a_few_steps_lower_the_losses_and_the_saved_folder_loads(pool, processor, model, tmp_path):
    heads, rng = Heads(), np.random.default_rng(0)
    seen: list[float] = []
    train_vision(
        model,
        heads,
        pool,
        Clock(0, steps=12),
        batch=8,
        rng=rng,
        report=lambda step, progress, loss: seen.append(loss),
    )
    assert np.mean(seen[-3:]) < np.mean(seen[:3])
    texts = language.prepare_texts(processor, pool)
    told: list[float] = []
    language.train_language(
        model, heads, pool, texts, Clock(0, steps=16), batch=8, rng=rng,
        report=lambda step, progress, loss: told.append(loss),
    )  # fmt: skip
    assert np.mean(told[-3:]) < np.mean(told[:3])
    assert 0.0 <= score_vision(model, heads, pool, 16).masked["seen"] <= 1.0
    save(model, tmp_path)
    save_processor(processor, tmp_path)
    again = AutoModelForImageTextToText.from_pretrained(tmp_path, dtype=torch.float32)
    for (name, ours), theirs in zip(model.state_dict().items(), again.state_dict().values(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=2e-3, rtol=1e-3, msg=name)


def test_orthogonal_brings_singular_values_near_one():
    torch.manual_seed(0)
    for shape in ((3, 16, 48), (2, 48, 16)):
        values = torch.linalg.svdvals(orthogonal(torch.randn(*shape)))
        assert values.min() > 0.4
        assert values.max() < 1.4


def test_the_rate_rises_holds_and_falls():
    assert rate(0.0, 6) == pytest.approx(0.1)
    assert rate(0.3, 500) == 1.0
    assert rate(1.0, 900) == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("condition", "accuracy"), [("unmasked", 0.85), ("masked", 0.65), ("incongruent", 0.80)]
)
def test_the_shipped_weights_answer_unseen_pictures(condition, accuracy):
    result = evaluate.evaluate(WEIGHTS, condition, 70, seed=UNSEEN, batch=35)
    assert result.parsed.value >= 0.97
    assert result.accuracy.value >= accuracy
    assert result.parts.value >= 0.82
    if condition == "masked":
        assert result.facial.value <= 0.02
    if condition == "incongruent":
        assert result.face.value > result.body.value
