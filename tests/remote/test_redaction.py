"""Keys are taken out of text, however they were written on the way."""

from __future__ import annotations

import base64
import html
import json
import subprocess
import sys
import textwrap
import threading
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from elena_wb.remote import redaction
from elena_wb.remote.redaction import MARK, hide, redact, redact_answer

KEY = 'sk-Pr0j/+a&b="c\\d%e_f~'


@pytest.fixture(autouse=True)
def nothing_hidden_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_secrets", set())
    monkeypatch.setattr(redaction, "_long", None)
    monkeypatch.setattr(redaction, "_short", None)
    monkeypatch.setattr(redaction, "_no_words", None)


@pytest.mark.parametrize(
    "written",
    [
        KEY,
        quote(KEY),
        quote(KEY, safe=""),
        quote_plus(KEY),
        json.dumps(KEY)[1:-1],
        json.dumps(json.dumps({"key": KEY}))[1:-1],
        html.escape(KEY),
        repr(KEY)[1:-1],
        f"https://example.org/v1?key={quote(KEY, safe='')}&alt=json",
        f"Authorization: Bearer {KEY}",
    ],
)
def test_a_key_is_hidden_in_every_spelling(written: str) -> None:
    hide(KEY)
    shown = redact(f"before {written} after")
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    assert MARK in shown
    assert "Pr0j" not in shown


@pytest.mark.parametrize("before", ["", "u", "us", "user:", "somebody:"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_key_is_hidden_in_base64_wherever_it_begins(before: str, encode) -> None:
    hide(KEY)
    written = encode(f"{before}{KEY}:rest".encode()).decode()
    shown = redact(written)
    assert MARK in shown
    assert len(shown.replace(MARK, "")) < len(written) - len(KEY)


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=60), st.data())
@example("aaaaaaaa", None)
@example("[key][key]", None)
def test_no_key_survives_in_text_or_base64(key: str, data: st.DataObject | None) -> None:
    redaction._secrets.clear()
    redaction._long = redaction._short = None
    hide(key)
    before = "x: " if data is None else data.draw(st.text(max_size=5))
    for whole in (before + key, json.dumps({"k": before + key})):
        assert key not in redact(whole).replace(MARK, " ")
    raw = (before + key).encode("utf-8", "surrogatepass")
    hidden = redact(base64.b64encode(raw).decode()).replace(MARK, " ")
    for part in hidden.split():
        assert key.encode() not in base64.b64decode(part[: len(part) // 4 * 4])


def test_the_longer_of_two_keys_goes_first_so_that_no_rest_of_it_stays() -> None:
    hide("abcdefgh")
    hide("abcdefgh-ijklmnop")
    assert redact("abcdefgh-ijklmnop abcdefgh") == f"{MARK} {MARK}"


def test_short_keys_are_hidden_only_where_a_key_stands() -> None:
    hide("ollama")
    hide("EMPTY")
    assert redact("ollama is not running; the answer was EMPTY") == (
        "ollama is not running; the answer was EMPTY"
    )
    for written in ("Bearer ollama", "?key=ollama&x", '"api_key": "EMPTY"', "x-api-key: ollama"):
        assert MARK in redact(written)
        assert "ollama" not in redact(written)
        assert "EMPTY" not in redact(written)
    assert redact("token=ollamatic") == "token=ollamatic"


@pytest.mark.parametrize(
    "key", ["Happiness", "lm-studio", "not_needed", "sk-no-key-required", "local-key-1", "test"]
)
def test_a_key_of_ordinary_words_changes_no_answer(key: str) -> None:
    hide(key)
    answer = f'{{"emotion": "{key}", "narrative": "the key: {key}."}}'
    assert redact_answer(answer) == answer


@pytest.mark.parametrize(
    "key",
    [
        KEY,
        "token-abc123",
        "x7Kp29qa",
        "qwertzuiOpasdf",
        "12345678",
        "correct-horse-battery-staple",
        "sk-0a1b2c3d",
    ],
)
def test_any_other_key_is_taken_out_of_answers(key: str) -> None:
    hide("lm-studio")
    hide(key)
    for written in (key, quote(key, safe=""), base64.b64encode(key.encode()).decode()):
        assert MARK in redact_answer(f"It said {written}.")
        assert key not in redact_answer(f"It said {written}.")


def test_blank_keys_hide_nothing() -> None:
    hide("")
    hide("   ")
    assert redact("a  b   c") == "a  b   c"


def test_keys_can_be_hidden_and_text_redacted_by_many_threads() -> None:
    keys = [f"key-number-{index:03d}-{index * 7919}" for index in range(60)]
    missed: list[str] = []

    def work(part: list[str]) -> None:
        for key in part:
            hide(key)
            if key in redact(f"<{key}>"):
                missed.append(key)

    threads = [threading.Thread(target=work, args=(keys[start::4],)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not missed
    assert redact(" ".join(keys)) == " ".join([MARK] * len(keys))


def test_nothing_that_python_writes_to_stderr_shows_a_key() -> None:
    code = f"""
        import logging, sys, threading, traceback, warnings
        from elena_wb.remote.redaction import hide, redact_stderr
        early = logging.StreamHandler()
        redact_stderr()
        redact_stderr()
        key = {KEY!r}
        hide(key)
        print("printed", key, file=sys.stderr)
        warnings.warn("warned of " + key)
        logging.getLogger("httpx2").warning("logged %s", key)
        def fail():
            raise ValueError("thread " + key)
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
        try:
            fail()
        except ValueError:
            traceback.print_exc()
        class Careless:
            def __del__(self):
                raise RuntimeError("unraisable " + key)
        Careless()
        assert sys.stderr.fileno() == 2 and sys.stderr.encoding and not sys.stderr.isatty()
        sys.stderr.writelines(["lines ", key, "\\n"])
        raise RuntimeError("uncaught " + key)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    for place in ("printed", "warned", "logged", "thread", "unraisable", "lines", "uncaught"):
        assert f"{place} " in done.stderr
    assert done.stderr.count(MARK) >= 8
    assert "Pr0j" not in done.stderr
