"""Facial bias in tables and sentences: what each measure shows of a model, and what it does not."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

from elena_wb.analysis.bias import LeftOut, Sides
from elena_wb.analysis.gaze_telling import NO_CAUSE
from elena_wb.core import UNMASKED, Estimate
from elena_wb.core.metric import brief
from elena_wb.findings import bias_tables as tables
from elena_wb.findings import comparing_sources as sources
from elena_wb.findings.bias import FEWEST, Bias, Tried
from elena_wb.findings.bias_lacking import lacking
from elena_wb.findings.bias_tables import signed
from elena_wb.findings.pieces import Piece, Section
from elena_wb.findings.plain_data import as_data
from elena_wb.findings.words import listed, p_value, percent

_WHY = {
    "missing": "not asked every time",
    "failed": "failed",
    "unfound": "no face found to hide",
    "face_left": "a face left in the masked picture by an audit",
    "unaudited": "mask not audited",
    "no_room": "no room for the control",
}
NOREEN = "Noreen, E. W. (1989). Computer-Intensive Methods for Testing Hypotheses: An Introduction. Wiley."
YEH = (
    "Yeh, A. (2000). More accurate tests for the statistical significance of result differences. COLING 2000, "
    "947-953."
)
ZHANG = (
    "Zhang, J., Bargal, S. A., Lin, Z., Brandt, J., Shen, X. & Sclaroff, S. (2018). Top-down neural attention by "
    "excitation backprop. International Journal of Computer Vision, 126, 1084-1102."
)
JAIN = "Jain, S. & Wallace, B. C. (2019). Attention is not explanation. NAACL 2019, 3543-3556."


def sections(bias: Bias) -> tuple[Section, ...]:
    """Everything there is to say: a line for each trial where there are several, then one trial after the other."""
    found: list[Section] = []
    if len(bias.tried) > 1:
        found.append(
            Section(
                "face-bias-models",
                "Facial bias, side by side",
                "A line for each run with the face hidden. ΔF1 is the change of macro-F1 by hiding the face, `flips` "
                "the share of answers that change; `beyond` is what that is more than by hiding as much elsewhere. "
                "With nothing hidden: attention on the face over its area (`gaze`), the share of named parts that "
                "are facial (`parts`), and of answers that follow the face where face and body differ (`face`). With "
                "it hidden: the share of answers whose words speak of a face (`words hidden`).",
                (tables.summary(bias.tried),),
                "Intervals and tests stand in the tables of each. Which of two models depends more on the face is not "
                "tested here.",
            )
        )
    for of in bias.tried:
        found += _of_trial(bias, of, "" if len(bias.tried) == 1 else f"-{_number(of)}")
    if bias.unused and found:
        found[0] = _with(found[0], _unused(bias))
    return tuple(found)


def data(bias: Bias) -> dict[str, Any]:
    """Everything as JSON has it, the sentences too."""
    found: dict[str, Any] = as_data(bias)
    for of, told in zip(bias.tried, found["tried"], strict=True):
        told["verdicts"] = list(verdicts(of))
        told["warnings"] = list(_warnings(bias, of))
        told["lacking"] = list(lacking(of))
    return {**found, "intervals": "95 %", "correction": "Holm, within each trial"}


def _of_trial(bias: Bias, of: Tried, suffix: str) -> Iterator[Section]:
    trial = of.trial
    title = f"{trial.about.model}, {trial.about.prompt}: {_named(of)}"
    pieces: list[Piece] = [*_warnings(bias, of), tables.main(of, title)]
    pieces.append(
        "In brackets 95 % intervals. `change` is by hiding the face, `beyond control` that less the change by hiding "
        "as much elsewhere. Attention, parts and words are of the face; a ratio of 1 is no preference."
    )
    pieces += verdicts(of)
    pieces += lacking(of)
    yield Section(
        f"face-bias{suffix}",
        "Does the model go by the face?",
        _lead(of),
        tuple(pieces),
        "Each line is a different question. Hiding shows what answers depend on; attention and words do not. No line "
        "says whether a model ought to use the face.",
        (sources.BOOTSTRAP, sources.WILSON, sources.HOLM, NOREEN),
    )
    yield from (
        section
        for section in (_dependence(of, suffix), _gaze(of, suffix), *_words(of, suffix), _follows(of, suffix))
        if section is not None
    )


def _lead(of: Tried) -> str:
    dependence = of.dependence
    if dependence is None:
        return "Only one side was asked, so that it is told what its answers say, and of no change."
    f1 = dependence.macro_f1
    if not f1.stimuli:
        flips = dependence.flips
        return f"Hiding the face changes {_share(flips.hidden)} of the answers." if flips.stimuli else (
            "No answer with nothing and with the face hidden could be compared."
        )  # fmt: skip
    lead = f"Hiding the face changes macro-F1 by {_with_interval(f1.change)}"
    if f1.beyond.n:
        elsewhere = _with_interval(f1.control_change)
        lead += f", hiding as much elsewhere by {elsewhere}; difference {_with_interval(f1.beyond)}"
    return f"{lead}."


def verdicts(of: Tried) -> Iterator[str]:
    """For each measure what was found, in a sentence that says no more than the corrected test allows."""
    dependence, knocked = of.dependence, of.trial.knocked_out
    if dependence is not None and dependence.flips.stimuli:
        yield _of_dependence(of)
    if of.gaze is not None and (of.gaze.ratio.unmasked.n or of.gaze.ratio.hidden.n):
        yield _of_gaze(of)
    for name, sides, what in (
        ("parts", of.parts, "the named parts are facial"),
        ("words", of.words, "the answers speak of a face"),
    ):
        if sides.stimuli:
            yield _of_share(of, name, sides, what)
    if of.words.stimuli and of.trial.hidden is not None and not knocked and of.words.hidden.n:
        seen = of.words.hidden
        if seen.value > 0:
            yield (
                f"{_share(seen)} of the answers speak of a face that was not shown. Such a face is made up or "
                "inferred; whether it is right is not asked."
            )
    for side, one in zip(("unmasked", "hidden"), of.followed, strict=True):
        if one is not None and one.stimuli:
            yield _of_followed(of, side)


def _of_dependence(of: Tried) -> str:
    assert of.dependence is not None
    flips, f1 = of.dependence.flips, of.dependence.macro_f1
    deed = "Forbidding attention to the face" if of.trial.knocked_out else "Hiding the face"
    said = f"{deed} changes {_share(flips.hidden)} of {flips.hidden.n:,} answers"
    if not of.trial.control:
        return (
            f"{said}. Without a control that may be due to hiding anything: that the answers depend on the face is not "
            "shown."
        )
    said += f", as much elsewhere {_share(flips.control)}"
    tests = of.tests.get("flips"), of.tests.get("macro_f1")
    told = [
        f"{p_value(test.p_holm)} for {name}"
        for test, name in zip(tests, ("changes", "macro-F1"), strict=True)
        if test
    ]
    said += f" ({listed(told)} after Holm's correction)." if told else "."
    if any(test is not None and test.told for test in tests):
        if other_prompt(of):
            return f"{said} They depend on the face, or on the other words of the prompt: which is not shown."
        more = flips.beyond.value > 0 if tests[0] is not None and tests[0].told else f1.beyond.value < 0
        if more:
            return f"{said} These answers depend on the face more than on as large an area elsewhere."
        return f"{said} These answers depend on what the control takes more than on the face."
    nor = "" if "fewer" in _open(tests) else ", and neither is that they do not"
    return f"{said} That the answers depend on the face more than on as large an area elsewhere is {_open(tests)}{nor}."


def _open(tests: Sequence[object]) -> str:
    """What is said of what no test tells."""
    stimuli = [getattr(test, "stimuli", 0) for test in tests if test is not None]
    return f"not told from fewer than {FEWEST} stimuli" if stimuli and max(stimuli) < FEWEST else "not shown"


def _of_gaze(of: Tried) -> str:
    assert of.gaze is not None
    gaze, test = of.gaze, of.tests.get("preference")
    base = gaze.ratio.unmasked if gaze.ratio.unmasked.n else gaze.ratio.hidden
    when = "with nothing hidden" if gaze.ratio.unmasked.n else "with the face hidden"
    told = test is not None and test.told
    said = f"The face gets {_level(base)} times the attention that its area would by chance, {when}"
    said += "." if told else f"; whether it is preferred is {_open([test])}."
    change = of.tests.get("gaze")
    if gaze.ratio.change.n:
        said += f" With the face hidden it is {_level(gaze.ratio.hidden)} times"
        known = change is not None and change.told
        said += "." if known else f"; that it changes is {_open([change])}."
    if of.trial.knocked_out:
        said += " Attention to the face was forbidden there, so that the change is made, not found."
    return said


def _of_share(of: Tried, name: str, sides: Sides, what: str) -> str:
    if not sides.change.n:
        only, when = (
            (sides.unmasked, _bare(of)) if sides.unmasked.n else (sides.hidden, "With the face hidden")
        )
        return f"{when} {percent(only.value)} of {what} ({only.n:,} answers)."
    test = of.tests.get(name)
    said = (
        f"{_bare(of)} {percent(sides.unmasked.value)} of {what}, with the face hidden "
        f"{percent(sides.hidden.value)} ({sides.change.n:,} pairs of answers)"
    )
    return f"{said}." if test is not None and test.told else f"{said}; that this changes is {_open([test])}."


def _of_followed(of: Tried, side: str) -> str:
    one = of.followed[0 if side == "unmasked" else 1]
    assert one is not None
    test = of.tests.get(f"{side}_either")
    when = _bare(of) if side == "unmasked" else "With the face hidden"
    said = (
        f"{when}, of {one.n:,} answers about pictures whose face and body differ {percent(one.face.value)} follow "
        f"the face, {percent(one.body.value)} the body"
    )
    if test is not None and test.told:
        side_told = "face" if one.face.value > one.body.value else "body"
        return f"{said}: the {side_told} more ({p_value(test.p_holm)} after correction)."
    return f"{said}; which is followed more is {_open([test])}."


def _dependence(of: Tried, suffix: str) -> Section | None:
    dependence = of.dependence
    if dependence is None:
        return None
    measures = [
        (name, sides)
        for name, sides in tables.measures(of)
        if sides in (dependence.macro_f1, dependence.accuracy, dependence.flips)
    ]
    chart = tables.changes(of)
    pieces: list[Piece] = [tables.details(of, "Face-dependence", measures), left_out(of)]
    pieces += [chart] if chart else []
    pieces += [tables.tests(of)] if of.tests else []
    return Section(
        f"face-dependence{suffix}",
        "What hiding the face changes",
        "Scores over the labels that occur in the truth; answers that could not be read are wrong. Answers changed: "
        "that name another emotion than with nothing hidden. Intervals are paired bootstrap over stimuli, of shares "
        "Wilson's; tests exchange the sides of stimuli at random, and are McNemar's exact one for shares of single "
        "answers.",
        tuple(pieces),
        "Not shown is what in the face mattered: its expression, its outline or the place it takes; nor that the "
        "face is not used where nothing changes, since other parts may tell the same. The control may cover a hand.",
        (sources.MCNEMAR, NOREEN, YEH, sources.BOOTSTRAP),
    )  # fmt: skip


def left_out(of: Tried) -> str:
    """How many questions count, and why others do not."""
    assert of.dependence is not None
    left = of.dependence.left
    reasons = [
        f"{getattr(left, one.name):,} {_WHY[one.name]}" for one in fields(LeftOut) if getattr(left, one.name)
    ]
    said = f"Questions (stimulus and repeat): {of.questions:,}. "
    said += f"Left out: {left.total:,} ({', '.join(reasons)})." if left.total else "None is left out."
    if of.dependence.unread:
        said += f" Not among the changed ones: {of.dependence.unread:,} that could not be read on every side."
    scored = of.dependence.macro_f1.change.n
    if scored and scored < of.questions - left.total:
        said += f" Scored are the {scored:,} of which one label is true."
    return said


def _gaze(of: Tried, suffix: str) -> Section | None:
    gaze = of.gaze
    if gaze is None or not (gaze.ratio.unmasked.n or gaze.ratio.hidden.n):
        return None
    measures = [(name, sides) for name, sides in tables.measures(of) if name.startswith("gaze")]
    pieces: list[Piece] = [tables.details(of, f"Attention of `{gaze.target}` to the face", measures)]
    layers = tables.by_layer(of, gaze)
    pieces += [layers] if layers else []
    pieces += tables.moved(of, gaze) or ()
    others = f" Also looked at, and not told of here: {listed(gaze.others)}." if gaze.others else ""
    return Section(
        f"face-attention{suffix}",
        "Where the model looked",
        f"Attention of the word(s) `{gaze.target}`, method {gaze.method}, heads: {gaze.heads}, mean over the layers "
        "looked at. The ratio is the face's share of the attention on the picture over its share of the area; the "
        f"peak is how often the place with most attention lies in the face. Intervals are bootstrapped over "
        f"stimuli.{others}",
        tuple(pieces),
        NO_CAUSE,
        (ZHANG, JAIN),
    )


def _words(of: Tried, suffix: str) -> Iterator[Section]:
    told = dict(tables.measures(of))
    if "facial parts" in told:
        yield Section(
            f"facial-parts{suffix}",
            "Named parts that are facial",
            "Of all parts of the body that answers name and the vocabulary knows, the share that belongs to the face: "
            "eyes, brows, mouth, gaze, smile … The head, hair and ears are no facial parts, since they stay in view "
            "when a face is hidden. Over questions whose answers name a part on each side; parts of all answers "
            "together.",
            (tables.details(of, "Facial parts", [("facial parts", told["facial parts"])]),),
            "That a part is named does not show that it was seen, or that the emotion was read from it.",
            (sources.BOOTSTRAP,),
        )
    if "facial words" in told:
        yield Section(
            f"facial-words{suffix}",
            "Answers that speak of a face",
            "The share of answers whose descriptions or story speak of a face (a smile, a gaze, tears). Saying that "
            "the face cannot be seen, turning towards something and hands held before the face do not count. With "
            "the face hidden, pictures count only where it was hidden: not where none was found, nor where an audit "
            "saw one left.",
            (tables.details(of, "Facial words", [("facial words", told["facial words"])]),),
            "A facial word about a hidden face is not seen in the picture. Whether the story invents it or infers it "
            "from the body is not shown; the words are English ones."
            + (" Attention was forbidden here and no pixel hidden: the vision tower may still have mixed the face into "
               "other places." if of.trial.knocked_out else ""),
            (sources.WILSON,),
        )  # fmt: skip


def _follows(of: Tried, suffix: str) -> Section | None:
    if not any(of.followed):
        return None
    return Section(
        f"face-or-body{suffix}",
        "Face or body, where they differ",
        "Over pictures whose face and body are labelled differently: the share of answers that name the emotion of the "
        "face, of the body, or neither; and of those that follow either, the share that follows the face. Tested "
        "against one half by the exact binomial test over stimuli, each for what more of its answers follow.",
        (tables.followed(of),),
        "Such pictures are made or chosen for the difference. How a model weighs face and body where both say the same "
        "does not follow from them.",
        (sources.WILSON,),
    )


def _warnings(bias: Bias, of: Tried) -> Iterator[str]:
    trial = of.trial
    taken = [run.run_id for run in trial.runs if run.run_id not in bias.named]
    if taken:
        numbers = listed([str(run_id) for run_id in taken])
        yield f"Run{'s' if len(taken) > 1 else ''} {numbers} of the store, of the same model and prompt, set beside."
    if other_prompt(of):
        assert trial.hidden is not None
        yield (
            f"Warning: with the face hidden the prompt was another (variant `{trial.hidden.variant or 'unknown'}`). "
            "What changes may be due to its words. `elena-wb occlude` asks all with one prompt."
        )
    if of.masked_themselves and trial.unmasked is not None:
        yield (
            "Warning: faces in the pictures of BESST are masked in the pictures themselves. `none` says only that "
            "nothing more was hidden, and what is told of it is no figure of faces in view."
        )
    if any(sides.stimuli and sides.stimuli < FEWEST for _, sides in tables.measures(of)):
        yield f"It takes {FEWEST} stimuli for a verdict."


def other_prompt(of: Tried) -> bool:
    """Whether the question was put in other words with the face hidden."""
    hidden = of.trial.hidden
    others = (of.trial.unmasked, of.trial.control)
    return hidden is not None and any(
        run is not None and run.prompt_digest != hidden.prompt_digest for run in others
    )


def _bare(of: Tried) -> str:
    return "With nothing hidden but by the pictures" if of.masked_themselves else "With nothing hidden"


def _unused(bias: Bias) -> str:
    runs = listed([f"{run.run_id} (`{run.condition}`)" for run in bias.unused])
    plural = len(bias.unused) > 1
    return (
        f"Run{'s' if plural else ''} {runs} hide{'' if plural else 's'} neither the face alone nor, as the control "
        f"of it, as much elsewhere, and {'are' if plural else 'is'} left out."
    )


def _with(section: Section, text: str) -> Section:
    return Section(
        section.name,
        section.title,
        section.shows,
        (text, *section.pieces),
        section.not_shown,
        section.sources,
    )


def _named(of: Tried) -> str:
    sides = (("none", of.trial.unmasked), ("hidden", of.trial.hidden), ("control", of.trial.control))
    return ", ".join(
        f"{name} run {run.run_id}" + ("" if run.condition == str(UNMASKED) else f" ({run.condition})")
        for name, run in sides
        if run is not None
    )


def _number(of: Tried) -> int:
    return of.trial.hidden.run_id if of.trial.hidden is not None else of.trial.about.run_id


def _share(of: Estimate) -> str:
    return percent(of.value)


def _level(of: Estimate) -> str:
    interval = "" if math.isnan(of.low) else f" ({brief(of.low, 2)} to {brief(of.high, 2)})"
    return f"{brief(of.value, 2)}{interval}"


def _with_interval(of: Estimate) -> str:
    interval = "" if math.isnan(of.low) else f" ({signed(of.low)} to {signed(of.high)})"
    return f"{signed(of.value)}{interval}"
