"""With --offline nothing in the process reaches the network, and whoever tries is named."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from elena_wb.offline import NetworkForbiddenError, is_loopback, is_offline, require_network
from tests.conftest import Program, plugin_on_path

_TRIES = {
    "connect": "socket.create_connection(('192.0.2.1', 443))",
    "connect_ex": "socket.socket().connect_ex(('192.0.2.1', 443))",
    "connect over IPv6": "socket.socket(socket.AF_INET6).connect(('2001:db8::1', 443))",
    "a datagram": "datagrams.sendto(b'?', ('192.0.2.1', 53))",
    "a message": "datagrams.sendmsg([b'?'], [], 0, ('192.0.2.1', 53))",
    "a connected datagram": "datagrams.connect(('192.0.2.1', 53))",
    "a look-up": "socket.getaddrinfo('host.invalid', 443)",
    "a look-up in bytes": "socket.getaddrinfo(b'host.invalid', 'https')",
    "an old look-up": "socket.gethostbyname('host.invalid')",
    "another old look-up": "socket.gethostbyname_ex('host.invalid')",
    "a reverse look-up": "socket.gethostbyaddr('192.0.2.1')",
    "a name of an address": "socket.getnameinfo(('192.0.2.1', 53), 0)",
    "urllib": "urllib.request.urlopen('https://host.invalid')",
    "asyncio": "asyncio.run(asyncio.open_connection('192.0.2.1', 443))",
    "a proxy on this machine": "urllib.request.urlopen('http://host.invalid')",
}


def _python(code: str, *, site: Path | None = None, **variables: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    if site is not None:
        environment["PYTHONPATH"] = os.pathsep.join(
            [str(site), *filter(None, [os.environ.get("PYTHONPATH")])]
        )
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**environment, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_way_out_is_barred_and_tells_the_host() -> None:
    code = f"""
        import asyncio, socket, urllib.request
        from elena_wb.offline import NetworkForbiddenError, forbid_network
        forbid_network()
        forbid_network()
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for name, attempt in {_TRIES!r}.items():
            try:
                eval(attempt)
            except NetworkForbiddenError as error:
                print(name, error.host, sep=": ")
    """
    out = _python(code, HTTP_PROXY="http://127.0.0.1:9", http_proxy="http://127.0.0.1:9")
    told = dict(line.split(": ", 1) for line in out.splitlines())
    assert set(told) == set(_TRIES)
    assert told["connect"] == "192.0.2.1:443"
    assert told["connect over IPv6"] == "[2001:db8::1]:443"
    assert told["a look-up in bytes"] == "host.invalid:https"
    assert told["an old look-up"] == "host.invalid"
    assert told["a proxy on this machine"] == "host.invalid:80"


def test_this_machine_stays_within_reach() -> None:
    code = """
        import asyncio, http.server, os, socket, tempfile
        from elena_wb.offline import forbid_network
        forbid_network()
        server = socket.create_server(("127.0.0.1", 0))
        port = server.getsockname()[1]
        for host in ("127.0.0.1", "localhost", "LOCALHOST"):
            socket.create_connection((host, port)).close()
        asyncio.run(asyncio.open_connection("127.0.0.1", port))
        socket.getaddrinfo(None, port)
        assert socket.getfqdn() == socket.gethostname()
        http.server.HTTPServer(("", 0), http.server.BaseHTTPRequestHandler).server_close()
        socket.socketpair()
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", port))
        if hasattr(socket, "AF_UNIX"):
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "s")
                here = socket.socket(socket.AF_UNIX)
                here.bind(path)
                here.listen()
                socket.socket(socket.AF_UNIX).connect(path)
        print("reached", os.environ["HF_HUB_OFFLINE"])
    """
    assert _python(code).split() == ["reached", "1"]


def test_the_error_names_the_plugin_and_the_library_that_it_used(tmp_path: Path) -> None:
    library = tmp_path / "telephone"
    library.mkdir()
    (library / "__init__.py").write_text(
        "import socket\ndef call():\n    socket.getaddrinfo('far.invalid', 80)\n"
    )
    plugin_on_path(
        tmp_path,
        "chatty",
        "import telephone\nimport socket\n"
        "def ask():\n    telephone.call()\n"
        "def ask_directly():\n    socket.getaddrinfo('far.invalid', 80)\n",
        dist="elena-wb-chatty",
    )
    code = """
        import threading
        import chatty, telephone
        from elena_wb.offline import NetworkForbiddenError, forbid_network
        forbid_network()
        def attempt(what):
            try:
                what()
            except NetworkForbiddenError as error:
                print(error.message)
        attempt(chatty.ask)
        attempt(chatty.ask_directly)
        thread = threading.Thread(target=attempt, args=(telephone.call,))
        thread.start()
        thread.join()
    """
    through, directly, library_alone = _python(code, site=tmp_path).splitlines()
    rest = "wanted to connect to far.invalid:80, and the network is switched off (--offline)."
    assert through == f"`elena-wb-chatty` (through `telephone`) {rest}"
    assert directly == f"`elena-wb-chatty` {rest}"
    assert library_alone == f"`telephone` {rest}"


_CALLER = """
    import os
    import socket
    import typer
    from elena_wb import hookimpl

    @hookimpl
    def register_commands(app: typer.Typer) -> None:
        @app.command("call-home")
        def call_home() -> None:
            socket.getaddrinfo("home.invalid", 443)

        @app.command("tell")
        def tell() -> None:
            print(os.environ.get("HF_HUB_OFFLINE", "allowed"))
"""


@pytest.mark.parametrize("how", ["option", "variable", "configuration"])
def test_a_verb_that_reads_no_settings_is_held_to_it_too(program: Program, how: str, monkeypatch) -> None:
    program.install("caller", _CALLER, dist="elena-wb-caller")
    options = []
    if how == "option":
        options = ["--offline"]
    elif how == "variable":
        monkeypatch.setenv("ELENA_WB_OFFLINE", "1")
    else:
        program("config", "set", "offline", "true")
    done = program(*options, "call-home", code=3)
    assert "Error: `elena-wb-caller` wanted to connect to home.invalid:443" in done.stderr
    assert "--offline" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("how", ["variable", "option"])
def test_a_plugin_that_calls_home_while_it_is_loaded_is_held_to_it(
    program: Program, monkeypatch, how: str
) -> None:
    program.install(
        "early", "import socket\nsocket.getaddrinfo('early.invalid', 443)\n", dist="elena-wb-early"
    )
    if how == "variable":
        monkeypatch.setenv("ELENA_WB_OFFLINE", "1")
    done = program(*(["--offline"] if how == "option" else []), "plugins", "list")
    assert "early.invalid:443, and the network is switched off" in done.stdout


def test_the_variable_wins_over_the_configuration(program: Program, monkeypatch) -> None:
    program.install("caller", _CALLER, dist="elena-wb-caller")
    program("config", "set", "offline", "true")
    monkeypatch.setenv("ELENA_WB_OFFLINE", "0")
    assert program("tell").stdout.strip() == "allowed"
    monkeypatch.delenv("ELENA_WB_OFFLINE")
    assert program("tell").stdout.strip() == "1"


@pytest.mark.parametrize("value", ["1", "true", "YES", "on", " 1 ", "t", "certainly"])
def test_any_value_but_a_no_means_offline(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("ELENA_WB_OFFLINE", value)
    assert is_offline()


@pytest.mark.parametrize("value", ["", "0", "false", "No", "off", " "])
def test_a_no_means_online(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("ELENA_WB_OFFLINE", value)
    assert not is_offline()


def test_a_plugin_can_ask_before_it_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    require_network("elena-wb-x", "example.org")
    monkeypatch.setenv("ELENA_WB_OFFLINE", "1")
    require_network("elena-wb-x", "localhost")
    with pytest.raises(NetworkForbiddenError, match="`elena-wb-x` wanted to connect to example"):
        require_network("elena-wb-x", "example.org")


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LocalHost.",
        "a.localhost",
        "127.0.0.1",
        "127.8.9.1",
        "::1",
        "[::1]",
        "::ffff:127.0.0.1",
        "0.0.0.0",
    ],
)
def test_this_machine_is_known_by_its_names(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "example.org",
        "localhost.example.org",
        "notlocalhost",
        "10.0.0.1",
        "128.0.0.1",
        "::2",
        "2130706433",
        "127.1",
    ],
)
def test_no_other_name_passes_for_this_machine(host: str) -> None:
    assert not is_loopback(host)
