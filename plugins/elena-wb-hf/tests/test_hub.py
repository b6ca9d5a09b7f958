"""Hub repositories: fetched from a hub (a real HTTP server on loopback), found in the cache, out of reach."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

COMMIT = "1234567890abcdef1234567890abcdef12345678"
PROGRAM = """
import json, sys
from elena_wb.core import WorkbenchError
from elena_wb_hf.options import HFOptions
from elena_wb_hf.provider import HFProvider
verb, reference, options = sys.argv[1], sys.argv[2], HFOptions(**json.loads(sys.argv[3]))
try:
    found = getattr(HFProvider(), verb)(reference, options)
    card = found if verb == "describe" else found.card
    print(json.dumps({"digest": card.digest, "revision": card.revision, "parameters": card.parameters}))
except WorkbenchError as error:
    print(json.dumps({"message": error.message, "hint": error.hint}))
"""


@dataclass
class Hub:
    """A model hub with the repositories ``lab/model`` (real), ``lab/gated`` and ``lab/pickled``."""

    folder: Path
    url: str = ""
    asked: list[str] = field(default_factory=list)

    def info(self, files: list[str]) -> dict[str, object]:
        siblings = [{"rfilename": name} for name in files]
        return {
            "id": "lab/model",
            "_id": "1",
            "sha": COMMIT,
            "siblings": siblings,
            "tags": [],
            "downloads": 0,
        }

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(path)
        if "lab/gated" in path:
            return 403, {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted."}, b"{}"
        if path.startswith("/api/models/lab/pickled"):
            return 200, {}, json.dumps(self.info(["config.json", "pytorch_model.bin"])).encode()
        if path.startswith("/api/models/lab/model"):
            if "/revision/nope" in path:
                return 404, {"X-Error-Code": "RevisionNotFound"}, b"{}"
            if "/tree/" in path:
                tree = [
                    {"type": "file", "path": f.name, "size": f.stat().st_size, "oid": f.name}
                    for f in self.folder.iterdir()
                ]
                return 200, {}, json.dumps(tree).encode()
            info = self.info(sorted(f.name for f in self.folder.iterdir()))
            return (
                200,
                {},
                json.dumps({**info, "safetensors": {"parameters": {"F32": 7}, "total": 7}}).encode(),
            )
        for repository in ("lab/model", "lab/pickled"):
            prefix = f"/{repository}/resolve/{COMMIT}/"
            if path.startswith(prefix) and (self.folder / path.removeprefix(prefix)).is_file():
                name = path.removeprefix(prefix)
                return 200, {"ETag": f'"{name}"', "X-Repo-Commit": COMMIT}, (self.folder / name).read_bytes()
        return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"


@pytest.fixture
def hub(folders) -> Iterator[Hub]:
    hub = Hub(folders["llava"])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = hub.answer(self.path)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    yield hub
    server.shutdown()
    server.server_close()


@pytest.fixture
def ask(hub, tmp_path):
    """Describes or opens a model in a process that knows this hub and has an empty cache of its own."""

    def run(
        verb: str, reference: str, options: dict[str, str] | None = None, **variables: str
    ) -> dict[str, object]:
        environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("HF_", "TRANSFORMERS_"))
            },
            "HF_ENDPOINT": hub.url,
            "HF_HOME": str(tmp_path / "hf"),
            "NO_PROXY": "127.0.0.1",
            **variables,
        }
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, verb, reference, json.dumps(options or {})],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_a_repository_is_described_without_its_weights_then_fetched_then_used_offline(hub, ask):
    described = ask("describe", "lab/model")
    assert described["revision"] == COMMIT
    assert described["parameters"] == 7
    assert not any(path.endswith(".safetensors") for path in hub.asked)

    opened = ask("open", "lab/model")
    assert opened["digest"] == described["digest"]
    assert any(path.endswith("model.safetensors") for path in hub.asked)

    hub.asked.clear()
    for switch in ("ELENA_WB_OFFLINE", "HF_HUB_OFFLINE"):
        offline = ask("describe", "lab/model", **{switch: "1"})
        assert (offline["digest"], offline["revision"]) == (described["digest"], COMMIT)
    assert ask("open", "lab/model", ELENA_WB_OFFLINE="1")["digest"] == described["digest"]
    assert hub.asked == []


def test_a_gated_repository_says_how_to_get_in(ask):
    answer = ask("describe", "lab/gated")
    assert "gated" in answer["message"]
    assert "hf auth login" in answer["hint"]


def test_a_repository_that_does_not_exist_is_named(ask):
    assert "no hub repository `lab/nothing`" in ask("open", "lab/nothing")["message"]


def test_a_revision_that_does_not_exist_is_named(ask):
    assert "no such revision" in ask("describe", "lab/model", {"revision": "nope"})["message"]


def test_a_repository_of_pickled_weights_is_refused_before_they_are_fetched(hub, ask):
    assert "pickled" in ask("open", "lab/pickled")["message"]
    assert not any(path.endswith(".bin") for path in hub.asked)


@pytest.mark.parametrize("switch", ["ELENA_WB_OFFLINE", "HF_HUB_OFFLINE"])
def test_what_is_not_in_the_cache_cannot_be_had_offline(switch, hub, ask):
    answer = ask("open", "lab/model", **{switch: "1"})
    assert "network is switched off" in answer["message"]
    assert hub.asked == []


def test_offline_a_repository_that_was_only_described_is_to_be_fetched_online(hub, ask):
    ask("describe", "lab/model")
    for verb in ("describe", "open"):
        answer = ask(verb, "lab/model", ELENA_WB_OFFLINE="1")
        assert "Only the configuration of lab/model" in answer["message"]
        assert "once while online (hf download lab/model)" in answer["hint"]


def test_a_hub_that_cannot_be_reached_is_an_error_with_a_way_out(ask):
    answer = ask("describe", "lab/model", HF_ENDPOINT="http://127.0.0.1:9")
    assert "lab/model" in answer["message"]
    assert "local folder" in answer["hint"]


def test_a_local_folder_never_asks_the_hub(hub, ask, folders):
    assert "digest" in ask("open", str(folders["gemma3"]))
    assert hub.asked == []
