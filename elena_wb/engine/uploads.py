"""Pictures that are to stay on this machine do not leave it by accident."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from elena_wb.core import Condition, Stimulus, UsageError
from elena_wb.engine.models import ModelAddress


@dataclass(frozen=True, slots=True)
class Uploads:
    """Whether pictures may go where the model is. ``allowed`` is the user's express word that all may."""

    address: ModelAddress
    allowed: bool

    def guards(self, stimuli: Sequence[Stimulus]) -> bool:
        """Whether any of ``stimuli`` would leave the machine and may do so only if an audit finds no face in it."""
        return self._leave and any(stimulus.upload == "masked-only" for stimulus in stimuli)

    def overrules(self, stimuli: Sequence[Stimulus]) -> bool:
        """Whether the user's word lets any of ``stimuli`` leave the machine that would otherwise stay."""
        restricted = any(stimulus.upload != "allowed" for stimulus in stimuli)
        return self.allowed and self.address.destination is not None and restricted

    def check(self, stimuli: Sequence[Stimulus], conditions: Sequence[Condition]) -> None:
        """Refuse what would send pictures away that must stay.

        Raises:
            UsageError: a picture is local-only, or masked-only while a condition shows faces.
        """
        if not self._leave:
            return
        local = [stimulus for stimulus in stimuli if stimulus.upload == "local-only"]
        if local:
            raise self._refusal(local, "must not leave this machine (local-only)")
        masked = [stimulus for stimulus in stimuli if stimulus.upload == "masked-only"]
        for condition in conditions:
            if masked and not condition.hides_face:
                raise self._refusal(
                    masked, f"may be sent only with the face hidden, which `{condition}` does not"
                )

    @property
    def _leave(self) -> bool:
        return self.address.destination is not None and not self.allowed

    def _refusal(self, stimuli: Sequence[Stimulus], reason: str) -> UsageError:
        counts = Counter(stimulus.dataset for stimulus in stimuli)
        where = ", ".join(f"{count} of {name}" for name, count in counts.most_common(5))
        return UsageError(
            f"`{self.address.uri}` sends pictures to {self.address.destination}, and {len(stimuli)} of them ({where}) "
            f"{reason}.",
            hint="Their licence or the people in them may forbid it. Use a model on this machine, or give "
            "--allow-upload if you may send them; it is recorded with the run.",
        )
