"""Where a model answers: here, in several processes of this machine, or wherever a plugin spreads it."""

from __future__ import annotations
