"""``people:ANSWERS.csv``: what people answered about pictures, set beside what models answer."""

from elena_wb import hookimpl
from elena_wb.hookspecs import Register


@hookimpl
def register_models(register: Register) -> None:
    """Claim the scheme; the provider is imported when the first such model is asked for."""
    register("people", "elena_wb_people.provider:PeopleProvider")
