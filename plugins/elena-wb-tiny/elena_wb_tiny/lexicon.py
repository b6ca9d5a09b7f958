"""The closed vocabulary of the training text: phrases for what a figure does, sentences for what it may
feel.

A body-part phrase belongs to exactly one class of one attribute, so that a generated phrase can be checked
against the pose. Sentences about feeling and events name no facial cue, so that they are safe under a mask.
"""

BODY_PHRASES: dict[str, dict[str, tuple[str, ...]]] = {
    "head": {
        "upright": ("head upright", "head held level"),
        "bowed": ("head bowed", "head hanging low"),
        "tilted_back": ("head tilted back", "head thrown back"),
        "turned_away": ("head turned away", "head turned aside"),
    },
    "arms": {
        "hanging": ("arms hanging down", "arms at the sides"),
        "clasped": ("hands clasped low", "hands joined in front"),
        "crossed": ("arms crossed", "arms folded over the body"),
        "raised_high": ("arms raised high", "arms stretched up"),
        "one_raised": ("one arm raised", "one arm lifted high"),
        "spread_wide": ("arms spread wide", "arms stretched to the sides"),
        "raised_bent": ("hands raised beside the head", "arms bent with hands up"),
        "held_out": ("forearms held out", "arms bent out to the sides"),
        "held_in_front": ("hands held up in front", "arms drawn up in front"),
        "on_hips": ("hands on the hips", "elbows out with hands on the hips"),
        "held_stiff": ("arms held stiff", "arms stiff away from the body"),
        "pushing_away": ("one arm pushing away", "one arm pushing to the side"),
    },
    "hands": {
        "relaxed": ("relaxed hands", "hands loose"),
        "open": ("open hands", "fingers spread"),
        "fists": ("clenched fists", "hands clenched"),
    },
    "torso": {
        "upright": ("torso upright", "back straight"),
        "slumped": ("torso slumped", "body sunk down"),
        "leaning_back": ("torso leaning back", "body leaning back"),
        "leaning_aside": ("torso leaning aside", "body leaning to one side"),
    },
    "shoulders": {
        "level": ("shoulders level", "shoulders relaxed"),
        "raised": ("shoulders raised", "shoulders pulled up"),
        "dropped": ("shoulders dropped", "shoulders hanging low"),
    },
    "legs": {
        "straight": ("legs straight", "legs together"),
        "apart": ("legs apart", "feet planted wide"),
        "bent": ("knees bent", "legs bent"),
    },
}

FACE_PHRASES: dict[str, dict[str, tuple[str, ...]]] = {
    "brows": {
        "level": ("brows level",),
        "raised": ("brows raised", "brows lifted"),
        "lowered": ("brows lowered", "brows drawn down"),
        "slanted": ("brows slanted",),
    },
    "eyes": {
        "normal": ("calm eyes",),
        "wide": ("wide eyes", "eyes wide open"),
        "narrow": ("narrow eyes",),
        "downcast": ("lowered eyes", "heavy eyes"),
    },
    "mouth": {
        "flat": ("mouth closed", "relaxed mouth"),
        "smile": ("smiling mouth", "a bright smile"),
        "down": ("mouth turned down",),
        "stretched": ("mouth stretched",),
        "tight": ("tight mouth", "mouth tense"),
        "round": ("round open mouth", "mouth dropped open"),
        "curled": ("curled lip", "mouth curled"),
    },
}

PLAIN = {
    "head": "upright", "arms": "hanging", "hands": "relaxed", "torso": "upright", "shoulders": "level",
    "legs": "straight",
}  # fmt: skip
"""The class of each bodily attribute that says little."""

FEELINGS: dict[str, tuple[str, ...]] = {
    "happiness": (
        "Warmth spreads through the chest.",
        "The heart feels light and quick.",
        "Energy runs through the whole body.",
        "The breath is deep and free.",
    ),
    "sadness": (
        "A heavy weight sits on the chest.",
        "The limbs feel heavy and slow.",
        "Energy drains from the whole body.",
        "The chest feels empty and tight.",
    ),
    "fear": (
        "The heart pounds and the breath is short.",
        "A cold shiver runs down the back.",
        "Every muscle is ready to run.",
        "The knees feel weak and cold.",
    ),
    "anger": (
        "Heat rises through the chest.",
        "Blood rushes and every muscle is tense.",
        "Hot pressure builds up in the body.",
        "The heart pounds hot and hard.",
    ),
    "surprise": (
        "The breath catches for a moment.",
        "The heart jumps and time stops.",
        "A sudden jolt runs through the body.",
        "Everything stops for one quick breath.",
    ),
    "disgust": (
        "The stomach turns and the throat is tight.",
        "A sick feeling rises from the stomach.",
        "The skin crawls and the stomach turns.",
        "The throat closes against a foul taste.",
    ),
    "neutral": (
        "The breath is slow and even.",
        "The body feels calm and at rest.",
        "The heart beats slow and even.",
        "Nothing in the body is tense.",
    ),
}

EVENTS: dict[str, tuple[str, ...]] = {
    "happiness": (
        "The team has won at last.",
        "An old friend is back at the door.",
        "The letter says yes.",
        "The music starts and the day is bright.",
    ),
    "sadness": (
        "The train has left and nobody is there.",
        "The house is empty now.",
        "The old friend is gone.",
        "The last letter lies on the floor.",
    ),
    "fear": (
        "Heavy steps come closer in the dark.",
        "Something moves behind the door.",
        "There is no way out.",
        "The big dog comes closer.",
    ),
    "anger": (
        "Somebody has broken the promise again.",
        "The lie was one too many.",
        "The thief says no again.",
        "Nobody says sorry.",
    ),
    "surprise": (
        "The lights go on and everybody shouts.",
        "The box opens and it is full.",
        "The lost dog is at the door.",
        "Nobody knew the news until now.",
    ),
    "disgust": (
        "The meat on the plate is rotten.",
        "A foul smell comes from the bag.",
        "Something wet sticks to the floor.",
        "The old food is full of worms.",
    ),
    "neutral": (
        "The bus comes in a few minutes.",
        "It is a day like any other.",
        "The line moves on slowly.",
        "Nothing much happens this morning.",
    ),
}

VERBS: dict[str, tuple[str, ...]] = {
    "happiness": ("cheers", "stands"),
    "sadness": ("stays", "stands"),
    "fear": ("shrinks back", "freezes"),
    "anger": ("stands", "steps forward"),
    "surprise": ("stops", "freezes"),
    "disgust": ("backs off", "steps away"),
    "neutral": ("waits", "stands"),
}

SUBJECTS = ("She", "He", "Someone", "The person")

FACIAL_WORDS = frozenset({
    "face", "faces", "facial", "brow", "brows", "eyebrow", "eyebrows", "eye", "eyes", "gaze", "stare",
    "stares", "look", "looks", "mouth", "lip", "lips", "smile", "smiles", "smiling", "grin", "frown",
    "tear", "tears", "cry", "cries", "crying", "expression", "cheek", "cheeks", "jaw", "teeth", "tongue",
    "nose", "forehead", "chin", "laugh", "laughs",
})  # fmt: skip
"""Words that speak of a face; none may stand in an answer about a masked picture."""
