"""What cannot be said of a trial for want of a run, of attention or of labels, and which command makes it."""

from __future__ import annotations

from collections.abc import Iterator

from elena_wb.findings.bias import Tried
from elena_wb.findings.bias_runs import control_of


def lacking(of: Tried) -> Iterator[str]:
    """A sentence for each thing that is not there."""
    trial = of.trial
    numbers = " ".join(str(run.run_id) for run in trial.runs)
    if trial.about.imported:
        yield from _imported(of)
    else:
        yield from _runs(of)
    if of.gaze is None:
        if trial.about.imported:
            yield "Imported answers cannot be looked at for their attention: the model that gave them is not known."
        elif trial.about.model.startswith(("hf:", "tiny:", "gguf:")):
            yield f"No answer was looked at for its attention: `elena-wb attend {numbers}` does that."
        else:
            yield "No answer was looked at for its attention, and models on servers show none."
    elif not (of.gaze.ratio.unmasked.n or of.gaze.ratio.hidden.n):
        yield "Answers were looked at, but the face is located in none of their pictures."
    elif not trial.about.imported:
        unseen = [
            str(run.run_id)
            for side, run in (("unmasked", trial.unmasked), ("hidden", trial.hidden))
            if run is not None and side not in of.looked
        ]
        if unseen:
            yield (
                f"The face is known in no answer of run {' and '.join(unseen)} that was looked at: `elena-wb attend "
                f"{' '.join(unseen)}` looks at what was not."
            )
    if of.dependence is not None and not of.labelled:
        yield (
            "One true label is known of none of these pictures, so that no score can be told: `elena-wb run … "
            "--dataset NAME` takes the labels of a dataset in."
        )
    if not of.parts.stimuli:
        yield "No answers name parts of the body that the vocabulary knows."
    if not any(of.followed):
        yield (
            "Face and body are labelled differently in none of these pictures: `elena-wb stimuli render FOLDER "
            "--incongruent` makes some on which a model can be asked which it follows."
        )


def _runs(of: Tried) -> Iterator[str]:
    """What further runs would tell."""
    trial = of.trial
    if trial.hidden is None:
        assert trial.unmasked is not None
        yield (
            "No run hides the face of these pictures, so that nothing can be said of what depends on it: "
            f"`elena-wb occlude {trial.unmasked.run_id} --parts face` asks with it hidden, and with as much elsewhere."
        )
        return
    condition = trial.hidden.condition
    if trial.unmasked is None:
        yield (
            "No run asks about these pictures with nothing hidden, so that no change can be told: the command that "
            f"made run {trial.hidden.run_id} with `--mask none` beside `--mask {condition}` asks it."
        )
    elif trial.control is None:
        yield (
            f"No run is the control: the command that made run {trial.hidden.run_id} with `--mask "
            f"{control_of(condition)}` hides as much elsewhere, or `elena-wb occlude {trial.unmasked.run_id} --parts "
            "face` asks for all with one prompt."
        )


def _imported(of: Tried) -> Iterator[str]:
    """Imported answers can be given no counterparts here."""
    if of.dependence is None or of.trial.control is None:
        yield (
            "These answers were imported, so that what is lacking cannot be asked here: `elena-wb run PICTURES -m "
            "MODEL --mask none --mask face --mask face:control` asks a model with nothing, with the face and with as "
            "much elsewhere hidden."
        )
