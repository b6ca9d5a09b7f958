"""Sessions of blind rating: what people said of whose answers, how far they agree, and what goes with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from elena_wb.core import Resampling
from elena_wb.findings.rating_agreement import Agreement, agreement
from elena_wb.findings.rating_choices import Preference, Side, preferences, sides
from elena_wb.findings.rating_judged import Judged, Whose
from elena_wb.findings.rating_means import Difference, Mean, differences, means
from elena_wb.findings.rating_measures import Measure, measures
from elena_wb.store import Store
from elena_wb.store.rated import find_session, judgements, measured, sessions_with
from elena_wb.store.rating_results import skipped
from elena_wb.store.rating_sessions import Kind, PictureShown, Session, asked, sessions
from elena_wb.store.runs import show_run


@dataclass(frozen=True, slots=True)
class RatedSession:
    """A session as far as it got.

    ``questions`` are the names of what is asked, in order, each with its words. ``raters`` says of each who sat down,
    in order of coming and without a name, how many items lay before him, how many he rated and how many he skipped,
    those that came again included. ``items`` are all of the session, ``rated`` those of which something was said.
    ``means`` and ``differences`` are of sessions of single answers, ``preferences`` and ``sides`` of pairs;
    ``compared`` says whether every two runs were compared, which is so of up to six runs: of more, each is compared
    with the first. ``between`` is the agreement between raters, ``again`` that of each with himself, where items came
    twice. ``skipped`` has reasons with how often they were given, the most frequent ones.
    """

    session_id: int
    name: str
    kind: Kind
    picture: PictureShown
    shows: tuple[str, ...]
    questions: tuple[tuple[str, str], ...]
    runs: tuple[Whose, ...]
    raters: tuple[tuple[int, int, int], ...]
    items: int
    rated: int
    means: tuple[Mean, ...]
    differences: tuple[Difference, ...]
    compared: bool
    preferences: tuple[Preference, ...]
    sides: tuple[Side, ...]
    between: tuple[Agreement, ...]
    again: tuple[Agreement, ...]
    measures: tuple[Measure, ...]
    skipped: tuple[tuple[str, int], ...]


def ratings(
    store: Store,
    session: str | int | None = None,
    resampling: Resampling = Resampling(),  # noqa: B008 - frozen
) -> tuple[RatedSession, ...]:
    """The session that ``session`` names, by number or name; without it all there are, in order of their making.

    Raises:
        UsageError: there is no such session.
    """
    wanted = sessions(store)[::-1] if session is None else (find_session(store, str(session)),)
    return tuple(_rated(store, one, resampling) for one in wanted)


def sessions_about(store: Store, run_ids: Sequence[int]) -> tuple[int, ...]:
    """The numbers of the sessions in which people rated an answer of one of these runs, maybe beside others."""
    return sessions_with(store, run_ids)


def _rated(store: Store, session: Session, resampling: Resampling) -> RatedSession:
    names = asked(session.scales, session.kind)
    with store.read():  # one state of the store: a run may go, or a rater go on, meanwhile
        said = Judged.of(judgements(store, session.session_id))
        first = said.where(~said.again)
        table = measured(store, session.session_id, session.scales.shows)
        runs = tuple(_whose(store, run_id) for run_id in first.runs())
        reasons = skipped(store, session.session_id)
    single = session.kind == "single"
    pairs, compared = first.pairs_of_runs()
    questions = session.scales.scale if single else session.scales.preference
    return RatedSession(
        session_id=session.session_id,
        name=session.name,
        kind=session.kind,
        picture=session.picture,
        shows=session.scales.shows,
        questions=tuple((one.name, one.question) for one in questions),
        runs=runs,
        raters=tuple((one.total, one.done - one.skipped, one.skipped) for one in session.sittings),
        items=session.items,
        rated=len(set(said.item.tolist())),
        means=means(first, names, resampling) if single else (),
        differences=differences(first, names, pairs, resampling) if single else (),
        compared=compared,
        preferences=() if single else preferences(first, names, resampling),
        sides=() if single else sides(first, names),
        between=agreement(said, names, resampling, single=single, same_rater=False),
        again=agreement(said, names, resampling, single=single, same_rater=True),
        measures=measures(first, names, table, resampling, single=single),
        skipped=reasons,
    )


def _whose(store: Store, run_id: int) -> Whose:
    run = show_run(store, run_id)
    return Whose(run_id, run["name"], run["model_uri"], run["prompt_name"], run["condition"])
