"""Opening a model through an executor, and opening the model of a job in the process that is to answer."""

from __future__ import annotations

from elena_wb.core import Executor, Model, ModelCard, ModelError, ModelJob, Needs, TellsNeeds, UsageError
from elena_wb.engine.models import ModelAddress
from elena_wb.offline import forbid_network, is_offline
from elena_wb.plugins import plugin_host


def job_of(address: ModelAddress, card: ModelCard) -> ModelJob:
    """The job of opening the model at ``address``.

    Raises:
        UsageError: it is asked over the network: copies of the one who asks would bring nothing.
    """
    if address.destination is not None:
        raise UsageError(
            f"{card.uri} answers on a server, which takes many questions at once as it is: nothing is to be spread.",
            hint="Leave --executor out; how many questions are asked at once is an option of the model.",
        )
    needs = Needs()
    if isinstance(address.provider, TellsNeeds):
        needs = address.provider.needs(address.reference, address.options)
    return ModelJob(address.uri, card, needs, is_offline())


def open_with(executor: Executor, address: ModelAddress, card: ModelCard) -> Model:
    """The model at ``address``, opened wherever ``executor`` has it answer; whoever opens it closes it.

    Raises:
        UsageError: it is asked over the network.
        ModelError: it cannot be opened there.
        SetupError: the machines cannot be reached, or lack what it needs.
    """
    return executor.open(job_of(address, card))


def open_here(job: ModelJob) -> Model:
    """The model of ``job``, loaded in this process.

    Raises:
        ModelError: it cannot be opened, or what is here under its URI is another model.
        SetupError: a plugin or a package that it needs is not installed here.
        UsageError: no plugin here knows its scheme.
    """
    if job.offline:
        forbid_network()
    model = ModelAddress.parse(job.uri, plugin_host()).open()
    if model.card.digest != job.card.digest:
        model.close()
        raise ModelError(
            f"{job.uri} is another model here (digest {model.card.digest[:12]}, not {job.card.digest[:12]}).",
            hint="Put the same weights and the same version of its plugin on every machine.",
        )
    return model
