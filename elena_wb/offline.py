"""Whether the network may be used, and a guard that holds whatever runs in this process to it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

from elena_wb.errors import SetupError

VARIABLE = "ELENA_WB_OFFLINE"

_NO = frozenset({"", "0", "false", "no", "off", "n", "f"})
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "ws_proxy", "wss_proxy", "ftp_proxy")
_NAMES = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})
_ADDRESSES = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_guarded = False


class NetworkForbiddenError(SetupError):
    """Something wanted to use the network, and the user has switched it off."""

    def __init__(self, who: str, host: str) -> None:
        super().__init__(
            f"{who} wanted to connect to {host}, and the network is switched off (--offline).",
            hint=f"Leave out --offline, the variable {VARIABLE} and the setting `offline` to allow it.",
        )
        self.host = host


def is_offline() -> bool:
    """Whether the user forbade every use of the network (``--offline``, or the variable ``ELENA_WB_OFFLINE``).

    Only an empty value and the usual words for no leave it allowed.
    """
    return os.environ.get(VARIABLE, "").strip().lower() not in _NO


def require_network(who: str, host: str) -> None:
    """Call before ``who`` (a plugin) turns to ``host``, where that can be told early.

    Raises:
        NetworkForbiddenError: the network is switched off, and ``host`` is not this machine.
    """
    if is_offline() and not is_loopback(host):
        raise NetworkForbiddenError(f"`{who}`", host)


def forbid_network() -> None:
    """From now on, to connect, send or look up a name raises :class:`NetworkForbiddenError` in this process.

    This machine itself stays within reach: unix sockets, loopback addresses, ``localhost``. Proxies named in the
    environment are forgotten, for one on this machine would lead out again. Children of this process are told by
    the variable alone. Holds for all Python code and for libraries that use Python's sockets, not for
    machine code with sockets of its own. Calling it twice is harmless; it cannot be undone.
    """
    global _guarded
    os.environ[VARIABLE] = "1"
    os.environ["HF_HUB_OFFLINE"] = "1"
    for name in list(os.environ):
        if name.lower() in _PROXIES:
            del os.environ[name]
    if not _guarded:
        _guarded = True
        sys.addaudithook(_refuse_network)


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine, by its spelling alone: no name is looked up.

    True for ``localhost`` and names below it, 127.0.0.0/8, ``::1`` and the unspecified addresses.
    """
    import ipaddress

    plain = host.strip().lower().removeprefix("[").removesuffix("]").rstrip(".")
    if plain == "localhost" or plain.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(plain.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback or address.is_unspecified


def _refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    if event in _ADDRESSES:
        import socket

        of, address = arguments[0], arguments[1]
        if getattr(of, "family", None) in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple):
            _refuse(_text(address[0]), address[1])
    elif event in _NAMES:
        host = _text(arguments[0])
        if event == "socket.gethostbyaddr":
            import socket

            if host == socket.gethostname():  # `socket.getfqdn` then goes by the name that it has
                raise socket.herror(1, "Unknown host")
        _refuse(host, arguments[1] if event == "socket.getaddrinfo" else None)
    elif event == "socket.getnameinfo":
        address = arguments[0]
        if isinstance(address, tuple):
            _refuse(_text(address[0]), None)


def _refuse(host: str, port: object) -> None:
    if not host or is_loopback(host):
        return
    shown = f"[{host}]" if ":" in host else host
    with_port = f"{shown}:{_text(port)}" if port else shown
    raise NetworkForbiddenError(_who(), with_port)


def _text(value: object) -> str:
    """A host or port as given to the socket module: text, bytes, a number or nothing."""
    if isinstance(value, (bytes, bytearray)):
        return value.decode("ascii", "backslashreplace")
    return "" if value is None else str(value)


def _who() -> str:
    """Who is asking, for people: the plugin on the stack, else the library that the host or the thread called."""
    plugins = _plugin_packages()
    library: str | None = None
    for package in _packages_on_the_stack():
        if package in plugins:
            through = f" (through `{library}`)" if library else ""
            return f"`{plugins[package]}`{through}"
        if package == "elena_wb":
            return f"`{library or 'elena-wb'}`"
        if package not in sys.stdlib_module_names and package != "__main__":
            library = package
    return f"`{library}`" if library else "This program"


def _packages_on_the_stack() -> Iterator[str]:
    """Top-level packages of the calling frames, innermost first, this module's own left out."""
    frame = sys._getframe(1)
    while frame is not None:
        module = frame.f_globals.get("__name__")
        if isinstance(module, str) and module != __name__:
            yield module.partition(".")[0]
        frame = frame.f_back  # type: ignore[assignment]


def _plugin_packages() -> dict[str, str]:
    """Package → distribution of every plugin that is installed, whether or not it was loaded."""
    from importlib.metadata import entry_points

    found: dict[str, str] = {}
    with contextlib.suppress(Exception):  # a damaged installation must not hide who it was
        for point in entry_points(group="elena_wb"):
            package = point.module.partition(".")[0]
            found[package] = point.dist.name if point.dist is not None else package
    return found
