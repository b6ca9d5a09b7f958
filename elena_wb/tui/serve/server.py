"""The interface in a browser: who may open it, and a process for each page that is open.

On loopback the name under which the page is asked for must be this machine's, and only the page itself may open the
connection of its terminal, so that no other page in the browser can. Anywhere else a token must be shown as well: once
in the address, from then on in a cookie of the page.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hmac
import ipaddress
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp_jinja2
from aiohttp import WSMsgType, web
from textual_serve.server import Server

from elena_wb.errors import SetupError
from elena_wb.tui.serve.visit import Visit

_PAGE = Path(__file__).parent / "page"
_YEAR_S = 365 * 24 * 3600
_USUAL_PORTS = {"http": ":80", "https": ":443"}
"""Browsers leave them out where they say which page asks."""
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Serving:
    """What is served: ``command`` for each visitor, on ``host`` and ``port`` (0: any that is free).

    ``public_url`` is where a proxy in front of it is reached. ``guarded`` asks for a token on loopback, too.
    """

    command: tuple[str, ...]
    title: str
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str | None = None
    guarded: bool = False

    @property
    def needs_token(self) -> bool:
        """Whether it can be reached from elsewhere, or is to be guarded anyway."""
        reached = [self.host, *([urlsplit(self.public_url).hostname or ""] if self.public_url else [])]
        return self.guarded or not all(is_here(host) for host in reached)


class InterfaceServer(Server):
    """Serves the page, its parts and the connection of its terminal to those who may have them."""

    def __init__(self, serving: Serving) -> None:
        super().__init__(
            command="",
            host=serving.host,
            port=serving.port,
            title=serving.title,
            public_url=serving.public_url,
            templates_path=_PAGE,
        )
        self._serving = serving
        self.token = secrets.token_urlsafe(32) if serving.needs_token else None
        self._visits: set[Visit] = set()

    def address(self, port: int) -> str:
        """What to open in a browser, with the token if one is needed."""
        host = self._serving.host
        if _is_unspecified(host):
            host = socket.gethostname()
        base = self._serving.public_url or f"http://{f'[{host}]' if ':' in host else host}:{port}"
        return base.rstrip("/") + "/" + (f"?token={self.token}" if self.token else "")

    async def on_startup(self, app: web.Application) -> None:
        """Nothing is printed here."""

    async def on_shutdown(self, app: web.Application) -> None:
        """End the processes of all visitors."""
        await asyncio.gather(*(visit.end() for visit in tuple(self._visits)))

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self._guard)
        app.add_routes([web.static("/served", _PAGE)])
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Turn away whoever may not come in, before anything else is done."""
        if not self._is_ours(_host_of(request.host)):
            raise web.HTTPForbidden(text="This address does not lead here.\n")
        origin = request.headers.get("Origin")
        if request.path == "/ws" and origin is None:
            raise web.HTTPForbidden(text="Only the page itself may open this.\n")
        if origin is not None and not self._is_own_page(origin, request.host):
            raise web.HTTPForbidden(text="Only the page itself may open this.\n")
        shown = request.query.get("token", "") if request.path == "/" else ""
        if self.token is not None and not (
            _same(shown, self.token) or _same(request.cookies.get(self._cookie(request), ""), self.token)
        ):
            raise web.HTTPForbidden(
                text="The address needs its token: use the one that `elena-wb serve` printed.\n"
            )
        return await handler(request)

    async def handle_index(self, request: web.Request) -> web.Response:
        """The page; whoever came by the token gets it as a cookie."""
        page = urlsplit(self._serving.public_url or f"http://{request.host}")
        base = f"{page.netloc}{page.path.rstrip('/')}"
        secure = page.scheme == "https"
        size = request.query.get("fontsize", "")
        response = aiohttp_jinja2.render_template(
            "index.html",
            request,
            {
                "title": self.title,
                "font_size": int(size) if size in map(str, range(6, 65)) else 16,
                "static": f"{page.scheme}://{base}/static/",
                "served": f"{page.scheme}://{base}/served/",
                "websocket": f"{'wss' if secure else 'ws'}://{base}/ws",
            },
        )
        response.headers.update(_HEADERS)
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
            f"img-src 'self' data:; connect-src 'self' {'wss' if secure else 'ws'}://{page.netloc}; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        if self.token is not None:
            response.set_cookie(
                self._cookie(request),
                self.token,
                max_age=_YEAR_S,
                httponly=True,
                samesite="Strict",
                secure=secure,
            )
        return response

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """A visitor's terminal: his process lives as long as the connection."""
        socket_ = web.WebSocketResponse(heartbeat=15, max_msg_size=1024 * 1024)
        await socket_.prepare(request)
        visit = Visit(
            self._serving.command,
            write_bytes=socket_.send_bytes,
            write_str=socket_.send_str,
            close=_closing(socket_),
            download_manager=self.download_manager,
        )
        self._visits.add(visit)
        try:
            await visit.start(_number(request, "width"), _number(request, "height"))
            async for message in socket_:
                if message.type == WSMsgType.TEXT:
                    await _pass_on(socket_, visit, message)
        finally:
            ending = visit.end()
            ending.add_done_callback(lambda _: self._visits.discard(visit))
            await asyncio.shield(ending)
        return socket_

    def _cookie(self, request: web.Request) -> str:
        """Cookies are shared between the ports of a machine; the name tells ours from others."""
        transport = request.transport
        port = transport.get_extra_info("sockname")[1] if transport is not None else self.port
        return f"elena-wb-{port}"

    def _is_ours(self, host: str) -> bool:
        public = self._serving.public_url
        if public is not None and host == urlsplit(public).hostname:
            return True
        return is_here(host) or not is_here(self._serving.host)

    def _is_own_page(self, origin: str, host: str) -> bool:
        public = self._serving.public_url
        own = [f"http://{host}"]
        if public is not None:
            parts = urlsplit(public)
            own.append(f"{parts.scheme}://{parts.netloc}".removesuffix(_USUAL_PORTS[parts.scheme]))
        return origin.lower() in [one.lower() for one in own]


def serve(serving: Serving, tell: Callable[[str], None]) -> None:
    """Serve until Ctrl-C, a kill or a closed terminal; ``tell`` is given the address once it can be opened.

    Raises:
        SetupError: the port or the address cannot be had.
    """
    asyncio.run(_serve(serving, tell))


@contextlib.asynccontextmanager
async def open_to_visitors(serving: Serving) -> AsyncIterator[str]:
    """Serve within the ``async with`` block, which is given the address; all visitors' processes end with it.

    Raises:
        SetupError: the port or the address cannot be had.
    """
    server = InterfaceServer(serving)
    runner = web.AppRunner(await server._make_app(), access_log=None, shutdown_timeout=2)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, serving.host, serving.port).start()
        except (OSError, OverflowError) as error:
            raise _unreachable(serving, error) from error
        yield server.address(runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def _serve(serving: Serving, tell: Callable[[str], None]) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(getattr(signal, name), ended.set)
    async with open_to_visitors(serving) as address:
        tell(address)
        await ended.wait()


def is_here(host: str) -> bool:
    """Whether ``host`` reaches this machine and only from itself."""
    plain = host.strip().lower().rstrip(".")
    if plain == "localhost" or plain.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(plain.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _is_unspecified(host: str) -> bool:
    try:
        return ipaddress.ip_address(host or "0.0.0.0").is_unspecified
    except ValueError:
        return False


def _host_of(given: str) -> str:
    """The name in a ``Host`` header, without port and brackets; empty where there is none."""
    with contextlib.suppress(ValueError):
        return urlsplit(f"//{given}").hostname or ""
    return ""


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), token.encode())


def _number(request: web.Request, name: str) -> int:
    given = request.query.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 5 else 0


def _closing(socket_: web.WebSocketResponse) -> Callable[[], Awaitable[None]]:
    async def close() -> None:
        await socket_.close()

    return close


async def _pass_on(socket_: web.WebSocketResponse, visit: Visit, message: object) -> None:
    """Do what the page says; what is not of its making is passed over."""
    try:
        kind, *rest = message.json()  # type: ignore[attr-defined]
        value = rest[0] if rest else None
    except (ValueError, TypeError):
        return
    if kind == "stdin" and isinstance(value, str):
        await visit.send_bytes(value.encode("utf-8", "replace"))
    elif kind == "resize" and isinstance(value, dict):
        width, height = value.get("width"), value.get("height")
        if isinstance(width, int) and isinstance(height, int) and 0 < width <= 1000 and 0 < height <= 1000:
            await visit.set_terminal_size(width, height)
    elif kind == "ping":
        await socket_.send_json(["pong", value])
    elif kind == "blur":
        await visit.blur()
    elif kind == "focus":
        await visit.focus()


def _unreachable(serving: Serving, error: Exception) -> SetupError:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return SetupError(
            f"Port {serving.port} of {serving.host} is in use, perhaps by another `elena-wb serve`.",
            hint=f"Choose another: `elena-wb serve --port {serving.port + 1 if serving.port < 65535 else 8000}`.",
        )
    if number == errno.EACCES:
        return SetupError(
            f"Port {serving.port} is not for ordinary users.",
            hint="Choose one from 1024 upwards with --port.",
        )
    reason = getattr(error, "strerror", None) or str(error)
    return SetupError(
        f"Cannot serve on {serving.host}, port {serving.port}: {reason}.",
        hint="--host takes an address of this machine.",
    )
