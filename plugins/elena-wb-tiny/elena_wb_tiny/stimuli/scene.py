"""The vocabulary of a stimulus: what a figure is and does, before any pixel is drawn.

Angles are in degrees, lengths in body heights. The figure's frame has x to its left (picture right when it
faces the viewer), y up and z towards where it faces.
"""

from dataclasses import dataclass
from typing import Literal

EMOTIONS = ("happiness", "sadness", "fear", "anger", "surprise", "disgust", "neutral")

HandShape = Literal["open", "fist", "relaxed"]
View = Literal["frontal", "turned"]
Framing = Literal["full", "waist"]
Colour = tuple[int, int, int]
Vector = tuple[float, float, float]

FACE_CLEAR = 0.5
"""Face intensity from which a viewer answers by the face; see `label`."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm: unit directions of upper arm, forearm and hand in the torso's frame, mirrored so that +x
    is outward."""

    upper: Vector
    fore: Vector
    palm: Vector
    hand: HandShape


@dataclass(frozen=True, slots=True)
class Pose:
    """Joint configuration of the whole figure; positive pitch leans or bows forward, positive yaw and
    roll go left."""

    head_pitch: float
    head_yaw: float
    head_roll: float
    torso_pitch: float
    torso_yaw: float
    torso_roll: float
    shrug: float
    slump: float
    left: Arm
    right: Arm
    stance: float
    knees: float
    knees_in: float
    step: float


@dataclass(frozen=True, slots=True)
class Expression:
    """A face as drawing parameters on the unit disc of the head (u outward or right, v up); see `faces`."""

    brow_in: float
    brow_mid: float
    brow_out: float
    lid_up: float
    lid_low: float
    lid_slant: float
    pupil: float
    gaze: float
    mouth_v: float
    mouth_width: float
    mouth_lift: float
    mouth_skew: float
    mouth_up: float
    mouth_low: float
    mouth_square: float
    teeth: float
    tongue: float
    wrinkle: float
    flush: float
    tears: float


@dataclass(frozen=True, slots=True)
class Claims:
    """The attribute classes that a pose has by construction, before visibility is considered."""

    head: str
    arms: str
    hands: str
    torso: str
    shoulders: str
    legs: str


@dataclass(frozen=True, slots=True)
class Look:
    """Everything about a figure and its surroundings that says nothing about emotion."""

    skin: Colour
    hair: Colour
    top: Colour
    trousers: Colour
    shoes: Colour
    backdrop: tuple[Colour, Colour]
    backdrop_kind: Literal["plain", "gradient", "floor", "clutter"]
    hair_style: Literal["bald", "short", "full", "long"]
    long_sleeves: bool
    collar: bool
    light: tuple[float, float]
    width: float
    head: float
    legs: float
    limb: float
    noise: float
    clutter_seed: int


@dataclass(frozen=True, slots=True)
class Camera:
    """Where the figure stands in the picture: body yaw, share of the picture it fills, and where the
    slack goes."""

    yaw: float
    fill: float
    slack_x: float
    slack_y: float


@dataclass(frozen=True, slots=True)
class Scene:
    """One stimulus, complete: rendering it twice gives the same bytes."""

    seed: int
    index: int
    body_emotion: str
    face_emotion: str
    body_intensity: float
    face_intensity: float
    posture: str
    face_variant: str
    ambiguous: bool
    view: View
    framing: Framing
    pose: Pose
    expression: Expression
    claims: Claims
    look: Look
    camera: Camera


def label(scene: Scene) -> str:
    """Return the emotion a viewer would answer who sees everything.

    A clear face (intensity of at least `FACE_CLEAR`) decides, as faces do for people who see face and body
    disagree; a faint one leaves the decision to the body.
    """
    return scene.face_emotion if scene.face_intensity >= FACE_CLEAR else scene.body_emotion
