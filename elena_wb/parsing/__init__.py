"""Reading answers: whatever text a model gives becomes a :class:`~elena_wb.core.Narrative`.

:func:`parse` never raises and always ends quickly. What a model says is untrusted: strings are bounded
and can always be stored as UTF-8. May import core and vocabulary.
"""

from __future__ import annotations

from elena_wb.parsing.parse import parse

__all__ = ["parse"]
