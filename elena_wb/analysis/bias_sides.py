"""What is known of each question with nothing hidden, with the face hidden and with as much elsewhere hidden."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from elena_wb.analysis.comparing import FAILED
from elena_wb.core import ABSTAINED, Estimate

Codes: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

UNMASKED, HIDDEN, CONTROL = range(3)
NOTHING = Estimate(math.nan, math.nan, math.nan, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Questions:
    """*n* questions (stimulus and repeat), and what was answered.

    ``stimulus`` (int64 ``[n]``) says which are about the same. ``answers`` (int64 ``[n, 3]``: nothing hidden, the face,
    elsewhere) are positions of labels, or what stands for none: :data:`elena_wb.core.ABSTAINED` and its like,
    ``FAILED``, ``MISSING``; ``asked`` (bool, 3) says of which sides there is a run. ``truth``, ``of_face`` and
    ``of_body`` (int64 ``[n]``) are positions or -1. Flags (bool ``[n]``): ``unfound``, no face was found to hide;
    ``no_room``, none for the control; ``face_left``, an audit saw one in the masked picture; ``unaudited``, the mask
    is not known to be whole and had to be. ``facial`` and ``known`` (int64 ``[n, 2]``: nothing hidden, the face) count
    the named parts that are of the face and those that are parts at all; ``speaks`` (int64 ``[n, 2]``) is 1 where the
    words of the answer speak of a face, 0 where not, -1 where it has none.
    """

    labels: int
    asked: tuple[bool, bool, bool]
    stimulus: Codes
    answers: Codes
    truth: Codes
    of_face: Codes
    of_body: Codes
    unfound: Flags
    no_room: Flags
    face_left: Flags
    unaudited: Flags
    facial: Codes
    known: Codes
    speaks: Codes

    def hidden_well(self) -> Flags:
        """The questions asked of the unmasked and the hidden side (as far as there are runs) with the face hidden."""
        kept = np.ones(len(self.stimulus), dtype=np.bool_)
        for side in (UNMASKED, HIDDEN):
            if self.asked[side]:
                kept &= self.answers[:, side] > FAILED
        if self.asked[HIDDEN]:
            kept &= ~(self.unfound | self.face_left | self.unaudited)
        return kept

    def read(self) -> Flags:
        """The questions whose answers with nothing and with the face hidden could be read."""
        sides = [side for side in (UNMASKED, HIDDEN) if self.asked[side]]
        return np.asarray((self.answers[:, sides] >= ABSTAINED).all(axis=1))


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Questions that count for nothing, each once: for the first of these reasons that holds.

    One of the answers is not there; one failed; no face was found to hide; an audit saw a face in the masked picture;
    the mask was not audited and had to be; there was no room for the control.
    """

    missing: int = 0
    failed: int = 0
    unfound: int = 0
    face_left: int = 0
    unaudited: int = 0
    no_room: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return sum((self.missing, self.failed, self.unfound, self.face_left, self.unaudited, self.no_room))


@dataclass(frozen=True, slots=True)
class Sides:
    """A figure on each side, and its changes; ``stimuli`` is of how many.

    ``change`` is of hiding the face, ``control_change`` of hiding as much elsewhere, ``beyond`` the first less the
    second, over the same questions. ``p`` is of ``beyond`` being 0 where there is a control, else of ``change``.
    """

    unmasked: Estimate = NOTHING
    hidden: Estimate = NOTHING
    control: Estimate = NOTHING
    change: Estimate = NOTHING
    control_change: Estimate = NOTHING
    beyond: Estimate = NOTHING
    p: float = math.nan
    stimuli: int = 0
