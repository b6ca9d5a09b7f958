"""``python -m elena_wb`` is ``elena-wb``."""

from __future__ import annotations

from elena_wb.cli import main

main()
