"""What the host itself provides, registered as any plugin registers it."""

from __future__ import annotations

from elena_wb import hookimpl
from elena_wb.hookspecs import Register


@hookimpl
def register_locators(register: Register) -> None:
    """Regions that come with the data, and faces by YuNet."""
    register("annotated", "elena_wb.masking.annotated:AnnotatedLocator")
    register("yunet", "elena_wb.masking.yunet:YunetLocator")


@hookimpl
def register_maskers(register: Register) -> None:
    """The filled box."""
    register("box", "elena_wb.masking.box:BoxMasker")


@hookimpl
def register_datasets(register: Register) -> None:
    """The plain folder."""
    register("folder", "elena_wb.data.folder:FolderDataset")
