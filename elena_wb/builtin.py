"""What the host itself provides, registered as any plugin registers it."""

from __future__ import annotations

from elena_wb import hookimpl
from elena_wb.hookspecs import Register


@hookimpl
def register_locators(register: Register) -> None:
    """Regions that come with the data, and faces by either of two detectors."""
    register("annotated", "elena_wb.masking.annotated:AnnotatedLocator")
    register("yunet", "elena_wb.masking.yunet:YunetLocator")
    register("mtcnn", "elena_wb.masking.mtcnn:MtcnnLocator")


@hookimpl
def register_maskers(register: Register) -> None:
    """Styles of hiding, those that forbid attention, and for both the control that takes as much elsewhere."""
    register("box", "elena_wb.masking.box:BoxMasker")
    register("ellipse", "elena_wb.masking.ellipse:EllipseMasker")
    register("blur", "elena_wb.masking.blur:BlurMasker")
    register("pixelate", "elena_wb.masking.pixelate:PixelateMasker")
    register("inpaint", "elena_wb.masking.inpaint:InpaintMasker")
    register("control", "elena_wb.masking.control:ControlMasker")
    register("knock-out", "elena_wb.masking.knock_out:KnockOutMasker")
    register("knock-out-control", "elena_wb.masking.knock_out:KnockOutControlMasker")


@hookimpl
def register_datasets(register: Register) -> None:
    """Folders and tables of any kind, and the datasets of the field."""
    register("folder", "elena_wb.data.folder:FolderDataset")
    register("label-folders", "elena_wb.data.label_folders:LabelFoldersDataset")
    register("table", "elena_wb.data.annotation_table:TableDataset")
    register("emotic", "elena_wb.data.emotic:EmoticDataset")
    register("heco", "elena_wb.data.heco:HecoDataset")
    register("besst", "elena_wb.data.besst:BesstDataset")


@hookimpl
def register_metrics(register: Register) -> None:
    """Scores against labels."""
    register("single-label", "elena_wb.analysis.single_label:SingleLabel")
    register("multi-label", "elena_wb.analysis.multi_label:MultiLabel")
    register("vad", "elena_wb.analysis.affect:Affect")


@hookimpl
def register_executors(register: Register) -> None:
    """The model in this process, or a copy of it in each of several."""
    register("local", "elena_wb.executors.local:LocalExecutor")
    register("processes", "elena_wb.executors.processes:ProcessesExecutor")
