"""The locator ``annotated``: regions that come with the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from elena_wb.core import Pixels, Region, Stimulus

NAME = "annotated"


class AnnotatedLocator:
    """Hands on what the dataset says about a stimulus; boxes are taken as given.

    The box of a labelled person is a region ``body``, where the data has no other.
    """

    @property
    def parts(self) -> frozenset[str] | None:
        """Whatever the data has."""
        return None

    @property
    def identity(self) -> str:
        """The regions themselves belong to the stimulus, so the name says all."""
        return NAME

    def locate(self, pixels: Pixels, stimulus: Stimulus) -> Sequence[Region]:
        """The regions of ``stimulus``; none where it has none."""
        return [replace(region, locator=NAME) for region in regions_of(stimulus)]


def regions_of(stimulus: Stimulus) -> Sequence[Region]:
    """The regions that come with a stimulus, its person's box among them."""
    person = stimulus.person_box
    if person is None or any(region.part == "body" for region in stimulus.regions):
        return stimulus.regions
    return (*stimulus.regions, Region("body", person, NAME))
