"""The kinds of plugin that can be written, and what is said of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Skeleton:
    """One kind: what it is called, where its code goes, and how it is used (``$name`` is the plugin's name).

    ``hook`` ends the name of the hook, ``check`` that of the function in :mod:`elena_wb.testing`; ``suffix`` ends the
    name of the class that is registered.
    """

    what: str
    hook: str
    check: str
    module: str
    suffix: str
    summary: str
    use: str
    dependencies: tuple[str, ...] = ("numpy>=1.26",)


SKELETONS: Mapping[str, Skeleton] = MappingProxyType(
    {
        "model": Skeleton(
            what="model provider",
            hook="models",
            check="model",
            module="model",
            suffix="Provider",
            summary="Names the strongest colour of a picture",
            use="elena-wb models info $name\nelena-wb run PICTURES -m '$name:?margin=20' -p naive",
            dependencies=("numpy>=1.26", "pydantic>=2.7"),
        ),
        "masker": Skeleton(
            what="masking style",
            hook="maskers",
            check="masker",
            module="style",
            suffix="Masker",
            summary="Hides parts of a picture under a checkerboard",
            use="elena-wb mask PICTURES MASKED --mask face:$name\n"
            "elena-wb run PICTURES -m MODEL --mask none --mask face:$name,cell=12",
        ),
        "locator": Skeleton(
            what="locator",
            hook="locators",
            check="locator",
            module="locator",
            suffix="Locator",
            summary="Finds the figure before a plain background",
            use="elena-wb mask PICTURES MASKED --mask figure@$name\n"
            "elena-wb run PICTURES -m MODEL --mask figure@$name,contrast=40",
        ),
        "dataset": Skeleton(
            what="dataset",
            hook="datasets",
            check="dataset",
            module="dataset",
            suffix="Dataset",
            summary="Reads labels from a plain text file beside the pictures",
            use="elena-wb datasets check FOLDER\nelena-wb run FOLDER -m MODEL\nelena-wb score RUN",
            dependencies=("numpy>=1.26", "pillow>=11.3"),
        ),
        "metric": Skeleton(
            what="metric",
            hook="metrics",
            check="metric",
            module="metric",
            suffix="Metric",
            summary="Scores whether answers are of the right sign",
            use="elena-wb score RUN",
        ),
        "executor": Skeleton(
            what="executor",
            hook="executors",
            check="executor",
            module="executor",
            suffix="Executor",
            summary="Spreads a run over several copies of the model in one process",
            use="elena-wb run PICTURES -m MODEL --executor $name,copies=4",
            dependencies=(),
        ),
    }
)
