"""Where models looked, as pictures in a folder: heat maps over what the model was shown, and a list of them.

They are copies of what the model saw, so they bear the rules of their originals (:mod:`elena_wb.engine.copies`).
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from elena_wb.analysis.gaze_telling import told_parts
from elena_wb.core import SetupError, Stimulus, UsageError
from elena_wb.data.naming import safe_name
from elena_wb.data.writing import FORMATS, OutputFolder, encode
from elena_wb.drawing import grid, overlay
from elena_wb.engine.copies.folder import check_apart, check_folder
from elena_wb.engine.copies.marker import check_marker, mark
from elena_wb.engine.copies.persons import strictest

if TYPE_CHECKING:
    from PIL import Image

    from elena_wb.core import Upload
    from elena_wb.engine.attending import Seen, Wanted

INDEX = "index.csv"
_FORMULA = ("=", "+", "-", "@", "'")
_SAVED_EVERY = 100
_STEM, _TOKEN, _WORDS = 40, 24, 60
"""Characters of a picture's name, of a target's, and of the words in a title."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """One picture: ``file`` below the folder with ``/``; ``view`` is ``mean``, of the layers, or ``layers``, each."""

    file: str
    view: str
    run_id: str
    condition: str
    picture: str
    person: str
    repeat: str
    emotion: str
    target: str
    words: str
    method: str
    heads: str
    layers: str
    sinks: str
    generation_id: str


_COLUMNS = tuple(field.name for field in fields(Drawn))


class Album:
    """The folder that ``--out`` names. Files that are not its own are never replaced."""

    def __init__(
        self, out: Path, wanted: Wanted, stimuli: Iterable[Stimulus], sources: Sequence[str | Path]
    ) -> None:
        """Look at the folder; nothing is written yet. ``sources`` are the folders and files that the runs are of.

        Raises:
            UsageError: it lies among the originals, or holds other files that the rules of these would bind.
            SetupError: its list cannot be read, or is another table.
        """
        stimuli = list(stimuli)
        check_folder(out, sources)
        check_apart(out, (stimulus.path for stimulus in stimuli))
        self.folder = OutputFolder(out)
        self.written = 0
        self._wanted = wanted
        self._drawn = _read_index(self.folder)
        self._upload: Upload = strictest(stimuli)
        self._unsaved = 0
        self._there = {
            (one.generation_id, one.method, one.heads, one.layers)
            for one in self._drawn.values()
            if self.folder.path(one.file.split("/")).is_file()
        }
        try:
            self.note = check_marker(self.folder, self._upload, ours={*self._drawn, INDEX}, overwrite=False)
        except UsageError as problem:
            raise UsageError(problem.message, hint="Choose another folder for --out.") from problem

    def holds(self, generation_id: str) -> bool:
        """Whether the pictures of an answer, looked at in this way, are there."""
        return (generation_id, *self._way) in self._there

    @property
    def _way(self) -> tuple[str, str, str]:
        layers = self._wanted.layers
        return (
            self._wanted.method,
            self._wanted.heads,
            "all" if layers is None else " ".join(map(str, layers)),
        )

    def add(self, seen: Seen) -> None:
        """Draw one answer: for each target that it has, the mean of the layers, and each layer where there are several.

        Raises:
            UsageError: a file that is not ours is in the way.
            SetupError: nothing can be written.
        """
        if not self.written:
            mark(self.folder, self._upload)
        told = told_parts(seen.parts)
        outlines = {part: boxes for part, boxes in seen.parts.items() if part in told}
        for place, target in enumerate(seen.targets):
            weights = np.asarray(seen.record.weights[place], dtype=np.float64).mean(axis=1)
            if not np.isfinite(weights).all():
                continue
            words = _words(seen.text, target.spans)
            title = f"{target.name} “{words}” · run {seen.run_id} ({seen.condition})"
            if self._wanted.method != "raw":
                title += f" · {self._wanted.method}"
            layers = seen.record.layers
            over = f"layer {layers[0]}" if len(layers) == 1 else f"mean of {len(layers)} layers"
            drawn = overlay(
                seen.pixels,
                seen.record.blocks,
                weights.mean(axis=0),
                outlines=outlines,
                title=f"{title} · {over}",
                sinks=seen.measures.sinks,
            )
            self._put(seen, target.name, words, "mean", drawn)
            if len(layers) > 1:
                drawn = grid(
                    seen.pixels,
                    seen.record.blocks,
                    weights,
                    layers,
                    outlines=outlines,
                    title=title,
                    sinks=seen.measures.sinks,
                )
                self._put(seen, target.name, words, "layers", drawn)
        if self._unsaved >= _SAVED_EVERY:
            self.save()

    def save(self) -> None:
        """Write the list of pictures.

        Raises:
            SetupError: it cannot be written.
        """
        if self._unsaved:
            _write_index(self.folder, self._drawn)
            self._unsaved = 0

    def _put(self, seen: Seen, target: str, words: str, view: str, image: Image.Image) -> None:
        stimulus = seen.stimulus
        name = "-".join(
            filter(
                None,
                [
                    safe_name(stimulus.path.stem)[:_STEM],
                    stimulus.stimulus_id[:6],
                    f"{seen.repeat}" if seen.repeat else "",
                    token_name(target),
                    "layers" if view == "layers" else "",
                ],
            )
        )
        parts = [f"run-{seen.run_id}", f"{name}.png"]
        file = "/".join(parts)
        if file not in self._drawn and self.folder.path(parts).exists():
            raise UsageError(
                f"{self.folder.path(parts)} is in the way, and {INDEX} does not list it.",
                hint="Choose another folder for --out.",
            )
        self.folder.write(parts, encode(np.asarray(image.convert("RGB")), FORMATS["png"]))
        method, heads, layers = self._way
        self._drawn[file] = Drawn(
            file=file,
            view=view,
            run_id=str(seen.run_id),
            condition=str(seen.condition),
            picture=stimulus.path.name,
            person="" if stimulus.person_index is None else str(stimulus.person_index),
            repeat=str(seen.repeat),
            emotion=seen.emotion or "",
            target=target,
            words=words,
            method=method,
            heads=heads,
            layers=layers,
            sinks=str(int(seen.measures.sinks.sum())),
            generation_id=seen.generation_id,
        )
        self.written += 1
        self._unsaved += 1


def token_name(target: str) -> str:
    """A target as part of a file's name; what is not plain in it is told apart by a digest."""
    plain = re.sub(r"[^a-z0-9]+", "-", target.lower()).strip("-")[:_TOKEN]
    if plain == target.lower().replace(":", "-").replace(" ", "-").replace("_", "-"):
        return plain
    return f"{plain or 'pattern'}-{hashlib.sha256(target.encode('utf-8', 'surrogatepass')).hexdigest()[:4]}"


def _words(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The words themselves, on one line and not too long."""
    said = ", ".join(dict.fromkeys(" ".join(text[start:end].split()) for start, end in spans))
    shown = "".join(character if character.isprintable() else "·" for character in said)
    return shown if len(shown) <= _WORDS else shown[: _WORDS - 1] + "…"


def _read_index(folder: OutputFolder) -> dict[str, Drawn]:
    path = folder.path([INDEX])
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, restval="")
            if tuple(reader.fieldnames or ()) != _COLUMNS:
                raise SetupError(
                    f"{path} is no list of attention pictures: its columns are others.",
                    hint="Choose another folder for --out.",
                )
            rows = [{name: _plain(row[name]) for name in _COLUMNS} for row in reader]
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SetupError(
            f"{path} cannot be read: {error}.", hint="Choose another folder for --out."
        ) from error
    return {row["file"]: Drawn(**row) for row in rows}


def _write_index(folder: OutputFolder, drawn: Mapping[str, Drawn]) -> None:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {name: _cell(text) for name, text in asdict(drawn[file]).items()} for file in sorted(drawn)
    )
    folder.write([INDEX], stream.getvalue().encode("utf-8", "backslashreplace"))


def _cell(text: str) -> str:
    """No control characters, and nothing that a spreadsheet takes for a formula."""
    shown = "".join(
        one if one.isprintable() else one.encode("unicode_escape", "surrogatepass").decode() for one in text
    )
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell
