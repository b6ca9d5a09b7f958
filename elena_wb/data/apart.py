"""Reading ``Annotations.mat`` in a process of its own: a damaged file can make the reader of Matlab files crash.

What comes back is JSON, and nothing in it is trusted to be more.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from elena_wb.core import Box, Label, Problem, UsageError
from elena_wb.data.persons import Annotation

_CHILD = "from elena_wb.data.apart import answer; answer()"
_PATIENCE_S = 900


def read_mat_apart(path: Path) -> tuple[list[Annotation], list[Problem]]:
    """As :func:`elena_wb.data.emotic_mat.read_mat`, which it has another process do.

    Raises:
        UsageError: it is no such file, or makes the other process crash.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _CHILD, str(path)],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UsageError(f"{path} was not read within {_PATIENCE_S // 60} minutes.") from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or [""]
        raise UsageError(
            f"{path} is no Matlab file that can be read: the reader stopped with {done.returncode}. {said[0]}".strip(),
            hint="Get the file again.",
        )
    told = json.loads(done.stdout)
    if "refused" in told:
        raise UsageError(told["refused"], hint=told["hint"])
    problems = [Problem(where, reason, excludes=False, kind="row") for where, reason in told["problems"]]
    return [_annotation(plain) for plain in told["annotations"]], problems


def answer() -> None:
    """The other process: read the file that is named as argument, print what it says as JSON."""
    from elena_wb.data.emotic_mat import read_mat

    try:
        annotations, problems = read_mat(Path(sys.argv[1]))
    except UsageError as error:
        json.dump({"refused": error.message, "hint": error.hint}, sys.stdout)
        return
    json.dump(
        {
            "annotations": [_plain(one) for one in annotations],
            "problems": [(one.where, one.reason) for one in problems],
        },
        sys.stdout,
    )


def _plain(one: Annotation) -> tuple[Any, ...]:
    box = None if one.box is None else (one.box.x, one.box.y, one.box.w, one.box.h)
    labels = [(of.source, of.scheme, of.label, of.valence, of.arousal, of.dominance) for of in one.labels]
    return one.where, one.picture, labels, box, one.split, dict(one.attributes)


def _annotation(plain: list[Any]) -> Annotation:
    where, picture, labels, box, split, attributes = plain
    return Annotation(
        where, picture, tuple(Label(*of) for of in labels), box and Box(*box), split, attributes
    )
