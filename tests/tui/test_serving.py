"""Served to a browser: who comes in and who does not, what becomes of visitors, and the interface in Chromium."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from elena_wb.errors import SetupError
from elena_wb.store import Store
from elena_wb.tui.serve.server import InterfaceServer, Serving, is_here, open_to_visitors
from tests.tui.browser import CHROMIUM, browsing

# Speaks as a Textual app does to its server: a prelude, then packets; leaves when told to, says what it was given.
APP = """
import os, sys, json
out, given = sys.stdout.buffer, sys.stdin.buffer
def say(kind, data):
    out.write(kind + len(data).to_bytes(4, "big") + data); out.flush()
open(sys.argv[1], "w").write(f"{os.getpid()} {sys.argv[2:]} {os.environ['COLUMNS']}x{os.environ['ROWS']}")
out.write(b"__GANGLION__\\n"); out.flush()
say(b"D", b"hello")
while kind := given.read(1):
    data = given.read(int.from_bytes(given.read(4), "big"))
    if kind == b"D":
        say(b"D", b"<" + data + b">")
    elif json.loads(data)["type"] == "quit" and "deaf" not in sys.argv:
        break
    else:
        say(b"D", data)
"""


@pytest.fixture
def app(tmp_path: Path) -> tuple[str, ...]:
    (tmp_path / "app.py").write_text(APP)
    return (sys.executable, "-S", str(tmp_path / "app.py"), str(tmp_path / "pid"))


@asynccontextmanager
async def visiting(serving: Serving) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    async with open_to_visitors(serving) as address, aiohttp.ClientSession() as session:
        yield session, address


async def status(session: aiohttp.ClientSession, address: str, **headers: str) -> int:
    async with session.get(address, headers=headers, allow_redirects=False) as answer:
        return answer.status


async def knock(session: aiohttp.ClientSession, address: str, **headers: str) -> int:
    """What becomes of an attempt to open the terminal's connection: 101 where it is opened."""
    parts = urlsplit(address)
    try:
        async with session.ws_connect(f"ws://{parts.netloc}/ws?width=90&height=30", headers=headers) as ws:
            assert await ws.receive_bytes(timeout=20) == b"hello"
        return 101
    except aiohttp.WSServerHandshakeError as error:
        return error.status


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z" if Path("/proc").exists() else True


async def gone(pid: int) -> bool:
    for _ in range(200):
        if not is_alive(pid):
            return True
        await asyncio.sleep(0.05)
    return False


async def test_on_loopback_only_this_machine_by_name_and_only_the_page_itself_come_in(app: Any) -> None:
    async with visiting(Serving(app, "x", port=0)) as (session, address):
        port = urlsplit(address).port
        assert "token" not in address
        for path in (
            "",
            "static/js/textual.js",
            "static/fonts/RobotoMono-VariableFont_wght.ttf",
            "served/page.js",
        ):
            assert await status(session, address + path) == 200
            for host in (
                "evil.example",
                f"evil.example:{port}",
                "127.0.0.1.evil.example",
                "",
                "[",
                "@localhost:1@x",
            ):
                assert await status(session, address + path, Host=host) in (400, 403), host
        own = f"http://127.0.0.1:{port}"
        assert await knock(session, address, Origin=own) == 101
        assert (
            await knock(session, address, Origin=f"http://localhost:{port}", Host=f"localhost:{port}") == 101
        )
        for origin in ("http://evil.example", "null", "http://127.0.0.1", f"https://127.0.0.1:{port}",
                       f"http://localhost:{port}", "http://127.0.0.1:1"):  # fmt: skip
            assert await knock(session, address, Origin=origin) == 403, origin
        assert await knock(session, address) == 403
        assert await knock(session, address, Origin="http://evil.example", Host="evil.example") == 403
        assert await status(session, address + "served/../../../app.py") in (403, 404)


async def test_a_tunnel_to_loopback_leads_in_by_its_own_port(app: Any) -> None:
    async with visiting(Serving(app, "x", port=0)) as (session, address):
        assert await knock(session, address, Host="localhost:9", Origin="http://localhost:9") == 101
        async with session.get(address, headers={"Host": "localhost:9"}) as answer:
            assert 'websocket-url="ws://localhost:9/ws"' in await answer.text()


@pytest.mark.parametrize(
    "serving",
    [Serving((), "x", host="0.0.0.0", port=0), Serving((), "x", port=0, guarded=True),
     Serving((), "x", port=0, public_url="https://lab.example/e")],
    ids=["elsewhere", "guarded", "behind a proxy"],
)  # fmt: skip
async def test_where_others_could_come_nobody_does_without_the_token(serving: Serving, app: Any) -> None:
    serving = Serving(app, "x", serving.host, 0, serving.public_url, serving.guarded)
    async with open_to_visitors(serving) as told:
        token = told.partition("?token=")[2]
        assert len(token) > 40
        if serving.public_url:
            assert told.startswith("https://lab.example/e/?token=")
            return
        base = f"http://127.0.0.1:{urlsplit(told).port}"
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            paths = ("/", "/static/js/textual.js", "/served/page.js", "/download/x", "/nothing")
            wrong = (
                "",
                "?token=",
                "?token=x",
                f"?token={token}x",
                f"?token={token[:-1]}",
                "?token=%F0%9F%98%80",
            )
            for path in paths:
                for query in wrong:
                    assert await status(session, base + path + query) == 403
            assert await status(session, f"{base}/static/js/textual.js?token={token}") == 403
            assert await knock(session, base, Origin=base) == 403
            async with session.get(f"{base}/?token={token}") as answer:
                assert answer.status == 200
                cookie = answer.headers["Set-Cookie"]
                assert token not in await answer.text()
            assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "Path=/"))
            assert await status(session, f"{base}/served/page.js") == 200
            assert await knock(session, base, Origin=base) == 101
            assert await knock(session, base, Origin="http://evil.example") == 403
        async with aiohttp.ClientSession() as stranger:
            name = cookie.partition("=")[0]
            assert await status(stranger, base + "/", Cookie=f"{name}=wrong") == 403


async def test_behind_a_proxy_the_page_speaks_of_its_public_address(app: Any) -> None:
    serving = Serving(app, "x", port=0, public_url="https://lab.example/e/")
    async with open_to_visitors(serving) as told, aiohttp.ClientSession() as session:
        # The test is the proxy: it knows the port only through the socket that listens.
        assert told == f"https://lab.example/e/?token={told.partition('=')[2]}"
    port = free_port()
    serving = Serving(app, "x", port=port, public_url="https://lab.example/e/")
    async with open_to_visitors(serving) as told, aiohttp.ClientSession() as session:
        address = f"http://127.0.0.1:{port}/?token={told.partition('=')[2]}"
        async with session.get(address, headers={"Host": "lab.example"}) as answer:
            page = await answer.text()
            assert "Secure" in answer.headers["Set-Cookie"]
            cookie = answer.headers["Set-Cookie"].partition(";")[0]
        assert 'websocket-url="wss://lab.example/e/ws"' in page
        assert 'src="https://lab.example/e/static/js/textual.js"' in page
        known = {"Cookie": cookie, "Host": "lab.example"}
        assert await knock(session, address, Origin="https://lab.example", **known) == 101
        assert await knock(session, address, Origin="https://other.example", **known) == 403
    written_out = InterfaceServer(Serving(app, "x", public_url="https://lab.example:443/e/"))
    assert written_out._is_own_page("https://lab.example", "127.0.0.1"), "browsers leave the usual port out"
    assert not written_out._is_own_page("http://lab.example", "127.0.0.1")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def test_a_visitor_has_a_process_that_ends_with_his_page(app: Any, tmp_path: Path) -> None:
    evil = "$(touch pwned) '; rm -rf x; \" [b]"
    async with visiting(Serving((*app, evil), "x", port=0)) as (session, address):
        parts = urlsplit(address)
        own = f"http://{parts.netloc}"
        async with session.ws_connect(f"{own}/ws?width=90&height=30", headers={"Origin": own}) as ws:
            assert await ws.receive_bytes(timeout=20) == b"hello"
            told = (tmp_path / "pid").read_text()
            assert repr([evil]) in told
            assert told.endswith("90x30")
            await ws.send_json(["stdin", "ä\x1b[A"])
            assert await ws.receive_bytes(timeout=20) == "<ä\x1b[A>".encode()
            for odd in (
                "no json",
                "{}",
                "[]",
                '["stdin", 5]',
                '["resize", {"width": "x"}]',
                '["resize", null]',
                "7",
            ):
                await ws.send_str(odd)
            await ws.send_json(["resize", {"width": 100, "height": 40}])
            assert b'"width": 100' in await ws.receive_bytes(timeout=20)
        pid = int(told.split()[0])
        assert await gone(pid)


async def test_a_process_that_will_not_leave_is_ended_with_the_server(
    app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("elena_wb.tui.serve.visit._PATIENCE_S", 0.3)
    async with visiting(Serving((*app, "deaf"), "x", port=0)) as (session, address):
        own = address.rstrip("/")
        ws = await session.ws_connect(f"{own}/ws", headers={"Origin": own})
        assert await ws.receive_bytes(timeout=20) == b"hello"
        pid = int((tmp_path / "pid").read_text().split()[0])
        assert is_alive(pid)
    assert await gone(pid)


async def test_an_interface_that_cannot_start_says_why_on_the_page(tmp_path: Path) -> None:
    store = tmp_path / "no store.duckdb"
    store.write_text("this is no database")
    command = (sys.executable, "-c", "import sys; print('x'); sys.exit('Error: [b]no\\x1b[31m store')")
    async with visiting(Serving(command, "x", port=0)) as (session, address):
        own = address.rstrip("/")
        async with session.ws_connect(f"{own}/ws", headers={"Origin": own}) as ws:
            said = await ws.receive_bytes(timeout=20)
            assert said.endswith(b"Error: [b]no\\u001b[31m store\r\n")
            assert (await ws.receive(timeout=20)).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


async def test_a_port_that_is_taken_and_an_address_of_others_are_told(app: Any) -> None:
    async with open_to_visitors(Serving(app, "x", port=0)) as address:
        port = urlsplit(address).port
        assert port is not None
        with pytest.raises(SetupError, match=f"Port {port} of 127.0.0.1 is in use") as error:
            async with open_to_visitors(Serving(app, "x", port=port)):
                pass
        assert f"--port {port + 1}" in (error.value.hint or "")
    with pytest.raises(SetupError, match=r"Cannot serve on 192\.0\.2\.1"):
        async with open_to_visitors(Serving(app, "x", host="192.0.2.1", port=0)):
            pass


@pytest.mark.parametrize(
    ("host", "here"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("localhost", True), ("LOCALHOST.", True), ("::1", True),
     ("a.localhost", True), ("0.0.0.0", False), ("::", False), ("", False), ("192.168.1.5", False),
     ("localhost.evil.example", False), ("127.0.0.1.evil.example", False), ("2130706433", False)],
)  # fmt: skip
def test_only_loopback_is_here(host: str, here: bool) -> None:
    assert is_here(host) is here
    assert Serving((), "x", host=host).needs_token is not here


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
async def test_in_a_browser_one_opens_browses_and_compares_with_no_word_to_the_network(
    study: Store, home: Path, tmp_path: Path
) -> None:
    command = (sys.executable, "-m", "elena_wb", f"--store={study.path}", "--offline")
    async with (
        open_to_visitors(Serving(command, "x", port=0, guarded=True)) as address,
        browsing(tmp_path / "profile") as page,
    ):
        await page.open(address)
        await page.sees("Runs", "tiny:", "face", "12/12")
        assert "token" not in await page.evaluate("location.href")
        await page.press("2")
        await page.sees("24 answers", ".png", "Quit")
        await page.press("ArrowDown")
        await page.press("3")
        await page.sees("Next", "Flip")
        await page.press("5")
        await page.sees("Nobody has rated anything yet.")
        own = "{0.scheme}://{0.netloc}/".format(urlsplit(address))
        assert page.requested
        assert all(
            url.startswith((own, own.replace("http", "ws", 1), "data:", "about:")) for url in page.requested
        )
        assert any("RobotoMono" in url for url in page.requested)
        assert not [fault for fault in page.faults if "WebGL" not in fault]
        await page.picture(tmp_path / "page.png")
        await page.press("q")
        for _ in range(100):
            if await page.evaluate("document.body.classList.contains('-closed')"):
                break
            await asyncio.sleep(0.1)
        assert await page.evaluate("getComputedStyle(document.getElementById('over')).display") == "flex"
