"""The list of copies while they are made: true at every moment, also where the process is killed.

The list on disk is written again before every so many pictures. What was finished until then is in it, what is about
to be made is ``pending``, and copies that are not reached yet stay listed as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from elena_wb.data.writing import OutputFolder
from elena_wb.engine.copies.manifest import PENDING, Entry, original_mark, write_manifest


class Ledger:
    """The entries of one folder, of which ``earlier`` are there already. Used by one thread."""

    def __init__(self, folder: OutputFolder, earlier: Mapping[str, Entry]) -> None:
        self._folder = folder
        self._entries = dict(earlier)
        self._earlier = earlier
        self._expected: set[str] = set()

    def expect(self, entries: Iterable[Entry]) -> None:
        """Say in the list on disk that these copies are about to be made.

        Raises:
            SetupError: the folder cannot be written to.
        """
        for entry in entries:
            notes = _may_still_be(self._earlier.get(entry.output))
            self._entries[entry.output] = replace(entry, status=PENDING, notes=notes)
            self._expected.add(entry.output)
        self.save()

    def original_mark(self, output: str, picture_id: str) -> str:
        """The mark of the picture that ``output`` is a copy of; that of before, where it is the same picture."""
        return original_mark(picture_id, self._entries.get(output))

    def enter(self, entries: Iterable[Entry]) -> None:
        """Take down what became of copies that were expected; on disk it is the next time the list is saved."""
        for entry in entries:
            self._entries[entry.output] = entry
            self._expected.discard(entry.output)

    def save(self) -> None:
        """Write the list.

        Raises:
            SetupError: the folder cannot be written to.
        """
        write_manifest(self._folder, self._entries)

    def close(self) -> None:
        """Write the list for the last time; what was expected and not begun is listed as it was before.

        Raises:
            SetupError: the folder cannot be written to.
        """
        for output in self._expected:
            if output in self._earlier:
                self._entries[output] = self._earlier[output]
            else:
                del self._entries[output]
        self._expected.clear()
        self.save()


def _may_still_be(earlier: Entry | None) -> str:
    if earlier is None:
        return ""
    if earlier.status == PENDING:
        return earlier.notes
    return f"may still be the copy from before: {earlier.condition}, {earlier.status}"
