"""Which answers of a declared study are looked at for the attention that they paid to the picture."""

from __future__ import annotations

from collections.abc import Mapping

from elena_wb.engine.attending import AttentionPlan, Wanted, plan_attentions
from elena_wb.engine.models import ModelAddress
from elena_wb.engine.plan import RunPlan, generation_id
from elena_wb.engine.prefetch import Item
from elena_wb.experiments.declared import AttentionChoice
from elena_wb.parsing.layers import parse_layers
from elena_wb.parsing.tokens import parse_tokens
from elena_wb.plugins import PluginHost
from elena_wb.prompts import choose
from elena_wb.store import Store
from elena_wb.store.selection import Choice, choose_answers


def out_of_reach(uri: str, host: PluginHost) -> str | None:
    """The machine that the model at ``uri`` is asked on, where that is another: nobody sees its attention then."""
    return ModelAddress.parse(uri, host).destination


def is_wanted(choice: AttentionChoice, plan: RunPlan, host: PluginHost) -> bool:
    """Whether the answers of the run are among those to be looked at."""
    setting = plan.setting
    if choice.conditions is not None and str(setting.condition) not in choice.conditions:
        return False
    if choice.prompts is None:
        return True
    meant = (
        choose(
            prompt,
            model_uri=setting.card.uri,
            condition=setting.condition,
            made_for=setting.card.meant_for,
            variant=setting.prompt.variant,
            extra_folders=host.prompt_folders,
        )
        for prompt in choice.prompts
    )
    return any(found.prompt.name == setting.prompt.name for found in meant)


def plan_looking(
    choice: AttentionChoice, runs: Mapping[int, RunPlan], host: PluginHost, store: Store
) -> tuple[AttentionPlan, ...]:
    """What is missing of the attention in ``runs`` (by number), of the answers that the study is about and no others.

    Raises:
        UsageError: what a run was made with has changed.
    """
    meant = {
        run_id: {
            generation_id(plan.spec.run_key, Item(stimulus, repeat))
            for stimulus in plan.stimuli
            for repeat in range(plan.spec.options["repeats"])
        }
        for run_id, plan in runs.items()
    }
    chosen = {
        run_id: [one.generation_id for one in answers if one.generation_id in meant[run_id]][: choice.limit]
        for run_id, answers in choose_answers(store, list(runs), Choice()).items()
    }
    wanted = Wanted(
        tokens=parse_tokens(choice.tokens),
        layers=parse_layers(choice.layers),
        heads=choice.heads,
        method=choice.method,
        keep_maps=choice.maps,
    )
    plans = plan_attentions({run_id: set(ids) for run_id, ids in chosen.items() if ids}, wanted, host, store)
    return tuple(plans.values())
