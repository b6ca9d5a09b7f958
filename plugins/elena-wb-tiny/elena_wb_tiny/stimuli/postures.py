"""Posture families of the seven emotions, after published descriptions.

Sources: M. Coulson (2004), "Attributing emotion to static body postures", Journal of Nonverbal Behavior 28,
117-139 (joint rotations of recognised postures: arms raised and head back for happiness, head bowed and
arms hanging for sadness, head back and forearms raised for fear and surprise, arms bent and weight forward
for anger); H. G. Wallbott (1998), "Bodily expression of emotion", European Journal of Social Psychology 28,
879-896 (shoulders up for joy and anger, collapsed upper body for sadness, inward and protective movement
for disgust and fear); N. Dael, M. Mortillaro and K. R. Scherer (2012), "Emotion expression in body action
and posture", Emotion 12, 1085-1101 (open upward arm action for joy, hands towards the face and backward
lean for fear, head and trunk averted for disgust, arms akimbo and fists for anger). Forward lean is left
out wherever it would be the only cue: it cannot be seen from the front.

An arm is given as (elevation, azimuth) of upper arm, forearm and hand: elevation 0 hangs, 90 is horizontal,
180 points up; azimuth 0 is outward, 90 forward, 180 across the body, -90 backward.
"""

from dataclasses import dataclass, replace

import numpy as np

from elena_wb_tiny.stimuli.scene import Arm, Claims, HandShape, Pose, Vector

Angles = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Posture:
    """A posture at full intensity with the attribute classes it shows."""

    name: str
    claims: Claims
    left: tuple[Angles, Angles, Angles]
    right: tuple[Angles, Angles, Angles]
    hands: tuple[HandShape, HandShape]
    head: tuple[float, float, float] = (0.0, 0.0, 0.0)
    torso: tuple[float, float, float] = (0.0, 0.0, 0.0)
    shrug: float = 0.0
    slump: float = 0.0
    stance: float = 0.07
    knees: float = 0.0
    knees_in: float = 0.0
    step: float = 0.0


def _claims(head: str, arms: str, hands: str, torso: str, shoulders: str, legs: str) -> Claims:
    return Claims(head, arms, hands, torso, shoulders, legs)


_HANG = ((11.0, 20.0), (9.0, 50.0), (8.0, 60.0))
_LIMP = ((8.0, 60.0), (14.0, 100.0), (4.0, 90.0))
_CLASP = ((17.0, 50.0), (50.0, 140.0), (60.0, 165.0))
_AKIMBO = ((52.0, -12.0), (54.0, 166.0), (70.0, 150.0))
_HUG_LOW = ((17.0, 45.0), (76.0, 146.0), (84.0, 170.0))
_HUG_HIGH = ((20.0, 45.0), (92.0, 146.0), (104.0, 172.0))

CALM = Posture("stand", _claims("upright", "hanging", "relaxed", "upright", "level", "straight"),
               _HANG, _HANG, ("relaxed", "relaxed"))  # fmt: skip

FAMILIES: dict[str, tuple[Posture, ...]] = {
    "happiness": (
        Posture("arms_up", _claims("tilted_back", "raised_high", "open", "upright", "raised", "apart"),
                ((150, 6), (160, 6), (164, 4)), ((150, 6), (160, 6), (164, 4)), ("open", "open"),
                head=(-24, 0, 0), torso=(-4, 0, 0), shrug=0.7, stance=0.125),
        Posture("arms_wide", _claims("tilted_back", "spread_wide", "open", "upright", "level", "apart"),
                ((96, 10), (112, 12), (118, 10)), ((96, 10), (112, 12), (118, 10)), ("open", "open"),
                head=(-24, 0, 0), torso=(-4, 0, 0), stance=0.125),
        Posture("cheer", _claims("tilted_back", "one_raised", "open", "upright", "level", "apart"),
                ((162, 6), (170, 4), (172, 4)), ((70, 10), (92, 14), (100, 10)), ("open", "open"),
                head=(-22, 0, 6), torso=(-3, 0, 0), stance=0.12),
    ),
    "sadness": (
        Posture("limp", _claims("bowed", "hanging", "relaxed", "slumped", "dropped", "bent"),
                _LIMP, _LIMP, ("relaxed", "relaxed"), head=(30, 0, 0), torso=(12, 0, 0), shrug=-1.0,
                slump=1.0,
                stance=0.05, knees=0.5),
        Posture("self_hug", _claims("bowed", "crossed", "relaxed", "slumped", "dropped", "bent"),
                _HUG_LOW, _HUG_LOW, ("relaxed", "relaxed"), head=(29, 0, 5), torso=(12, 0, 0),
                shrug=-0.9, slump=1.0,
                stance=0.045, knees=0.5, knees_in=0.5),
        Posture("clasped_bowed", _claims("bowed", "clasped", "relaxed", "slumped", "dropped", "bent"),
                _CLASP, _CLASP, ("relaxed", "relaxed"), head=(30, 0, -6), torso=(12, 0, 0), shrug=-1.0,
                slump=1.0,
                stance=0.05, knees=0.5),
    ),
    "fear": (
        Posture("shield", _claims("upright", "held_in_front", "open", "leaning_back", "raised", "bent"),
                ((30, 34), (110, 74), (152, 60)), ((30, 34), (110, 74), (152, 60)), ("open", "open"),
                head=(4, 0, 0), torso=(-16, 0, 0), shrug=1.0, stance=0.06, knees=0.85, knees_in=1.0,
                step=-0.04),
        Posture("cower", _claims("upright", "held_in_front", "open", "leaning_back", "raised", "bent"),
                ((20, 45), (108, 110), (142, 90)), ((20, 45), (108, 110), (142, 90)), ("open", "open"),
                head=(8, 0, 5), torso=(-12, 0, 4), shrug=1.0, slump=0.4, stance=0.05, knees=1.0,
                knees_in=1.0),
        Posture("ward_off", _claims("upright", "held_in_front", "open", "leaning_back", "raised", "bent"),
                ((46, 50), (98, 72), (150, 60)), ((24, 40), (104, 96), (145, 80)), ("open", "open"),
                head=(2, 12, 4), torso=(-16, 10, 5), shrug=1.0, stance=0.07, knees=0.8, knees_in=0.8,
                step=-0.08),
    ),
    "anger": (
        Posture("akimbo", _claims("upright", "on_hips", "fists", "upright", "level", "apart"),
                _AKIMBO, _AKIMBO, ("fist", "fist"), head=(6, 0, 0), torso=(-2, 0, 0), shrug=0.2,
                stance=0.135),
        Posture("stiff_fists", _claims("upright", "held_stiff", "fists", "upright", "raised", "apart"),
                ((44, 0), (24, 10), (20, 10)), ((44, 0), (24, 10), (20, 10)), ("fist", "fist"),
                head=(8, 0, 0), shrug=0.9, stance=0.135),
        Posture("shake_fist", _claims("upright", "one_raised", "fists", "upright", "level", "apart"),
                ((98, 16), (168, 20), (172, 20)), ((44, 0), (24, 10), (20, 10)), ("fist", "fist"),
                head=(8, 0, 0), torso=(2, 0, 0), shrug=0.2, stance=0.13),
    ),
    "surprise": (
        Posture("hands_up", _claims("tilted_back", "raised_bent", "open", "upright", "raised", "straight"),
                ((80, 8), (164, 10), (168, 0)), ((80, 8), (164, 10), (168, 0)), ("open", "open"),
                head=(-20, 0, 0), torso=(-5, 0, 0), shrug=0.8, stance=0.07),
        Posture("hands_on_head", _claims("tilted_back", "raised_bent", "open", "upright", "raised",
                "straight"),
                ((110, -6), (160, 178), (166, 180)), ((110, -6), (160, 178), (166, 180)), ("open", "open"),
                head=(-18, 0, 0), torso=(-4, 0, 0), shrug=0.7, stance=0.06),
        Posture("thrown_out", _claims("tilted_back", "held_out", "open", "upright", "raised", "straight"),
                ((30, 4), (98, 8), (120, 4)), ((30, 4), (98, 8), (120, 4)), ("open", "open"),
                head=(-20, 0, 0), torso=(-5, 0, 0), shrug=0.9, stance=0.07),
    ),
    "disgust": (
        Posture("push_away", _claims("turned_away", "pushing_away", "open", "leaning_aside", "level",
                "straight"),
                ((84, 24), (92, 22), (165, 0)), ((24, 60), (84, 140), (88, 165)), ("open", "open"),
                head=(4, -40, -8), torso=(0, -8, -16), stance=0.08),
        Posture("push_low", _claims("turned_away", "pushing_away", "open", "leaning_aside", "level",
                "straight"),
                ((62, 24), (80, 18), (158, 0)), _HANG, ("open", "relaxed"),
                head=(2, -40, -8), torso=(0, -8, -17), stance=0.075),
        Posture("both_away", _claims("turned_away", "pushing_away", "open", "leaning_aside", "level",
                "straight"),
                ((74, 26), (92, 20), (165, 0)), ((40, 80), (92, 150), (150, 180)), ("open", "open"),
                head=(2, -40, -8), torso=(0, -6, -16), stance=0.08),
    ),
    "neutral": (
        CALM,
        replace(CALM, name="stand_loose", left=((14, 10), (12, 40), (10, 50)), right=((9, 30), (16, 80),
        (14, 80))),
        Posture("stand_clasped", _claims("upright", "clasped", "relaxed", "upright", "level", "straight"),
                _CLASP, _CLASP, ("relaxed", "relaxed")),
    ),
}  # fmt: skip

AMBIGUOUS: dict[tuple[str, str], Posture] = {
    ("happiness", "surprise"): Posture(
        "up_or_amazed", _claims("tilted_back", "raised_high", "open", "upright", "raised", "straight"),
        ((148, 6), (160, 6), (164, 4)), ((148, 6), (160, 6), (164, 4)), ("open", "open"),
        head=(-22, 0, 0), shrug=0.7, stance=0.08),
    ("fear", "surprise"): Posture(
        "startled", _claims("upright", "held_in_front", "open", "upright", "raised", "straight"),
        ((34, 30), (114, 62), (154, 50)), ((34, 30), (114, 62), (154, 50)), ("open", "open"),
        head=(-3, 0, 0), torso=(-6, 0, 0), shrug=0.8, stance=0.07),
    ("sadness", "neutral"): Posture(
        "pensive", _claims("upright", "clasped", "relaxed", "upright", "level", "straight"),
        _CLASP, _CLASP, ("relaxed", "relaxed"), head=(5, 0, 0), stance=0.06),
    ("anger", "disgust"): Posture(
        "folded", _claims("upright", "crossed", "relaxed", "upright", "level", "straight"),
        _HUG_HIGH, _HUG_HIGH, ("relaxed", "relaxed"), head=(-3, 0, 0), stance=0.085),
    ("disgust", "fear"): Posture(
        "avert", _claims("turned_away", "held_in_front", "open", "upright", "raised", "straight"),
        ((38, 40), (106, 76), (154, 60)), ((26, 44), (96, 108), (145, 90)), ("open", "open"),
        head=(3, -38, -4), torso=(0, -4, -3), shrug=0.8, stance=0.065),
}  # fmt: skip


def direction(angles: Angles) -> Vector:
    """Unit vector of an (elevation, azimuth) pair, +x outward."""
    elevation, azimuth = np.radians(angles[0]), np.radians(angles[1])
    return (
        float(np.sin(elevation) * np.cos(azimuth)),
        float(-np.cos(elevation)),
        float(np.sin(elevation) * np.sin(azimuth)),
    )


def take(posture: Posture, amount: float, rng: np.random.Generator, *, mirror: bool) -> Pose:
    """Blend from the calm stance towards `posture` by `amount` (0..1), jitter the joints, mirror when asked.

    Hands keep their shape only from half intensity on: a half-clenched hand would belong to neither class.
    """

    def blend(rest: float, goal: float, spread: float) -> float:
        return rest + amount * (goal - rest) + float(rng.normal(0.0, spread))

    def arm(rest: tuple[Angles, Angles, Angles], goal: tuple[Angles, Angles, Angles], hand: HandShape) -> Arm:
        bones: list[Vector] = []
        for rest_angles, goal_angles in zip(rest, goal, strict=True):
            mix = np.array(direction(rest_angles)) * (1 - amount) + np.array(direction(goal_angles)) * amount
            mix = mix + rng.normal(0.0, 0.055, 3)
            mix /= max(float(np.linalg.norm(mix)), 1e-6)
            bones.append((float(mix[0]), float(mix[1]), float(mix[2])))
        return Arm(bones[0], bones[1], bones[2], hand if amount >= 0.5 else "relaxed")

    left = arm(CALM.left, posture.left, posture.hands[0])
    right = arm(CALM.right, posture.right, posture.hands[1])
    sign = -1.0 if mirror else 1.0
    return Pose(
        head_pitch=blend(0.0, posture.head[0], 2.0),
        head_yaw=sign * blend(0.0, posture.head[1], 4.0),
        head_roll=sign * blend(0.0, posture.head[2], 3.0),
        torso_pitch=blend(0.0, posture.torso[0], 1.5),
        torso_yaw=sign * blend(0.0, posture.torso[1], 3.0),
        torso_roll=sign * blend(0.0, posture.torso[2], 1.2),
        shrug=blend(0.0, posture.shrug, 0.06),
        slump=max(blend(0.0, posture.slump, 0.03), 0.0),
        left=right if mirror else left,
        right=left if mirror else right,
        stance=max(blend(CALM.stance, posture.stance, 0.006), 0.03),
        knees=max(blend(0.0, posture.knees, 0.03), 0.0),
        knees_in=blend(0.0, posture.knees_in, 0.05),
        step=blend(0.0, posture.step, 0.012),
    )
