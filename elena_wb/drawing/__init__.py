"""Pictures of what was measured, for files, the interface and reports alike.

Imports core, numpy, Pillow and OpenCV.
"""

from __future__ import annotations
