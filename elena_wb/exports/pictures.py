"""Pictures that go along with answers: as the model was shown them, if they may leave this machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from elena_wb.core import Condition, ImageError, Upload, WorkbenchError
from elena_wb.data.policy import Policies, stricter
from elena_wb.data.writing import FORMATS, encode
from elena_wb.engine.showing import shown
from elena_wb.plugins import PluginHost
from elena_wb.store import Store, known_uploads
from elena_wb.store.asked import asked
from elena_wb.store.exporting import kept_here

Wanted = Literal["none", "allowed", "all"]

_LOCAL = "must stay on this machine (local-only)"
_FACE = "may leave only with the face hidden and no face found by an audit (masked-only)"


class Pictures:
    """Makes the pictures of answers and counts those that are left out, by reason.

    With ``restricted`` pictures that must stay here are made too. ``uploads`` are the user's settings of folders.
    """

    def __init__(
        self, store: Store, host: PluginHost, uploads: Mapping[str, Upload], *, restricted: bool
    ) -> None:
        self._store, self._host, self._restricted = store, host, restricted
        self._policies = Policies(uploads, known_uploads(store))
        self._kept = frozenset() if restricted else kept_here(store)
        self.left_out: Counter[str] = Counter()

    def several(self, rows: Sequence[Mapping[str, Any]]) -> list[bytes | None]:
        """The pictures of answers as PNG files of nothing but their pixels; ``None`` where one is left out.

        A row has ``generation_id``, ``stimulus_id``, and as ``residual_faces`` what an audit of its mask found;
        ``None`` where there was none.
        """
        with self._store.read():  # opened once for all of them
            made = [
                _LOCAL
                if row["stimulus_id"] in self._kept
                else self._made(row["generation_id"], row["residual_faces"])
                for row in rows
            ]
        self.left_out.update(reason for reason in made if isinstance(reason, str))
        return [None if isinstance(one, str) else one for one in made]

    def _made(self, generation_id: str, residual_faces: int | None) -> bytes | str:
        question = asked(self._store, generation_id)
        if question is None:
            return "belong to answers that are gone"
        if not self._restricted:
            policies = {self._policies.applied(question.stimulus).upload, question.stimulus.upload}
            policies |= {said for path in question.paths if (said := self._policies.of_picture(path))}
            policy = stricter(policies)
            if policy == "local-only":
                return _LOCAL
            hidden = Condition.parse(question.run.condition).hides_face and residual_faces == 0
            if policy == "masked-only" and not hidden:
                return _FACE
        try:
            found = shown(self._store, self._host, generation_id)
            if found.seen is None:
                return "are gone, have changed or cannot be hidden again as they were"
            return encode(found.seen, FORMATS["png"])
        except (ImageError, WorkbenchError):
            return "cannot be read"
