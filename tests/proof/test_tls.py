"""Servers whose certificate nobody vouches for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Program
from tests.loopback import Certificate, Unreliable
from tests.proof.remotes import OPENAI, Pictures, Remote, check_each_answer_stored_once


def test_a_self_signed_host_is_refused_at_once_and_the_message_says_what_to_do(
    program: Program, pictures: Pictures, remote: Remote, tmp_path: Path
) -> None:
    folder = pictures(20)
    with Unreliable(remote.api(), certificate=Certificate.make(tmp_path)) as server:
        done = program("run", str(folder), "-m", remote.uri(server), "-p", "naive", code=None)
        assert done.returncode in (1, 3, 4)
        assert server.calls == []
        assert server.failed_handshakes <= 20
    assert "certificate" in done.stderr.lower()
    assert f"127.0.0.1:{server.port}" in done.stderr
    assert ("ca=" if remote is OPENAI else "SSL_CERT_FILE") in done.stderr


def test_a_host_is_trusted_once_its_certificate_is_given(
    program: Program, pictures: Pictures, remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = pictures(4)
    certificate = Certificate.make(tmp_path)
    if remote is not OPENAI:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.path))
    trust = {"ca": certificate.path} if remote is OPENAI else {}
    with Unreliable(remote.api(), certificate=certificate) as server:
        program("run", str(folder), "-m", remote.uri(server, **trust), "-p", "naive")
        check_each_answer_stored_once(program, folder, server)


@pytest.mark.parametrize("wrong", ["expired", "for another host", "no file"])
def test_a_trusted_certificate_must_still_be_right(
    program: Program, pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setenv(OPENAI.variable, OPENAI.key)
    names = ("elsewhere.example",) if wrong == "for another host" else ("localhost",)
    certificate = Certificate.make(tmp_path, expired=wrong == "expired", names=names)
    trusted = tmp_path / "missing.pem" if wrong == "no file" else certificate.path
    with Unreliable(OPENAI.api(), certificate=certificate) as server:
        uri = OPENAI.uri(server, ca=trusted)
        done = program("run", str(pictures(2)), "-m", uri, "-p", "naive", code=None)
        assert done.returncode != 0
        assert server.calls == []
    assert ("missing.pem" if wrong == "no file" else "certificate") in done.stderr
