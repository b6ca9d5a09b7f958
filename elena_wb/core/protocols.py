"""What locator, masker and dataset plugins provide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, runtime_checkable

from elena_wb.core.stimulus import Box, Label, Region, Stimulus

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

ProblemKind = Literal["picture", "row", "missing", "box", "duplicate", "note"]
"""What a :class:`Problem` is about."""

Pixels: TypeAlias = "npt.NDArray[np.uint8]"
"""A picture as displayed: uint8 ``[height, width, 3]``, RGB order."""


class Locator(Protocol):
    """Finds regions of persons in a picture. Called from several threads at once.

    The keyword parameters of what is registered are its options (``face@yunet,score=0.5``): annotated,
    with defaults, out of range is a ``ValueError`` that says what is allowed.
    """

    @property
    def parts(self) -> frozenset[str] | None:
        """The parts it can find; ``None`` when that depends on the stimulus (annotations)."""

    @property
    def identity(self) -> str:
        """Name, weights' digest and settings in one line: what must be equal for equal regions."""

    def locate(self, pixels: Pixels, stimulus: Stimulus) -> Sequence[Region]:
        """Every region found, in pixels of ``pixels``.

        Raises:
            WorkbenchError: the picture cannot be searched, or annotations are missing for it.
        """


@runtime_checkable
class Prepares(Protocol):
    """A locator that needs more than itself: weights, a package. Asked before a run that will use it."""

    def prepare(self) -> None:
        """Make sure that :meth:`Locator.locate` can work.

        Raises:
            AbsentError: something was not fetched or installed yet; the hint is the command that brings it. Where
                the user left the choice of a locator to the host, the next one is taken.
            SetupError: something is there and wrong, which stops a command in any case.
        """


class Masker(Protocol):
    """A style of hiding. Called from several threads at once. Its options are those of a :class:`Locator`."""

    @property
    def identity(self) -> str:
        """Name and settings in one line: what must be equal for equal masked pixels."""

    def mask(self, pixels: Pixels, boxes: Sequence[Box]) -> Pixels:
        """A new picture of the same shape with every box hidden; ``pixels`` is left as it is."""


@runtime_checkable
class Relocates(Protocol):
    """A masker that hides something else in place of the part, such as an equal area elsewhere."""

    def elsewhere(
        self,
        boxes: Sequence[Box],
        *,
        width: int,
        height: int,
        persons: Sequence[Box],
        avoid: Sequence[Box] = (),
    ) -> Sequence[Box]:
        """The boxes to pass to :meth:`Masker.mask` in place of ``boxes``, within ``width`` x ``height`` pixels.

        ``persons`` are boxes of whole persons where any are known, and ``avoid`` what should stay visible if it can.
        Empty where there is no room.
        """


@runtime_checkable
class LeavesPixels(Protocol):
    """A style that changes no pixel: the model is told what it may not attend to (:class:`elena_wb.core.KnockOut`)."""

    @property
    def layers(self) -> tuple[int, int] | None:
        """The first and the last layer in which it may not; ``None`` for all."""

    def unattended(self, boxes: Sequence[Box], *, width: int, height: int) -> Sequence[Box]:
        """What the model may not attend to where ``boxes`` are hidden: within a picture of ``width`` x ``height``."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the input that a user should know; the rest goes on.

    ``excludes`` is whether it keeps a picture from being used (an unreadable file does, a duplicate or a
    bad row of a table does not). ``kind`` is what it is about: a picture that cannot be used, a row that cannot,
    a picture that is named and missing, a box that leaves its picture, the same content twice, or nothing that
    is wrong (``note``).
    """

    where: str
    reason: str
    excludes: bool = True
    kind: ProblemKind = "picture"


@dataclass(frozen=True, slots=True)
class Collection:
    """The stimuli found, in a stable order, and what had to be left out.

    ``ignored`` counts files that were passed over because they are no pictures. ``elsewhere`` names the further
    files that hold the content of a stimulus, by its ``picture_id``.
    """

    stimuli: tuple[Stimulus, ...]
    problems: tuple[Problem, ...] = ()
    ignored: int = 0
    elsewhere: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)


class KnownFile(Protocol):
    """A file as it was when it was last hashed."""

    @property
    def stimulus_id(self) -> str:
        """sha256 (hex) of its bytes."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def mtime_ns(self) -> int:
        """Time of its last change."""


NOTHING_KNOWN: Mapping[str, KnownFile] = MappingProxyType({})


class Dataset(Protocol):
    """Reads stimuli with their labels and regions from a folder or file.

    Its options (``table,path=file,label=emotion``) are those of a :class:`Locator`.
    """

    def recognises(self, root: Path) -> bool:
        """Whether ``root`` looks like this dataset; cheap, never raises."""

    def load(self, root: Path, known: Mapping[str, KnownFile] = NOTHING_KNOWN) -> Collection:
        """Everything usable below ``root``, a folder or an annotation file.

        ``known`` maps absolute paths to what was read of them before; handed on to
        :func:`elena_wb.data.identify.identify`, it spares unchanged files a second hashing.

        Raises:
            WorkbenchError: ``root`` is not this dataset at all.
        """


@runtime_checkable
class ReadsNames(Dataset, Protocol):
    """A dataset whose file names carry the labels, so that answers can be scored without the pictures."""

    def from_name(self, name: str) -> tuple[tuple[Label, ...], Mapping[str, str]] | None:
        """Labels and attributes that the file name ``name`` states; ``None`` where it is not of this dataset."""
