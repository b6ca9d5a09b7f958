"""Hub repositories: chosen, fetched once from a hub (a real HTTP server on loopback), and used offline."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

COMMIT = "1234567890abcdef1234567890abcdef12345678"
PROGRAM = """
import json, sys
from elena_wb.core import WorkbenchError
from elena_wb_gguf.options import GGUFOptions
from elena_wb_gguf.provider import GGUFProvider
said = []
for verb, reference, options in json.loads(sys.argv[1]):
    try:
        found = getattr(GGUFProvider(), verb)(reference, GGUFOptions(**options))
        if verb == "pull":
            said.append({"path": str(found)})
        else:
            card = found if verb == "describe" else found.card
            said.append({name: getattr(card, name) for name in ("name", "digest", "revision", "quantisation", "notes")})
        if verb == "open":
            found.close()
    except WorkbenchError as error:
        said.append({"message": error.message, "hint": error.hint})
print(json.dumps(said))
"""


@dataclass
class Hub:
    """A model hub with the repositories ``lab/model``, ``lab/blind`` (no projector) and ``lab/gated``."""

    files: dict[str, bytes]
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def info(self, names: list[str]) -> bytes:
        siblings = []
        for name in names:
            digest, size = hashlib.sha256(self.files[name]).hexdigest(), len(self.files[name])
            siblings.append(
                {"rfilename": name, "size": size, "lfs": {"sha256": digest, "size": size, "pointerSize": 1}}
            )
        told = {
            "id": "lab/model",
            "_id": "1",
            "sha": COMMIT,
            "siblings": siblings,
            "tags": [],
            "downloads": 0,
        }
        return json.dumps(told).encode()

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(path)
        path = path.partition("?")[0]
        if "lab/gated" in path:
            return 403, {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access is restricted."}, b"{}"
        if path.startswith("/api/models/lab/blind"):
            return 200, {}, self.info([name for name in self.files if "mmproj" not in name])
        if path.startswith("/api/models/lab/model"):
            if "/revision/nope" in path:
                return 404, {"X-Error-Code": "RevisionNotFound"}, b"{}"
            if "/tree/" in path:
                tree = [
                    {"type": "file", "path": name, "size": len(content), "oid": name}
                    for name, content in self.files.items()
                ]
                return 200, {}, json.dumps(tree).encode()
            return 200, {}, self.info(list(self.files))
        name = path.removeprefix(f"/lab/model/resolve/{COMMIT}/")
        if name in self.files:
            digest = hashlib.sha256(self.files[name]).hexdigest()
            return 200, {"ETag": f'"{digest}"', "X-Repo-Commit": COMMIT}, self.files[name]
        return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"

    def fetched(self) -> list[str]:
        """Files asked for since the last call."""
        found = sorted({path.rpartition("/")[2] for path in self.asked if "/resolve/" in path})
        self.asked.clear()
        return found


@pytest.fixture
def hub(exported: Callable[[str], tuple[Path, Path]]) -> Iterator[Hub]:
    files = {"README.md": b"# a model"}
    for format_name, name in (("q8_0", "Q8_0"), ("q4_0", "Q4_0")):
        text, projector = exported(format_name)
        files |= {f"tiny-{name}.gguf": text.read_bytes(), "mmproj-model-f16.gguf": projector.read_bytes()}
    files["mmproj-model-f32.gguf"] = exported("f32")[1].read_bytes()
    hub = Hub(files)

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
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    yield hub
    server.shutdown()
    server.server_close()


@pytest.fixture
def ask(hub: Hub, tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """Carries out calls of the provider in a process that knows this hub and has an empty cache of its own."""

    def run(
        *calls: tuple[str, str] | tuple[str, str, dict[str, object]], **variables: str
    ) -> list[dict[str, Any]]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        own = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf"), "NO_PROXY": "127.0.0.1"}
        whole = [(*call, {}) if len(call) == 2 else call for call in calls]
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, json.dumps(whole)],
            env={**kept, **own, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    return run


def test_a_model_is_described_then_pulled_once_with_its_projector_then_opened_offline(
    hub: Hub, ask: Callable[..., list[dict[str, Any]]], exported: Callable[[str], tuple[Path, Path]]
) -> None:
    (described, pulled, from_file) = ask(
        ("describe", "lab/model"), ("pull", "lab/model:q8_0"), ("describe", str(exported("q8_0")[0]))
    )
    assert described["revision"] == COMMIT
    assert described["quantisation"] == "Q8_0"
    assert "will be fetched first" in described["notes"][0]
    assert Path(pulled["path"]).name == "tiny-Q8_0.gguf"
    assert hub.fetched() == ["mmproj-model-f16.gguf", "tiny-Q8_0.gguf"]
    assert from_file["digest"] == described["digest"]

    (again, here) = ask(("pull", "lab/model:Q8_0"), ("describe", "lab/model"))
    assert hub.fetched() == []
    assert again == pulled
    assert here["digest"] == described["digest"]
    assert here["name"] == "elena-wb tiny"
    assert not here["notes"]

    (opened, absent) = ask(("open", "lab/model"), ("open", "lab/model:Q4_0"), ELENA_WB_OFFLINE="1")
    assert hub.asked == []
    assert opened["digest"] == described["digest"]
    assert "has no `Q4_0`; it has Q8_0" in absent["message"]


def test_a_projector_and_a_commit_can_be_named(hub: Hub, ask: Callable[..., list[dict[str, Any]]]) -> None:
    options = {"mmproj": "mmproj-model-f32.gguf", "revision": COMMIT}
    (pulled, absent, bad) = ask(
        ("pull", "lab/model:Q4_0", options),
        ("pull", "lab/model", {"mmproj": "mmproj-other.gguf"}),
        ("describe", "lab/model", {"revision": "nope"}),
    )
    assert COMMIT in pulled["path"]
    assert "mmproj-model-f32.gguf" in hub.fetched()
    assert "no projector `mmproj-other.gguf`" in absent["message"]
    assert "mmproj-model-f16.gguf" in absent["hint"]
    assert "no such revision" in bad["message"]


def test_a_lost_connection_falls_back_on_what_was_fetched(ask: Callable[..., list[dict[str, Any]]]) -> None:
    (before, _) = ask(("describe", "lab/model:Q8_0"), ("pull", "lab/model:Q8_0"))
    (after, absent) = ask(
        ("describe", "lab/model:Q8_0"), ("describe", "lab/else"), HF_ENDPOINT="http://127.0.0.1:9"
    )
    assert after["digest"] == before["digest"]
    assert "could not be fetched" in absent["message"] or "cannot be reached" in absent["message"]


def test_what_a_hub_refuses_or_lacks_is_told_with_what_to_do(
    ask: Callable[..., list[dict[str, Any]]],
) -> None:
    expected = {
        "lab/gated": ("is gated", "hf auth login"),
        "lab/absent": ("no file, folder or hub repository", "Check the spelling"),
        "lab/blind": ("has no projector", "cannot see pictures"),
        "lab/model:Q2_K": ("has no `Q2_K`; it has Q4_0, Q8_0", "gguf:lab/model:"),
    }
    found = ask(*(("describe", reference) for reference in expected))
    for told, (complaint, hint) in zip(found, expected.values(), strict=True):
        assert complaint in told["message"]
        assert hint in told["hint"]


def test_offline_nothing_is_asked_for_and_the_command_that_fetches_is_told(
    hub: Hub, ask: Callable[..., list[dict[str, Any]]]
) -> None:
    (found,) = ask(("open", "lab/model"), ELENA_WB_OFFLINE="1")
    assert hub.asked == []
    assert "network is switched off" in found["message"]
    assert "elena-wb models pull gguf:lab/model" in found["hint"]
