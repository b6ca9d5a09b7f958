"""Real HTTP servers on loopback that speak the OpenAI and the Gemini API, well or badly, for the real clients.

Use one as a context manager, in any test (``from tests.loopback import Gemini, OpenAI, Unreliable, faults``)::

    with Unreliable(OpenAI(), [faults.rate_limited(0.05), None, faults.cut_body]) as server:
        ...  # a client of server.url: 1st call 429 with Retry-After, 2nd fine, 3rd half a body, the rest fine
    assert len(server.asked) == 4 and not server.answered_twice()

``server.url`` is what a client takes as base URL (``…/v1`` for OpenAI, the bare host for google-genai, which adds
``/v1`` or ``/v1beta``). ``script`` is a list as above, one fault for every call (``Unreliable(api, faults.empty)``), or
a function of the :class:`Call`; :mod:`tests.loopback.scripts` has ``Share`` (a random share, the same for every
client), ``first_time``, ``on`` (by method and path) and ``one_of``. :mod:`tests.loopback.faults` lists every
way to misbehave. ``account=Account(requests=20, window_s=2)`` enforces limits for real, ``keys={"…"}`` accepts only
these keys, ``delay`` makes answers take time, ``certificate=Certificate.make(tmp_path)`` makes it speak TLS,
``api=Gemini(batches=Batches(polls=3))`` says how batches go.

Answers are a function of picture, prompt and seed, in the shape of the request's schema: ``emotion_of(question)`` is
the label that was sent. What came is in ``server.calls``; see :class:`Call` for what is kept of each.
"""

from __future__ import annotations

from tests.loopback.answers import emotion_of
from tests.loopback.api import Account
from tests.loopback.calls import Asked, Call, Picture
from tests.loopback.faults import Fault
from tests.loopback.gemini_api import Gemini
from tests.loopback.gemini_batches import Batches
from tests.loopback.openai_api import OpenAI
from tests.loopback.scripts import Share, always, first_time, in_turn, on, one_of
from tests.loopback.server import Unreliable
from tests.loopback.tls import Certificate

__all__ = [
    "Account",
    "Asked",
    "Batches",
    "Call",
    "Certificate",
    "Fault",
    "Gemini",
    "OpenAI",
    "Picture",
    "Share",
    "Unreliable",
    "always",
    "emotion_of",
    "first_time",
    "in_turn",
    "on",
    "one_of",
]
