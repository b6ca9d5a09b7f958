"""``masks.csv`` in a folder of masked copies: what each copy is of, and how much it hides.

It also tells our files from others': a copy that it lists may be made again, any other file may not. Originals
are named by their path below what was given, so that a folder that is handed on tells nothing of this machine.

Cells hold no control characters (they are written as escapes), and one that a spreadsheet would take for a formula
(it begins with ``=``, ``+``, ``-`` or ``@``) begins with ``'``, as does one that begins with ``'`` itself.
"""

from __future__ import annotations

import csv
import hashlib
import io
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields

from elena_wb.core import Region, SetupError
from elena_wb.data.writing import OutputFolder

MANIFEST = "masks.csv"
PENDING = "pending"
"""The status of a copy between the start of the work and its end: what a killed process leaves."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One copy. ``output`` and ``source`` are relative, with ``/``.

    ``status`` is ``masked``, ``partly`` (of a part nothing was found), ``nothing hidden``, ``failed`` or
    ``pending``. ``regions`` are those located (:func:`spelt`), ``covered`` the share of the picture hidden,
    ``residual_faces`` what an audit by ``detector`` found left; empty without one. ``original`` tells whoever has
    an original whether the copy is of it (:func:`original_mark`).
    """

    output: str
    source: str
    condition: str
    status: str = PENDING
    regions: str = ""
    covered: str = ""
    notes: str = ""
    masking: str = ""
    detector: str = ""
    residual_faces: str = ""
    original: str = ""


_MOST_REGIONS = 200
"""A cell longer than 128 KiB could not be read back."""
_SALT, _MARKED = 6, 12
"""Bytes of salt, and hexadecimal digits of digest, in the mark of an original."""
_QUOTED = ("=", "+", "-", "@", "'")
COLUMNS = tuple(field.name for field in fields(Entry))


def read_manifest(folder: OutputFolder) -> dict[str, Entry]:
    """Output → entry of an earlier time; empty where there is no manifest.

    Raises:
        SetupError: it cannot be read, or is another table.
    """
    path = folder.path([MANIFEST])
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, restval="")
            if tuple(reader.fieldnames or ()) != COLUMNS:
                raise SetupError(
                    f"{path} is no list of masked copies: its columns are others.",
                    hint="Choose another folder for the copies.",
                )
            rows = [{name: _plain(row[name]) for name in COLUMNS} for row in reader]
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SetupError(
            f"{path} cannot be read: {error}.", hint="Choose another folder for the copies."
        ) from error
    return {row["output"]: Entry(**row) for row in rows}


def write_manifest(folder: OutputFolder, entries: Mapping[str, Entry]) -> None:
    """Write ``entries``, sorted by output, in place of what is there.

    Raises:
        SetupError: the folder cannot be written to.
    """
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {name: _cell(text) for name, text in asdict(entries[output]).items()} for output in sorted(entries)
    )
    folder.write([MANIFEST], stream.getvalue().encode("utf-8", "backslashreplace"))


def original_mark(picture_id: str, earlier: Entry | None = None) -> str:
    """A mark of the picture ``picture_id``: the one that ``earlier`` bears where that is of the same, else a new one.

    It is salted afresh and short, so that no list of hashes, and no other folder of copies, tells what it is of.
    """
    if earlier is not None and is_of(earlier, picture_id):
        return earlier.original
    salt = secrets.token_hex(_SALT)
    return f"{salt}-{_salted(picture_id, salt)}"


def is_of(entry: Entry, picture_id: str) -> bool:
    """Whether ``entry`` is known to be of the picture ``picture_id``."""
    salt, _, digest = entry.original.partition("-")
    return bool(digest) and _salted(picture_id, salt) == digest


def _salted(picture_id: str, salt: str) -> str:
    return hashlib.sha256(f"{salt} {picture_id}".encode()).hexdigest()[:_MARKED]


def _cell(text: str) -> str:
    shown = "".join(
        one if one.isprintable() else one.encode("unicode_escape", "surrogatepass").decode() for one in text
    )
    return f"'{shown}" if shown.startswith(_QUOTED) else shown


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_QUOTED) else cell


def spelt(regions: Sequence[Region]) -> str:
    """Regions in one cell: ``face 120,80,44,56; left_hand …`` (left, top, width, height in whole pixels)."""
    cells = [
        f"{region.part} {region.box.x:.0f},{region.box.y:.0f},{region.box.w:.0f},{region.box.h:.0f}"
        for region in regions[:_MOST_REGIONS]
    ]
    more = [f"and {len(regions) - _MOST_REGIONS} more"] if len(regions) > _MOST_REGIONS else []
    return "; ".join(cells + more)
