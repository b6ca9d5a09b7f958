"""A server that is not ours: llama-cpp-python's own, as it comes, serving the embedded model as GGUF."""

from __future__ import annotations

import csv
import io
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import elena_wb_tiny
import pytest
from elena_wb_openai.options import OpenAIOptions
from elena_wb_openai.provider import OpenAIProvider
from elena_wb_tiny.provider import TinyOptions, TinyProvider
from elena_wb_tiny.stimuli.folder import write_folder

from elena_wb.core import Request, Sampling
from elena_wb.data import load_image, pixel_digest
from elena_wb.prompts.pack import load_pack
from tests import quick

pytest.importorskip("llama_cpp.server.app", reason="the server of llama-cpp-python is not installed")

COUNT = 6
KEY = "peer-key-51c0"
NO_PENALTY = '{"repeat_penalty": 1.0}'
"""The server punishes repetition unless it is told not to, also where the likeliest token is to be taken."""


@dataclass(frozen=True)
class Peer:
    url: str
    pictures: Path


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    root = tmp_path_factory.mktemp("peer")
    text, projector = TinyProvider().export("", TinyOptions(), root / "gguf", "f32")
    write_folder(root / "stimuli", COUNT, 5, False)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "llama_cpp.server",
        "--model",
        str(text),
        "--clip_model_path",
        str(projector),
    ]
    command += ["--chat_format", "mtmd", "--model_alias", "tiny", "--n_ctx", "2048", "--n_threads", "1"]
    command += [
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--api_key",
        KEY,
        "--verbose",
        "false",
        "--n_threads_batch",
        "1",
    ]
    log = (root / "server.log").open("wb")
    server = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "OMP_NUM_THREADS": "1"})
    try:
        url = f"http://127.0.0.1:{port}/v1"
        _wait_for(url, server)
        yield Peer(url, root / "stimuli")
    finally:
        server.kill()
        server.wait()
        log.close()


@pytest.fixture
def requests(peer: Peer) -> list[Request]:
    """The embedded model's own question about each picture."""
    prompt = load_pack(Path(elena_wb_tiny.__file__).parent / "prompts" / "elena-tiny.toml").prompt()
    made = []
    for path in sorted(peer.pictures.rglob("*.png")):
        pixels = load_image(path).pixels
        made.append(
            Request(
                pixels,
                pixel_digest(pixels),
                prompt.system,
                prompt.user,
                prompt.schema,
                Sampling(),
                0,
                prompt.max_tokens,
            )
        )
    return made


@pytest.fixture
def ask(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.setenv("PEER_API_KEY", KEY)

    def ask_(requests: list[Request], **options: Any) -> Any:
        given = {"base_url": peer.url, "key": "peer", "extra": NO_PENALTY, **options}
        model = OpenAIProvider().open("tiny", OpenAIOptions.model_validate(given))
        try:
            return model.card, list(model.generate(requests))
        finally:
            model.close()

    return ask_


def test_its_answers_are_those_of_the_embedded_model(
    ask: Callable[..., Any], requests: list[Request]
) -> None:
    card, responses = ask(requests, image_format="png")
    tiny = TinyProvider().open("", TinyOptions())
    try:
        expected = sorted(tiny.generate(requests), key=lambda response: response.index)
    finally:
        tiny.close()
    assert [_emotion(response.text) for response in responses] == [_emotion(one.text) for one in expected]
    alike = sum(one.text == other.text for one, other in zip(responses, expected, strict=True))
    assert alike >= COUNT - 2  # words that are as good as equally likely may fall out otherwise
    assert {response.answered_by for response in responses} == {"tiny"}
    assert any("takes no json_schema" in note for note in card.notes)


def test_labels_are_scored_and_the_one_that_is_named_is_the_likeliest(
    ask: Callable[..., Any], requests: list[Request]
) -> None:
    _, responses = ask(requests[:4])
    for response in responses:
        scores: Mapping[str, float] = response.label_logprobs
        assert len(scores) == 7
        assert max(scores, key=lambda label: scores[label]) == _emotion(response.text)


def test_a_context_that_is_too_small_is_the_error_of_the_one_question(
    ask: Callable[..., Any], requests: list[Request]
) -> None:
    good = requests[0]
    long = Request(good.image, good.image_digest, "", "word " * 3000, good.schema, Sampling(), 0, 16)
    _, (bad, other) = ask([long, good])
    assert "does not fit the model's context" in str(bad.error)
    assert not bad.retryable
    assert other.finish_reason == "stop"


def test_a_run_is_made_with_it_from_the_command_line(peer: Peer, home: Path) -> None:
    environment = {**os.environ, "PEER_API_KEY": KEY, "OMP_NUM_THREADS": "1"}

    def program(*arguments: str) -> subprocess.CompletedProcess[str]:
        return quick.run(
            ["elena_wb", *arguments], env=environment, capture_output=True, text=True, timeout=120
        )

    uri = f"openai:tiny?base_url={peer.url}&key=peer&concurrency=4"
    run = ("run", str(peer.pictures), "-m", uri, "-p", "elena-tiny")
    first = program(*run)
    assert first.returncode == 0, first.stderr
    assert KEY not in first.stdout + first.stderr
    found = program(
        "query", "SELECT status, answered_by, count(*) AS n FROM generations GROUP BY ALL", "--format", "csv"
    )
    (row,) = csv.DictReader(io.StringIO(found.stdout))
    assert (row["status"], row["answered_by"], int(row["n"])) == ("ok", "tiny", COUNT)
    again = program(*run)
    assert "Nothing is missing" in again.stderr
    assert not [path for path in home.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    request = urllib.request.Request(f"{url}/models", headers={"Authorization": f"Bearer {KEY}"})
    for _ in range(600):
        assert server.poll() is None, "the server did not start"
        try:
            urllib.request.urlopen(request, timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the server did not answer within a minute")


def _emotion(text: str) -> str:
    return str(json.loads(text)["emotion"])
