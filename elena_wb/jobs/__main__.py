"""``python -m elena_wb.jobs STORE ENVIRONMENT``: the process that works through the jobs of a store."""

from __future__ import annotations

import sys
from pathlib import Path

from elena_wb.jobs.working import work_through

if __name__ == "__main__":
    sys.exit(work_through(Path(sys.argv[1]), sys.argv[2]))
