"""Answers in the JSON that ELENA's scripts write (arXiv 2509.19595): an object keyed by the file name of the picture.

``elena-wb import FILE --as elena`` reads it back (:mod:`elena_wb.data.published`). Runs that were imported from the
older, numbered form leave in it; all others have the fields of the structured prompt.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from elena_wb.core import UsageError
from elena_wb.exports.exporting import Exported
from elena_wb.exports.kinds import Kind
from elena_wb.store import Store
from elena_wb.store.exporting import elena_entries, elena_paths, reading, run_facts
from elena_wb.store.leaving import shortest_names

_SCHEME = "ekman7"


def write_elena(store: Store, run_ids: Sequence[int], path: Path, *, paths: bool) -> Exported:
    """Write the answers of one run; a picture has one, so that repeats and further persons in it are left out.

    Raises:
        UsageError: several runs are asked for, or one whose answers are labels of another scheme.
    """
    if len(run_ids) != 1:
        raise UsageError(
            "A file in ELENA's form holds one run.", hint="Export each run to a file of its own."
        )
    with reading(store) as connection:
        (run,) = run_facts(connection, run_ids)
        scheme = run["options"].get("scheme") or _SCHEME
        if scheme != _SCHEME:
            raise UsageError(
                f"Run {run['run_id']} answers in labels of {scheme}, and ELENA's form has those of {_SCHEME}.",
                hint="`--as jsonl` holds any.",
            )
        known = elena_paths(connection, run["run_id"])
        names = dict(zip(known, known if paths else shortest_names(known), strict=True))
        written: set[str] = set()
        with path.open("w", encoding="utf-8", errors="replace") as out:
            out.write("{")
            for of, entry in elena_entries(
                connection, run["run_id"], numbered=run["options"].get("form") == "numbered"
            ):
                name = names[of]
                if name in written:
                    continue
                out.write(",\n" if written else "\n")
                out.write(f"{json.dumps(name, ensure_ascii=False)}: {entry}")
                written.add(name)
            out.write("\n}\n")
    left_out = run["answers"] - len(written)
    notes = (
        "ELENA's form has one answer a picture: repeats and further persons in a picture are left out.",
    ) * bool(left_out)
    return Exported(Kind.ELENA, path, len(written), "answers", left_out=left_out, notes=notes)
