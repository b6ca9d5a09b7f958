"""OpenCV, imported where a picture is worked on and nowhere earlier."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def opencv() -> Any:
    """OpenCV, imported on first use, with one thread to a call.

    Pictures are worked on in several threads at once; OpenCV's own threads on top of them would only wait
    for the same cores and slow down the model. OpenCV 5 warns on stderr whenever a detector is made; only
    its errors are let through.
    """
    import cv2

    cv2.setNumThreads(1)
    logging = getattr(cv2.utils, "logging", None)  # not in OpenCV 4.10, which does not warn either
    if logging is not None:
        logging.setLogLevel(logging.LOG_LEVEL_ERROR)
    return cv2
