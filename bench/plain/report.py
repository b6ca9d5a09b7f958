"""All of the other scripts, with the files read once, and the tables as one HTML file."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stdout
from html import escape
from pathlib import Path

from bench.plain import answers, ratings
from bench.plain.bias import bias
from bench.plain.compare import compared
from bench.plain.narratives import narratives
from bench.plain.ratings import rated
from bench.plain.score import scores

if __name__ == "__main__":
    frame = answers(sys.argv[1:])
    out = io.StringIO()
    with redirect_stdout(out):
        scores(frame)
        compared(frame)
        bias(frame)
        narratives(frame)
        rated(frame, ratings(sys.argv[1:]))
    Path("plain.html").write_text(f"<pre>{escape(out.getvalue())}</pre>", encoding="utf-8")
