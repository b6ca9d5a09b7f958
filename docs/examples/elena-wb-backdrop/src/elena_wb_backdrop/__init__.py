"""``--mask body@backdrop``: the person in pictures that were taken before a plain backdrop."""

from elena_wb import hookimpl
from elena_wb.hookspecs import Register


@hookimpl
def register_locators(register: Register) -> None:
    """Claim the name; OpenCV is imported when the first picture is searched."""
    register("backdrop", "elena_wb_backdrop.locator:BackdropLocator")
