"""Facial expressions of the seven emotions as drawing parameters.

The action patterns follow the classic descriptions of Ekman and Friesen ("Unmasking the Face", 1975):
raised cheeks and lip corners for happiness, raised inner brows and lowered corners for sadness, raised
straight brows, wide eyes and stretched lips for fear, lowered brows with pressed or bared lips for anger,
high arched brows and a dropped jaw for surprise, a wrinkled nose and a raised upper lip for disgust.
"""

from dataclasses import fields, replace

import numpy as np

from elena_wb_tiny.stimuli.scene import Expression

REST = Expression(
    brow_in=0.44, brow_mid=0.53, brow_out=0.43,
    lid_up=0.17, lid_low=0.15, lid_slant=0.0, pupil=0.105, gaze=0.0,
    mouth_v=-0.50, mouth_width=0.27, mouth_lift=0.045, mouth_skew=0.0, mouth_up=0.0, mouth_low=0.0,
    mouth_square=0.5,
    teeth=0.0, tongue=0.0, wrinkle=0.0, flush=0.0, tears=0.0,
)  # fmt: skip

EXPRESSIONS: dict[str, dict[str, Expression]] = {
    "happiness": {
        "laugh": replace(
            REST, brow_in=0.48, brow_mid=0.61, brow_out=0.47, lid_up=0.15, lid_low=-0.05, mouth_v=-0.58,
            mouth_width=0.48, mouth_lift=0.26, mouth_up=0.0, mouth_low=0.34, mouth_square=0.5, teeth=0.35,
            flush=0.8,
        ),
        "smile": replace(
            REST, brow_in=0.47, brow_mid=0.60, brow_out=0.46, lid_up=0.16, lid_low=0.02, mouth_v=-0.60,
            mouth_width=0.50, mouth_lift=0.28, mouth_low=0.19, mouth_square=0.5, teeth=0.9, flush=1.0,
        ),
    },
    "sadness": {
        "tears": replace(
            REST, brow_in=0.58, brow_mid=0.46, brow_out=0.27, lid_up=0.09, lid_low=0.13, lid_slant=-0.10,
            gaze=-0.06,
            mouth_v=-0.40, mouth_width=0.31, mouth_lift=-0.22, tears=1.0,
        ),
        "frown": replace(
            REST, brow_in=0.57, brow_mid=0.45, brow_out=0.27, lid_up=0.06, lid_low=0.12, lid_slant=-0.12,
            gaze=-0.07,
            mouth_v=-0.38, mouth_width=0.35, mouth_lift=-0.26,
        ),
    },
    "fear": {
        "stretched": replace(
            REST, brow_in=0.68, brow_mid=0.60, brow_out=0.46, lid_up=0.26, lid_low=0.21, pupil=0.062,
            mouth_v=-0.52, mouth_width=0.45, mouth_lift=-0.07, mouth_up=0.10, mouth_low=0.12,
            mouth_square=0.18, teeth=1.0,
        ),
        "gasp": replace(
            REST, brow_in=0.69, brow_mid=0.60, brow_out=0.45, lid_up=0.27, lid_low=0.21, pupil=0.058,
            mouth_v=-0.51, mouth_width=0.43, mouth_lift=-0.12, mouth_up=0.10, mouth_low=0.13,
            mouth_square=0.25, teeth=0.4,
        ),
    },
    "anger": {
        "bared": replace(
            REST, brow_in=0.16, brow_mid=0.34, brow_out=0.55, lid_up=0.12, lid_low=0.11, lid_slant=0.16,
            pupil=0.085,
            mouth_v=-0.52, mouth_width=0.37, mouth_lift=-0.06, mouth_up=0.11, mouth_low=0.12,
            mouth_square=0.15,
            teeth=1.0, flush=0.3,
        ),
        "pressed": replace(
            REST, brow_in=0.14, brow_mid=0.33, brow_out=0.56, lid_up=0.11, lid_low=0.10, lid_slant=0.17,
            pupil=0.085,
            mouth_v=-0.50, mouth_width=0.36, mouth_lift=-0.11, flush=0.3,
        ),
    },
    "surprise": {
        "oval": replace(
            REST, brow_in=0.60, brow_mid=0.78, brow_out=0.60, lid_up=0.25, lid_low=0.22, pupil=0.085,
            mouth_v=-0.56, mouth_width=0.20, mouth_lift=0.0, mouth_up=0.20, mouth_low=0.24, mouth_square=0.5,
        ),
        "drop": replace(
            REST, brow_in=0.61, brow_mid=0.79, brow_out=0.60, lid_up=0.24, lid_low=0.21, pupil=0.09,
            mouth_v=-0.55, mouth_width=0.16, mouth_lift=0.0, mouth_up=0.15, mouth_low=0.19, mouth_square=0.5,
        ),
    },
    "disgust": {
        "tongue": replace(
            REST, brow_in=0.26, brow_mid=0.36, brow_out=0.42, lid_up=0.06, lid_low=0.05, lid_slant=0.05,
            mouth_v=-0.43, mouth_width=0.36, mouth_lift=-0.16, mouth_skew=0.04, mouth_up=0.03, mouth_low=0.12,
            mouth_square=0.4, tongue=1.0, wrinkle=1.0,
        ),
        "curl": replace(
            REST, brow_in=0.25, brow_mid=0.35, brow_out=0.43, lid_up=0.055, lid_low=0.045, lid_slant=0.05,
            mouth_v=-0.43, mouth_width=0.37, mouth_lift=-0.15, mouth_skew=0.10, mouth_up=0.10, mouth_low=0.04,
            mouth_square=0.4, teeth=0.5, tongue=0.6, wrinkle=1.0,
        ),
    },
    "neutral": {"calm": REST},
}  # fmt: skip

FACE_CLASSES: dict[str, tuple[str, str, str]] = {
    "happiness": ("level", "narrow", "smile"),
    "sadness": ("slanted", "downcast", "down"),
    "fear": ("raised", "wide", "stretched"),
    "anger": ("lowered", "narrow", "tight"),
    "surprise": ("raised", "wide", "round"),
    "disgust": ("lowered", "narrow", "curled"),
    "neutral": ("level", "normal", "flat"),
}
"""Brows, eyes and mouth classes of a clear expression."""


def express(emotion: str, variant: str, intensity: float, rng: np.random.Generator) -> Expression:
    """Blend from the resting face to the named one and jitter every moving feature a little."""
    full = EXPRESSIONS[emotion][variant]
    spread = {
        "pupil": 0.006,
        "mouth_square": 0.02,
        "teeth": 0.0,
        "tongue": 0.0,
        "wrinkle": 0.0,
        "flush": 0.0,
        "tears": 0.0,
    }
    values: dict[str, float] = {}
    for field in fields(Expression):
        rest, goal = getattr(REST, field.name), getattr(full, field.name)
        jitter = float(rng.normal(0.0, spread.get(field.name, 0.012)))
        if field.name in ("mouth_up", "mouth_low", "lid_low", "lid_up"):
            jitter *= 0.6 if goal != rest else 0.3
        values[field.name] = rest + intensity * (goal - rest) + jitter
    values["mouth_up"] = max(values["mouth_up"], 0.0)
    values["mouth_low"] = max(values["mouth_low"], 0.0)
    if emotion == "neutral":
        values["mouth_lift"] = abs(values["mouth_lift"])
    return Expression(**values)
