"""A store in which everybody who can write something writes what would harm a page that believed it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from elena_wb.core import BodyPart, Label
from elena_wb.store import Store, finish_run, rename_run
from tests.findings.planted import put

MARKUP = "<script>document.title='owned'</script>"
TEXTS = (
    MARKUP,
    "</style><style>*{display:none}</style>",
    "]]><![CDATA[",
    "{{7*7}}{% raw %}${7*7}",
    '<img src=x onerror="document.title=1">',
    "<a href='javascript:document.title=1'>go</a>",
    "</pre></td></table></main><!-- ",
    "\x1b[31mred\x07\x00",
    "\u202egnp.tca\u2066",
    "'\"`&amp;&#60;b&#62;",
    "/home/alice/secret/photo.jpg and C:\\Users\\alice\\photo.jpg",
    "file:///home/alice/photo.jpg, \\\\nas-alice\\share\\p.jpg, /home/alice",
)
ALL = " ".join(TEXTS)


def fill(store: Store) -> tuple[int, ...]:
    """Three runs: unmasked, masked, and one that was imported; the numbers."""
    said: dict[str, Any] = {
        "raw_text": ALL,
        "narrative": f"Her hands shake. {ALL} fear",
        "explicit_description": ALL * 3,
        "implicit_description": "x" * 100_000,
        "emotion_raw": MARKUP,
        "valence": 2.0,
        "arousal": 8.0,
        "dominance": 3.0,
        "notes": (MARKUP,),
        "answered_by": MARKUP,
        "body_parts": (BodyPart(MARKUP, None, None), BodyPart("clenched fists", "hands", "hands")),
    }
    labels = {n: (Label(MARKUP, "ekman7", "fear"), Label("x", MARKUP, MARKUP)) for n in range(6)}
    card = {"name": MARKUP, "quantisation": "</td>", "notes": [ALL], "revision": "javascript:1"}
    made: dict[str, Any] = {
        "model_card": card,
        "model_uri": f"gguf:/home/alice/models/{MARKUP}.gguf",
        "prompt_text": ALL,
        "prompt_name": MARKUP,
        "experiment": ALL,
        "environment": {"python": MARKUP, "device": ALL, MARKUP: "1"},
        "options": {"sources": ["/home/alice/secret"], "masking": MARKUP, "prompt_variant": "<b>"},
    }
    first = {n: said | {"emotion": ("fear", MARKUP, "anger")[n % 3]} for n in range(6)}
    second = {
        n: said | {"emotion": ("anger", "fear", MARKUP)[n % 3], "narrative": f"No hands. {ALL}"}
        for n in range(5)
    }
    runs = [
        put(store, "a", first | {6: {"emotion": None, "error": ALL}}, labels, **made),
        put(store, "b", second, labels, condition="face", **made),
    ]
    imported = made | {"options": {"provenance": "imported", "file": f"/home/alice/{MARKUP}.json"}}
    runs.append(put(store, "c", {0: "!error", 1: "!refused", 2: "!unparsed"}, labels, **imported))
    with store.write() as connection:
        connection.execute("UPDATE generations SET error = ? WHERE status = 'error'", [ALL * 20])
        connection.execute(
            "UPDATE stimuli SET path = '/home/alice/secret/' || ? || right(path, 8)",
            ["\u202e<img onerror=x>{{7*7}}"],
        )
        connection.execute("UPDATE runs SET planned = 7, environment = ?", [json.dumps(made["environment"])])
    for run_id in runs:
        finish_run(store, run_id, "done")
        rename_run(store, run_id, f"{MARKUP}{run_id}")
    return tuple(runs)


def shown_at(path: Path) -> str:
    """The report as text."""
    return path.read_bytes().decode("utf-8")
