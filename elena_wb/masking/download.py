"""One small file over HTTPS, bounded in size and time."""

from __future__ import annotations

import http.client
import ssl
import time
import urllib.error
import urllib.request
from http.client import HTTPMessage
from typing import IO
from urllib.parse import urlsplit

from elena_wb.core import SetupError
from elena_wb.offline import VARIABLE, is_offline

_TIMEOUT_S = 30.0
_WHOLE_S = 300.0
_CHUNK = 1 << 16


def download(url: str, *, limit: int, context: ssl.SSLContext | None = None) -> bytes:
    """The content at ``url``, at most ``limit`` bytes; redirections are followed within HTTPS only.

    ``context`` replaces the system's trusted certificates.

    Raises:
        SetupError: offline, unreachable, too slow, too large, or not HTTPS.
    """
    if is_offline():
        raise SetupError(
            f"{url} is on the network, and the network is switched off (--offline or {VARIABLE}).",
            hint="Give a file that is already here with --from FILE, or leave --offline out.",
        )
    _demand_https(url)
    opener = urllib.request.build_opener(_WithinHttps(), urllib.request.HTTPSHandler(context=context))
    deadline = time.monotonic() + _WHOLE_S
    content = bytearray()
    try:
        with opener.open(url, timeout=_TIMEOUT_S) as response:
            while chunk := response.read1(_CHUNK):
                content += chunk
                if len(content) > limit:
                    raise SetupError(f"{url} sends more than the {limit:,} bytes expected.", hint=_BY_HAND)
                if time.monotonic() > deadline:
                    raise SetupError(f"{url} is too slow.", hint=_BY_HAND)
    except urllib.error.HTTPError as error:
        raise SetupError(f"{url} answers {error.code} {error.reason}.", hint=_BY_HAND) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise SetupError(f"{url} cannot be fetched: {reason}.", hint=_BY_HAND) from error
    return bytes(content)


_BY_HAND = "Try again later, or download it elsewhere and give it with --from FILE."


class _WithinHttps(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Refuse to leave HTTPS."""
        _demand_https(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _demand_https(url: str) -> None:
    if urlsplit(url).scheme != "https":
        raise SetupError(f"{url} is not fetched: only HTTPS is used.", hint=_BY_HAND)
