"""From a model's answer to the record that is stored."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from elena_wb.engine.answering import Answer
from elena_wb.engine.plan import RunPlan, generation_id
from elena_wb.engine.prefetch import Prepared
from elena_wb.parsing import parse
from elena_wb.remote.redaction import redact, redact_answer
from elena_wb.store import AuditRecord, GenerationRecord, RegionsRecord, SizeRecord
from elena_wb.vocabulary import load_scheme

_LONGEST_VERSION = 200
_ROUNDING = 1e-3
"""How far above 0, which is certainty, the logarithm of a probability may come by rounding."""


class Reader:
    """Reads the answers of one run: parses them and gives each both its identities."""

    def __init__(self, plan: RunPlan) -> None:
        self._run_key = plan.spec.run_key
        self._condition = plan.spec.condition
        self._recipe = plan.setting.recipe
        self._model_digest = plan.setting.card.digest
        self._fields = tuple((plan.setting.prompt.schema or {}).get("properties", ()))
        self._scheme = load_scheme(plan.setting.prompt.scheme)

    def read(self, prepared: Prepared, answer: Answer) -> GenerationRecord:
        """The record of an answer, whatever it looks like."""
        assert prepared.request is not None
        response = answer.response
        text = redact_answer(response.text)
        narrative = parse(
            text, scheme=self._scheme, fields=self._fields, finish_reason=response.finish_reason
        )
        return GenerationRecord(
            generation_id=generation_id(self._run_key, prepared.item),
            content_digest=self._recipe.content_digest(prepared.request, self._model_digest),
            run_key=self._run_key,
            stimulus_id=prepared.item.stimulus.stimulus_id,
            repeat=prepared.item.repeat,
            status="error" if response.finish_reason == "error" else narrative.status,
            raw_text=text,
            emotion=narrative.emotion,
            emotion_raw=narrative.emotion_raw,
            explicit_description=narrative.explicit_description,
            implicit_description=narrative.implicit_description,
            narrative=narrative.narrative,
            valence=narrative.valence,
            arousal=narrative.arousal,
            dominance=narrative.dominance,
            notes=(*prepared.notes, *narrative.notes),
            body_parts=narrative.body_parts,
            finish_reason=response.finish_reason,
            prompt_tokens=response.prompt_tokens,
            completion_tokens=response.completion_tokens,
            latency_ms=response.latency_ms,
            cost_usd=response.cost_usd,
            error=None if response.error is None else redact(response.error),
            attempts=answer.attempts,
            retried_for=answer.retried_for,
            answered_by=None
            if response.answered_by is None
            else redact_answer(response.answered_by)[:_LONGEST_VERSION],
            label_scores=self._scores(response.label_logprobs),
        )

    def _scores(self, logprobs: Mapping[str, float]) -> Mapping[str, float]:
        """The logarithms by label in canonical spelling; spellings of one label add up to its probability."""
        spellings: dict[str, list[float]] = {}
        for spelt, logprob in logprobs.items():
            label = self._scheme.canonical(spelt)
            if label is not None and -math.inf < logprob <= _ROUNDING:
                spellings.setdefault(label, []).append(min(0.0, logprob))
        return {label: min(0.0, _log_of_sum(found)) for label, found in spellings.items()}

    def unusable(self, prepared: Prepared) -> GenerationRecord:
        """The record of a picture that could not be asked about."""
        return GenerationRecord(
            generation_id=generation_id(self._run_key, prepared.item),
            content_digest=None,
            run_key=self._run_key,
            stimulus_id=prepared.item.stimulus.stimulus_id,
            repeat=prepared.item.repeat,
            status="error",
            finish_reason="error",
            error=None if prepared.error is None else redact(prepared.error),
            attempts=0,
        )

    def located(self, prepared: Prepared) -> Sequence[SizeRecord | RegionsRecord | AuditRecord]:
        """What was learnt about the picture itself on the way."""
        stimulus_id = prepared.item.stimulus.stimulus_id
        found: list[SizeRecord | RegionsRecord | AuditRecord] = [
            RegionsRecord(
                stimulus_id,
                locator,
                tuple(region for region in prepared.regions if region.locator == locator),
            )
            for locator in prepared.searched
        ]
        audit = prepared.audit
        if audit is not None:
            found.append(
                AuditRecord(
                    stimulus_id,
                    self._condition,
                    self._recipe.masking.identity,
                    audit.detector,
                    audit.residual_faces,
                    audit.faces,
                    audit.uncovered,
                )
            )
        if prepared.width is None or prepared.height is None:
            return found
        return [SizeRecord(stimulus_id, prepared.width, prepared.height), *found]


def _log_of_sum(logs: Sequence[float]) -> float:
    """The logarithm of the sum of numbers given by their logarithms."""
    most = max(logs)
    return most + math.log(math.fsum(math.exp(one - most) for one in logs))
