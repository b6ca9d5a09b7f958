"""Declared studies: a file says what is asked of which models, and one command plans, runs, resumes and reports it.

May import everything below the interface and the command line.
"""

from elena_wb.experiments.carrying_out import Carried, Looked, Outcome, carry_out
from elena_wb.experiments.declared import Experiment
from elena_wb.experiments.planning import ExperimentPlan, Part, Terms, plan
from elena_wb.experiments.reading import read

__all__ = [
    "Carried",
    "Experiment",
    "ExperimentPlan",
    "Looked",
    "Outcome",
    "Part",
    "Terms",
    "carry_out",
    "plan",
    "read",
]
