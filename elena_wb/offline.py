"""Whether the network may be used, and a guard that holds whatever runs in this process to it."""

from __future__ import annotations

import os

VARIABLE = "ELENA_WB_OFFLINE"


def is_offline() -> bool:
    """Whether the user forbade every use of the network (``--offline``, or the variable ``ELENA_WB_OFFLINE``)."""
    return os.environ.get(VARIABLE, "").strip().lower() in {"1", "true", "yes", "on"}
