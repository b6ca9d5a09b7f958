"""Weights are taken only if they are the pinned ones, over HTTPS only, whole or not at all."""

from __future__ import annotations

import hashlib
import http.server
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from elena_wb.core import SetupError, UsageError
from elena_wb.masking import weights
from elena_wb.masking.download import download
from elena_wb.masking.weights import YUNET, pull, stored_path
from tests.real_data import real

GOOD = b"weights" * 1000


@pytest.fixture
def pinned(monkeypatch: pytest.MonkeyPatch) -> weights.Weights:
    """Weights of our own, so that these tests need no data."""
    own = replace(YUNET, sha256=hashlib.sha256(GOOD).hexdigest(), size=len(GOOD))
    monkeypatch.setattr(weights, "YUNET", own)
    monkeypatch.setattr(weights, "_KNOWN", {"yunet": own})
    return own


def test_the_pin_is_that_of_the_published_file() -> None:
    path = real("models/face_detection_yunet_2023mar.onnx")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == YUNET.sha256
    assert path.stat().st_size == YUNET.size
    assert pull("yunet", path).read_bytes() == path.read_bytes()


def test_a_file_is_copied_to_the_users_folder(pinned: weights.Weights, tmp_path: Path, home: Path) -> None:
    (tmp_path / "any.name").write_bytes(GOOD)
    kept = pull("yunet", tmp_path / "any.name")
    assert kept == stored_path(pinned)
    assert kept.is_relative_to(home)
    assert kept.read_bytes() == GOOD
    assert weights.verified_yunet() == GOOD
    assert [path.name for path in kept.parent.iterdir()] == [kept.name]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:8f\nsize 232589\n", "Git LFS pointer"),
        (b"\n<!DOCTYPE html><html>Sign in</html>", "web page"),
        (b"", "empty"),
        (GOOD[:-1], "cut short"),
        (GOOD[:-1] + b"X", "another file"),
        (GOOD + b"X", "another file"),
    ],
)
def test_anything_else_is_refused_by_what_it_is(
    pinned: weights.Weights, tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(SetupError, match=said):
        pull("yunet", tmp_path / "file")
    assert not stored_path(pinned).exists()


def test_kept_weights_that_were_changed_are_refused(pinned: weights.Weights) -> None:
    stored_path(pinned).parent.mkdir(parents=True)
    stored_path(pinned).write_bytes(GOOD[::-1])
    with pytest.raises(SetupError, match="another file"):
        weights.verified_yunet()


def test_what_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        pull("yunett")
    assert error.value.hint == "Did you mean `yunet`?"
    with pytest.raises(UsageError, match=r"missing\.onnx"):
        pull("yunet", tmp_path / "missing.onnx")


def test_offline_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELENA_WB_OFFLINE", "1")
    with pytest.raises(SetupError, match="switched off") as error:
        pull("yunet")
    assert "--from FILE" in (error.value.hint or "")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/good":
            self._send(200, GOOD)
        elif self.path == "/moved":
            self._send(302, b"", Location="/good")
        elif self.path == "/leaves":
            self._send(302, b"", Location="http://localhost/good")
        elif self.path == "/cut":
            self._send(200, GOOD[:100], length=len(GOOD))
        else:
            self._send(404, b"")

    def _send(self, status: int, body: bytes, length: int | None = None, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the test's output quiet."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ssl.SSLContext]]:
    """A real HTTPS server on loopback, and a context that trusts it."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, which makes the server's certificate, is not installed")
    folder = tmp_path_factory.mktemp("certificate")
    key, certificate = folder / "key.pem", folder / "cert.pem"
    request = (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    subprocess.run(
        [openssl, *request.split(), "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate, key)
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.socket = serving.wrap_socket(httpd.socket, server_side=True)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield f"https://localhost:{httpd.server_port}", ssl.create_default_context(cafile=str(certificate))
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def test_download_follows_redirections_within_https(server: tuple[str, ssl.SSLContext]) -> None:
    url, context = server
    assert download(f"{url}/good", limit=10_000, context=context) == GOOD
    assert download(f"{url}/moved", limit=10_000, context=context) == GOOD


@pytest.mark.parametrize(
    ("path", "limit", "said"),
    [
        ("/leaves", 10_000, "only HTTPS"),
        ("/good", 100, "more than the 100 bytes"),
        ("/gone", 100, "404"),
    ],
)
def test_a_download_that_goes_wrong_says_so(
    server: tuple[str, ssl.SSLContext], path: str, limit: int, said: str
) -> None:
    url, context = server
    with pytest.raises(SetupError, match=said) as error:
        download(url + path, limit=limit, context=context)
    assert "--from FILE" in (error.value.hint or "")


def test_a_download_that_breaks_off_leaves_no_file(
    server: tuple[str, ssl.SSLContext], pinned: weights.Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, context = server
    monkeypatch.setattr(
        weights, "download", lambda _, limit: download(f"{url}/cut", limit=limit, context=context)
    )
    with pytest.raises(SetupError, match="cut short"):
        pull("yunet")
    assert not stored_path(pinned).exists()


def test_an_unknown_certificate_and_plain_http_are_refused(server: tuple[str, ssl.SSLContext]) -> None:
    with pytest.raises(SetupError, match="certificate"):
        download(f"{server[0]}/good", limit=10_000)
    with pytest.raises(SetupError, match="only HTTPS"):
        download(f"{server[0].replace('https', 'http')}/good", limit=10_000)
