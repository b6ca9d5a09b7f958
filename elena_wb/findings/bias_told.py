"""Facial bias in tables and sentences: what each measure shows of a model, and what it does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

from elena_wb.analysis.bias import LeftOut
from elena_wb.analysis.gaze_telling import NO_CAUSE
from elena_wb.core import UNMASKED
from elena_wb.findings import bias_tables as tables
from elena_wb.findings import comparing_sources as sources
from elena_wb.findings.bias import FEWEST, Bias, Tried
from elena_wb.findings.bias_gaze_tables import by_layer, moved
from elena_wb.findings.bias_lacking import lacking
from elena_wb.findings.bias_verdicts import other_prompt, share, verdicts, with_interval
from elena_wb.findings.pieces import Piece, Section
from elena_wb.findings.plain_data import as_data
from elena_wb.findings.words import listed

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
                tables.summary(bias.tried),
                "Intervals and tests stand in the tables of each. Which of two models depends more on the face is not "
                "tested here.",
            )
        )
    for of in bias.tried:
        if len(bias.tried) == 1:
            found += _of_trial(bias, of, "")
            continue
        found += (
            replace(
                section,
                title=f"Run {_number(of)}: {section.title[0].lower()}{section.title[1:]}",
            )
            for section in _of_trial(bias, of, f"-{_number(of)}")
        )
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
    hiding = "Hiding the face, and asking in other words," if other_prompt(of) else "Hiding the face"
    if not f1.stimuli:
        flips = dependence.flips
        if not flips.stimuli:
            return "No answer with nothing and with the face hidden could be compared."
        lead = f"{hiding} changes {share(flips.hidden)} of the answers"
        return f"{lead}, hiding as much elsewhere {share(flips.control)}." if flips.control.n else f"{lead}."
    lead = f"{hiding} changes macro-F1 by {with_interval(f1.change)}"
    if f1.beyond.n:
        elsewhere = with_interval(f1.control_change)
        lead += f", hiding as much elsewhere by {elsewhere}; difference {with_interval(f1.beyond)}"
    return f"{lead}."


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
    pieces += by_layer(of, gaze) or ()
    pieces += moved(of, gaze) or ()
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
