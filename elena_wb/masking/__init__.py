"""From a condition to masked pixels: locators find regions, maskers hide them.

Imports core and, inside the detectors only, OpenCV. :func:`resolve` turns a condition into a
:class:`Masking` that worker threads apply to one picture after the other.
"""

from __future__ import annotations

from elena_wb.masking.applying import Located, Masked, Masking
from elena_wb.masking.audit import Audit, audit, audits, choose_auditor
from elena_wb.masking.resolving import resolve
from elena_wb.masking.wording import NO_ROOM, NOTHING_HIDDEN

__all__ = [
    "NOTHING_HIDDEN",
    "NO_ROOM",
    "Audit",
    "Located",
    "Masked",
    "Masking",
    "audit",
    "audits",
    "choose_auditor",
    "resolve",
]
