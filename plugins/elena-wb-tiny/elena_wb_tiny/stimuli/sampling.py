"""Drawing a scene at random, reproducibly: the same (seed, index, incongruent) always gives the same
scene."""

import colorsys

import numpy as np

from elena_wb_tiny.stimuli.faces import EXPRESSIONS, express
from elena_wb_tiny.stimuli.postures import AMBIGUOUS, CALM, FAMILIES, Posture, take
from elena_wb_tiny.stimuli.scene import EMOTIONS, Camera, Colour, Look, Scene

WEAK_SHARE = 0.27
"""Share of congruent figures whose body alone does not tell the emotion: half faint, half in a shared
posture."""

_SKINS = ((255, 219, 188), (242, 199, 160), (224, 172, 130), (198, 140, 98), (158, 104, 68), (120, 76, 50))
_HAIRS = ((34, 26, 24), (58, 38, 26), (96, 60, 34), (150, 100, 52), (196, 156, 92), (132, 52, 32))


def sample(seed: int, index: int, *, incongruent: bool = False) -> Scene:
    """Draw scene `index` of the set `seed`.

    Congruent scenes cycle through the emotions, so that any seven consecutive indices hold each once.
    Incongruent ones pair different emotions of face and body, both clear; neutral takes part at a third of
    its turn.
    """
    rng = np.random.default_rng([seed, index, int(incongruent)])
    body = EMOTIONS[index % len(EMOTIONS)]
    face = body
    if incongruent:
        if body == "neutral" and rng.random() < 0.67:
            body = str(rng.choice(EMOTIONS[:-1]))
        odds = np.array([0.0 if e == body else 0.33 if e == "neutral" else 1.0 for e in EMOTIONS])
        face = str(rng.choice(EMOTIONS, p=odds / odds.sum()))
    posture, amount, ambiguous = _body(body, rng, always_clear=incongruent)
    face_intensity = float(rng.uniform(0.65, 1.0))
    if not incongruent and not ambiguous and amount > 0.5 and rng.random() < 0.08:
        face_intensity = float(rng.uniform(0.1, 0.4))
    variant = str(rng.choice(list(EXPRESSIONS[face])))
    view, yaw = ("frontal", float(rng.uniform(-8, 8)))
    if rng.random() < 0.45:
        view, yaw = "turned", float(rng.choice([-1.0, 1.0]) * rng.uniform(34, 48))
    mirror = bool(rng.random() < 0.5)
    if posture.claims.head == "turned_away" and view == "turned":
        # Averting the head further from the viewer would hide the face: it turns back across the viewer's
        # line.
        mirror = yaw < 0
    clear = amount >= 0.5
    return Scene(
        seed=seed,
        index=index,
        body_emotion=body,
        face_emotion=face,
        body_intensity=round(amount, 3),
        face_intensity=round(face_intensity, 3),
        posture=posture.name,
        face_variant=variant,
        ambiguous=ambiguous,
        view="turned" if view == "turned" else "frontal",
        framing="waist" if rng.random() < 0.5 else "full",
        pose=take(posture, amount, rng, mirror=mirror),
        expression=express(face, variant, face_intensity, rng),
        claims=posture.claims if clear else CALM.claims,
        look=_look(rng),
        camera=Camera(
            yaw=yaw,
            fill=float(rng.uniform(0.88, 0.98)),
            slack_x=float(rng.random()),
            slack_y=float(rng.random()),
        ),
    )


def _body(emotion: str, rng: np.random.Generator, *, always_clear: bool) -> tuple[Posture, float, bool]:
    """Choose a posture and how far the figure goes into it; nothing between .30 and .66, where classes
    would blur."""
    own = FAMILIES[emotion][int(rng.integers(len(FAMILIES[emotion])))]
    strong = float(rng.uniform(0.68, 1.0))
    if always_clear or rng.random() >= WEAK_SHARE:
        return own, strong, False
    if emotion != "neutral" and rng.random() < 0.5:
        return own, float(rng.uniform(0.05, 0.28)), False
    shared = [posture for pair, posture in AMBIGUOUS.items() if emotion in pair]
    return shared[int(rng.integers(len(shared)))], float(rng.uniform(0.75, 1.0)), True


def _look(rng: np.random.Generator) -> Look:
    hue = float(rng.random())
    far = _colour(hue, rng.uniform(0.08, 0.42), rng.uniform(0.55, 0.97))
    near = _colour(hue + rng.uniform(-0.08, 0.08), rng.uniform(0.08, 0.45), rng.uniform(0.45, 0.95))
    clothes_hue = hue + float(rng.uniform(0.2, 0.8))
    side = float(rng.choice([-1.0, 1.0]))
    return Look(
        skin=_vary(_SKINS[int(rng.integers(len(_SKINS)))], 10, rng),
        hair=_vary(_HAIRS[int(rng.integers(len(_HAIRS)))], 8, rng),
        top=_colour(clothes_hue, rng.uniform(0.4, 0.9), rng.uniform(0.45, 0.9)),
        trousers=_colour(clothes_hue + rng.uniform(0.25, 0.6), rng.uniform(0.2, 0.7), rng.uniform(0.25, 0.6)),
        shoes=_colour(float(rng.random()), rng.uniform(0.1, 0.6), rng.uniform(0.15, 0.4)),
        backdrop=(far, near),
        backdrop_kind=("plain", "gradient", "floor", "clutter")[
            int(rng.choice(4, p=[0.15, 0.25, 0.35, 0.25]))
        ],
        hair_style=("bald", "short", "full", "long")[int(rng.choice(4, p=[0.12, 0.38, 0.25, 0.25]))],
        long_sleeves=bool(rng.random() < 0.5),
        collar=bool(rng.random() < 0.5),
        light=(side * float(rng.uniform(0.3, 0.8)), float(rng.uniform(0.4, 0.8))),
        width=float(rng.uniform(0.88, 1.16)),
        head=float(rng.uniform(0.95, 1.1)),
        legs=float(rng.uniform(0.88, 1.08)),
        limb=float(rng.uniform(0.88, 1.15)),
        noise=float(rng.uniform(0.0, 4.0)),
        clutter_seed=int(rng.integers(2**31)),
    )


def _colour(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, float(saturation), float(value))
    return (int(red * 255), int(green * 255), int(blue * 255))


def _vary(colour: Colour, spread: int, rng: np.random.Generator) -> Colour:
    shift = rng.integers(-spread, spread + 1)
    red, green, blue = (int(np.clip(channel + shift, 0, 255)) for channel in colour)
    return (red, green, blue)
