"""What all proofs share: which model on a server is asked, and an environment that holds its key and no other."""

from __future__ import annotations

import os

import pytest

from tests.proof.remotes import REMOTES, Remote

_FOREIGN = ("_API_KEY", "_PROXY", "_proxy")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, proxy or keyring of whoever runs the tests plays a part in them."""
    for name in [
        name for name in os.environ if name.endswith(_FOREIGN) or name.startswith(("OPENAI_", "GOOGLE_"))
    ]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


@pytest.fixture(params=REMOTES, ids=lambda remote: remote.name)
def remote(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Remote:
    """A model on a server, whose key is in the environment."""
    chosen: Remote = request.param
    monkeypatch.setenv(chosen.variable, chosen.key)
    return chosen
