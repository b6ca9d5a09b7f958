"""What was found of facial bias, in sentences that say no more than the corrected tests allow."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from elena_wb.analysis.bias import Sides
from elena_wb.core import Estimate
from elena_wb.core.metric import brief
from elena_wb.findings.bias import FEWEST, Tried
from elena_wb.findings.bias_tables import signed
from elena_wb.findings.words import listed, p_value, percent


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
            yield _ofshare(of, name, sides, what)
    if of.words.stimuli and of.trial.hidden is not None and not knocked and of.words.hidden.n:
        seen = of.words.hidden
        if seen.value > 0:
            yield (
                f"{share(seen)} of the answers speak of a face that was not shown. Such a face is made up or "
                "inferred; whether it is right is not asked."
            )
    for side, one in zip(("unmasked", "hidden"), of.followed, strict=True):
        if one is not None and one.stimuli:
            yield _of_followed(of, side)


def _of_dependence(of: Tried) -> str:
    assert of.dependence is not None
    flips, f1 = of.dependence.flips, of.dependence.macro_f1
    deed = "Forbidding attention to the face" if of.trial.knocked_out else "Hiding the face"
    said = f"{deed} changes {share(flips.hidden)} of {flips.hidden.n:,} answers"
    if not of.trial.control:
        return (
            f"{said}. Without a control that may be due to hiding anything: that the answers depend on the face is not "
            "shown."
        )
    said += f", as much elsewhere {share(flips.control)}"
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


def _ofshare(of: Tried, name: str, sides: Sides, what: str) -> str:
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


def other_prompt(of: Tried) -> bool:
    """Whether the question was put in other words with the face hidden."""
    hidden = of.trial.hidden
    others = (of.trial.unmasked, of.trial.control)
    return hidden is not None and any(
        run is not None and run.prompt_digest != hidden.prompt_digest for run in others
    )


def _bare(of: Tried) -> str:
    return "With nothing hidden but by the pictures" if of.masked_themselves else "With nothing hidden"


def share(of: Estimate) -> str:
    """As per cent."""
    return percent(of.value)


def _level(of: Estimate) -> str:
    interval = "" if math.isnan(of.low) else f" ({brief(of.low, 2)} to {brief(of.high, 2)})"
    return f"{brief(of.value, 2)}{interval}"


def with_interval(of: Estimate) -> str:
    """A change with its interval, where it has one."""
    interval = "" if math.isnan(of.low) else f" ({signed(of.low)} to {signed(of.high)})"
    return f"{signed(of.value)}{interval}"
