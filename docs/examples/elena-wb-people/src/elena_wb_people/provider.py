"""A model that looks its answers up: pictures that people were shown are recognised by their pixels."""

import csv
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from math import log
from pathlib import Path
from statistics import fmean
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from elena_wb.core import ModelCard, ModelError, Request, Response, WorkbenchError
from elena_wb.data import load_image, pixel_digest


class NoOptions(BaseModel):
    """Nothing can follow ``?`` in the model's URI."""

    model_config = ConfigDict(extra="forbid")


class PeopleProvider:
    """Opens tables of answers. Nothing leaves the machine and nothing has to be installed."""

    options_model: ClassVar[type[BaseModel]] = NoOptions
    requires: ClassVar[Mapping[str, str]] = {}

    def destination(self, reference: str, options: BaseModel) -> str | None:
        """No host: pictures stay here."""
        return None

    def describe(self, reference: str, options: BaseModel) -> ModelCard:
        """The card, whose digest is that of the table: another table gives other answers."""
        try:
            digest = hashlib.sha256(Path(reference).read_bytes()).hexdigest()
        except OSError as error:
            raise ModelError(f"There is no table of answers at `{reference}`: {error.strerror}.") from error
        return ModelCard(f"people:{reference}", Path(reference).stem, digest)

    def open(self, reference: str, options: BaseModel) -> "People":
        """Read the table, and every picture that it names."""
        return People(self.describe(reference, options), Path(reference))


class People:
    """Answers as the people of a table did."""

    preferred_batch_size, max_concurrency = 32, 1

    def __init__(self, card: ModelCard, table: Path) -> None:
        self.card, self._closed = card, False
        self._rows: dict[str, list[Mapping[str, str]]] = defaultdict(list)
        seen = cache(lambda name: pixel_digest(load_image(table.parent / name).pixels))
        try:
            with table.open(encoding="utf-8-sig", newline="") as lines:
                for row in csv.DictReader(lines, restval=""):
                    self._rows[seen(row.get("picture", ""))].append(row)
        except (ValueError, csv.Error, WorkbenchError) as error:
            raise ModelError(f"The column `picture` of {table.name} cannot be followed: {error}") from error

    def generate(self, requests: Sequence[Request]) -> Iterator[Response]:
        """An answer to each request; an error where nobody was shown the picture."""
        if self._closed:
            raise ModelError("The table of answers was closed.")
        for index, request in enumerate(requests):
            try:
                yield _answer(index, self._rows.get(request.image_digest, ()), request.schema or {})
            except ValueError as error:  # one picture's failure must not lose the others
                yield Response(index, "", "error", error=str(error))

    def close(self) -> None:
        """The answers may go."""
        self._closed = True


def _answer(index: int, rows: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> Response:
    """The label that most people chose, the mean of their numbers, and the first of their texts."""
    if not rows:
        raise ValueError("Nobody was shown this picture as it is here.")
    answer: dict[str, object] = {}
    shares: dict[str, float] = {}
    for name, field in schema.get("properties", {}).items():
        cells = [row[name].strip() for row in rows if row.get(name, "").strip()]
        if cells and "enum" in field:
            spelt = {label.casefold(): label for label in field["enum"]}
            votes = Counter(spelt.get(cell.casefold(), cell) for cell in cells).most_common()
            tied = len(votes) > 1 and votes[0][1] == votes[1][1]
            answer[name] = "mixed" if tied else votes[0][0]  # `mixed` is read as an abstention
            shares = {label: log(count / len(cells)) for label, count in votes if label in field["enum"]}
        elif cells:
            numeric = field.get("type") in ("integer", "number")
            answer[name] = round(fmean(map(float, cells)), 2) if numeric else cells[0]
    return Response(index, json.dumps(answer, ensure_ascii=False), "stop", label_logprobs=shares)
