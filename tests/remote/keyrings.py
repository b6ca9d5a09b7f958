"""Keyrings of several tempers, real backends of the package `keyring` that a process loads by name."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked


class Keeping(KeyringBackend):
    """Keeps its passwords in the file that ``TEST_KEYRING`` names, so that several processes share it."""

    priority = 5

    def _held(self) -> dict[str, str]:
        path = Path(os.environ["TEST_KEYRING"])
        return json.loads(path.read_text()) if path.exists() else {}

    def _keep(self, held: dict[str, str]) -> None:
        Path(os.environ["TEST_KEYRING"]).write_text(json.dumps(held))

    def get_password(self, service: str, username: str) -> str | None:
        return self._held().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._keep({**self._held(), f"{service}/{username}": password})

    def delete_password(self, service: str, username: str) -> None:
        held = self._held()
        del held[f"{service}/{username}"]
        self._keep(held)


class Locked(Keeping):
    """Says no, and carelessly repeats what it was given."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("the collection is locked")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise KeyringLocked(f"cannot keep {password}")


class Hanging(Keeping):
    """Waits for someone to answer a prompt on a screen that is not there."""

    def get_password(self, service: str, username: str) -> str | None:
        time.sleep(3600)
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        time.sleep(3600)


class Forgetful(Keeping):
    """Says that it keeps passwords, and does not."""

    def set_password(self, service: str, username: str, password: str) -> None:
        pass


class PlaintextKeyring(Keeping):
    """Is known to keep passwords as they are."""
