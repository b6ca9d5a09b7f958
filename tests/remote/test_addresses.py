"""The host in a base URL."""

from __future__ import annotations

import pytest

from elena_wb.core import UsageError
from elena_wb.remote.addresses import host_of, is_loopback


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://localhost:8000/v1", "localhost"),
        ("https://API.Example.org", "api.example.org"),
        ("https://user:secret@example.org/v1", "example.org"),
        ("http://[::1]:8080", "::1"),
        (" http://127.0.0.1 ", "127.0.0.1"),
    ],
)
def test_the_host_is_read_without_port_user_and_brackets(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8000",
        "example.org/v1",
        "ftp://example.org",
        "http://",
        "http://[::1",
        "http://a:99999",
        "file:///x",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="no address") as caught:
        host_of(url)
    assert "http://localhost:8000/v1" in (caught.value.hint or "")


def test_a_password_in_a_bad_address_is_not_shown() -> None:
    with pytest.raises(UsageError) as caught:
        host_of("htp://me:s3cret@example.org?key=abc")
    assert "s3cret" not in caught.value.message
    assert "abc" not in caught.value.message


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1@example.org", "http://localhost.example.org", "http://example.org#@127.0.0.1"]
)
def test_a_host_is_not_taken_for_this_machine_by_what_stands_beside_it(url: str) -> None:
    assert not is_loopback(host_of(url))
