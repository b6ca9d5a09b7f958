"""Which analyses a report carries out, and under which title each stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from elena_wb.findings import Section
from elena_wb.report.options import ReportOptions
from elena_wb.store import Store

Make: TypeAlias = Callable[[], tuple[Section, ...]]

MOST_COMPARED = 6
"""So many pairs of runs are compared in full; all of them are in one table."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """One analysis: its paragraph in ``methods.toml``, the title of its chapter, and how it is made."""

    kind: str
    title: str
    make: Make


def analyses(
    store: Store, run_ids: Sequence[int], options: ReportOptions, pairs: Sequence[tuple[int, int]]
) -> Iterator[Analysis]:
    """All but the scores, in the order of the report; each comes to nothing where it does not apply."""
    resampling = options.resampling

    def bias() -> tuple[Section, ...]:
        from elena_wb.findings import bias, bias_told

        return bias_told.sections(bias.facial_bias(store, run_ids, resampling))

    def compared(first: int, second: int) -> Make:
        def make() -> tuple[Section, ...]:
            from elena_wb.findings import comparing, comparing_told

            return comparing_told.sections(
                comparing.compare_runs(store, str(first), str(second), resampling=resampling)
            )

        return make

    def compared_many() -> tuple[Section, ...]:
        from elena_wb.findings import comparing_many, comparing_many_told

        return comparing_many_told.sections(comparing_many.compare_many(store, run_ids, resampling))

    yield Analysis("bias", "The face", bias)
    for first, second in pairs[:MOST_COMPARED]:
        yield Analysis("comparing", f"Run {first} and run {second} compared", compared(first, second))
    if len(run_ids) > 2:
        yield Analysis("comparing_many", "All runs compared", compared_many)
    yield from _of_narratives(store, run_ids, options)

    def rating() -> tuple[Section, ...]:
        from elena_wb.findings import rating, rating_told

        about = rating.sessions_about(store, run_ids)
        told = (rating_told.sections(rating.ratings(store, session, resampling)) for session in about)
        return tuple(section for sections in told for section in sections)

    yield Analysis("rating", "Ratings by people", rating)


def _of_narratives(store: Store, run_ids: Sequence[int], options: ReportOptions) -> Iterator[Analysis]:
    resampling = options.resampling

    def parts() -> tuple[Section, ...]:
        from elena_wb.findings import parts, parts_told

        return parts_told.sections(parts.parts_used(store, run_ids))

    def mentions() -> tuple[Section, ...]:
        from elena_wb.findings import mentions, mentions_told

        return mentions_told.sections(mentions.parts_mentioned(store, run_ids))

    def shares() -> tuple[Section, ...]:
        from elena_wb.findings import text_shares, text_shares_told

        return text_shares_told.sections(text_shares.explicit_and_implicit(store, run_ids))

    def named() -> tuple[Section, ...]:
        from elena_wb.findings import emotion_named, emotion_named_told

        return emotion_named_told.sections(emotion_named.outright(store, run_ids))

    def worded() -> tuple[Section, ...]:
        from elena_wb.findings import wording, wording_told

        return wording_told.sections(wording.wording(store, run_ids, resampling))

    def vocabulary() -> tuple[Section, ...]:
        from elena_wb.findings import open_vocabulary, open_vocabulary_told

        found = open_vocabulary.open_vocabulary(store, run_ids, resampling=resampling)
        return open_vocabulary_told.sections(found)

    def repeats() -> tuple[Section, ...]:
        from elena_wb.findings import repeating, repeating_told

        return repeating_told.sections(repeating.repeatability(store, run_ids, resampling))

    yield Analysis("parts", "Parts of the body", parts)
    yield Analysis("mentions", "Parts of the body", mentions)
    yield Analysis("text_shares", "How narratives are worded", shares)
    yield Analysis("emotion_named", "How narratives are worded", named)
    yield Analysis("wording", "How narratives are worded", worded)
    yield Analysis("open_vocabulary", "Words for emotions", vocabulary)
    yield Analysis("repeating", "Repeats and paraphrases", repeats)
