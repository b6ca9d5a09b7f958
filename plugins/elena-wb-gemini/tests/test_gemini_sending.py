"""What the client sends for a request."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from elena_wb.core import Sampling
from tests.loopback import Gemini, Unreliable

MODELS = (
    "gemini-2.5-flash",
    "gemini-2.5-flash-lite",
    "gemini-2.0-flash",
    "gemini-3.8-flash",
    "gemma-3-27b-it",
)


@pytest.fixture
def body_of(question, open_at, key):
    """The JSON that is sent for a question to a model with these options."""

    def send(name="gemini-2.5-flash", request=None, **options):
        with Unreliable(Gemini(MODELS)) as server:
            (response,) = open_at(server, name, **options).generate([request or question()])
            assert response.finish_reason == "stop", response.error
            (call,) = server.calls
            assert call.key == key
            assert key not in str(call.body) + call.path + str(call.query)
            return call.body

    return send


def test_the_picture_goes_before_the_words_and_holds_nothing_but_pixels(body_of, question):
    request = question(size=(40, 60))
    body = body_of(request=request, image_format="png")
    picture, words = body["contents"][0]["parts"]
    assert words == {"text": "How does the person feel?"}
    assert picture["inlineData"]["mime_type"] == "image/png"
    image = Image.open(io.BytesIO(base64.urlsafe_b64decode(picture["inlineData"]["data"])))
    assert (np.asarray(image) == request.image).all()
    assert not image.info
    assert body["systemInstruction"]["parts"] == [{"text": "You describe pictures."}]


def test_large_pictures_are_shrunk(body_of, question):
    body = body_of(request=question(size=(300, 600)), max_image_side=128)
    data = body["contents"][0]["parts"][0]["inlineData"]["data"]
    assert Image.open(io.BytesIO(base64.urlsafe_b64decode(data))).size == (128, 64)


def test_a_greedy_run_sends_temperature_and_seed_alone(body_of, question):
    config = body_of(request=question(seed=2**31 + 5))["generationConfig"]
    assert config["temperature"] == 0
    assert config["seed"] == 5
    assert not {"topP", "topK", "thinkingConfig", "mediaResolution", "logprobs"} & set(config)


def test_sampling_is_sent_as_it_was_asked_for(body_of, question):
    config = body_of(request=question(sampling=Sampling(0.7, 0.9, 40)))["generationConfig"]
    assert (config["temperature"], config["topP"], config["topK"]) == (0.7, 0.9, 40)


def test_the_schema_is_sent_in_what_gemini_understands_and_in_order(body_of):
    config = body_of()["generationConfig"]
    schema = config["responseJsonSchema"]
    assert config["responseMimeType"] == "application/json"
    assert list(schema["properties"]) == schema["propertyOrdering"] == ["narrative", "emotion", "valence"]
    assert schema["properties"]["emotion"]["enum"] == ["Anger", "Fear", "Joy"]
    assert "minLength" not in schema["properties"]["narrative"]
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    ("structured", "sent"),
    [
        ("schema", {"responseMimeType", "responseJsonSchema"}),
        ("auto", {"responseMimeType", "responseJsonSchema"}),
        ("json", {"responseMimeType"}),
        ("none", set()),
    ],
)
def test_the_form_is_enforced_as_far_as_the_option_says(body_of, structured, sent):
    config = body_of(structured=structured)["generationConfig"]
    assert {name for name in config if name.startswith("response")} == sent


def test_gemma_is_spared_what_it_does_not_know(body_of):
    body = body_of("gemma-3-27b-it")
    assert "systemInstruction" not in body
    texts = [part["text"] for part in body["contents"][0]["parts"] if "text" in part]
    assert texts == ["You describe pictures.", "How does the person feel?"]
    assert "responseMimeType" not in body["generationConfig"]
    assert body["generationConfig"]["maxOutputTokens"] == 512


@pytest.mark.parametrize(
    ("name", "options", "limit"),
    [
        ("gemini-2.5-flash", {}, 512 + 8192),
        ("gemini-2.5-flash", {"thinking_budget": 0}, 512),
        ("gemini-2.5-flash", {"thinking_budget": 1024}, 512 + 1024),
        ("gemini-2.5-flash", {"thinking_budget": -1, "thinking_allowance": 100}, 612),
        ("gemini-2.5-flash", {"thinking_budget": 65_536}, 65_535),
        ("gemini-2.5-flash-lite", {}, 512),
        ("gemini-2.0-flash", {}, 512),
        ("gemini-3.8-flash", {"thinking_level": "low"}, 512 + 8192),
    ],
)
def test_thinking_has_its_room_on_top_of_the_answer(body_of, name, options, limit):
    assert body_of(name, **options)["generationConfig"]["maxOutputTokens"] == limit


def test_thinking_resolution_and_probabilities_are_passed_on(body_of):
    config = body_of(thinking_budget=64, media_resolution="low", logprobs=3)["generationConfig"]
    assert config["thinkingConfig"] == {"thinking_budget": 64}
    assert config["mediaResolution"] == "MEDIA_RESOLUTION_LOW"
    assert (config["responseLogprobs"], config["logprobs"]) == (True, 3)
    level = body_of("gemini-3.8-flash", thinking_level="minimal")["generationConfig"]
    assert level["thinkingConfig"] == {"thinking_level": "MINIMAL"}


@pytest.mark.parametrize(
    ("safety", "threshold"), [("off", "OFF"), ("high", "BLOCK_ONLY_HIGH"), ("default", None)]
)
def test_safety_settings_name_the_four_categories_or_none(body_of, safety, threshold):
    settings = body_of(safety=safety).get("safetySettings", [])
    assert len(settings) == (4 if threshold else 0)
    assert {setting["threshold"] for setting in settings} == ({threshold} if threshold else set())


def test_the_environment_does_not_lead_questions_elsewhere(body_of, monkeypatch):
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("GOOGLE_GENAI_API_VERSION", "v7")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert body_of()
