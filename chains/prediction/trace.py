"""A prediction followed back: evidence, the keys shared with its user, that user, and the history items at the end."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from persona_db.chains.fit.snapshot import until
from persona_db.chains.results import Collaborator, Evidence, Prediction, SharedKey
from persona_db.graph.datasets import require_dataset
from persona_db.graph.errors import ConfigError
from persona_db.graph.explore import rests_on
from persona_db.graph.models import Model, Sharing

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

__all__ = ["NamedKey", "Step", "Support", "Trace", "trace"]


class NamedKey(Model):
    """A cache key and its name."""

    key: str
    kind: str
    name: str


class Support(Model):
    """A history item at the end of a path."""

    item: str
    text: str
    share: float = Field(description="Part of the evidence that rests on this item; 1 for the item itself.")


class Step(Model):
    """One piece of evidence with its path back to history items."""

    evidence: Evidence
    layer: Literal["history", "distilled", "induced", "cache"]
    user: str | None = Field(default=None, description="Whose item it is; None for a key summary.")
    at: str = Field(default="", description="When the item was given, or the date from which the fact is known.")
    key: NamedKey | None = Field(
        default=None, description="The key that the evidence is about; of a summary, the key its holders share."
    )
    collaborator: Collaborator | None = Field(
        default=None, description="The user of a borrowed item, with the keys shared with the user predicted."
    )
    rests_on: tuple[Support, ...] = Field(default=(), description="History items, those with the largest share first.")
    withheld: int = Field(default=0, description="History items that the collaborator does not share.")


class Trace(Model):
    """A prediction and the path of each piece of its evidence."""

    prediction: Prediction
    steps: tuple[Step, ...] = Field(description="In the order of the evidence.")
    gone: tuple[Evidence, ...] = Field(default=(), description="Evidence that has been erased since.")


class _Source(Model):
    """A row of `traced_evidence`: the fact or history item that a piece of evidence is."""

    id: str
    layer: Literal["history", "distilled", "induced"]
    user: str
    name: str
    sharing_rank: int
    key: str | None
    at: str


def trace(graph: Graph, prediction: Prediction, *, dataset: str, as_of: str | None = None) -> Trace:
    """Return the path of each piece of evidence: its user, the keys shared with that user, and the history items.

    Takes five queries whatever the amount of evidence. History items of others are shown for users who share their
    history, and only counted for the rest. *as_of* is the date the prediction was made for. ConfigError when a refit
    has replaced the prediction's Fit.

    >>> prediction = predict(graph, "ada", "buses", dataset="town")
    >>> step = next(step for step in trace(graph, prediction, dataset="town").steps if step.layer == "distilled")
    >>> step.evidence.source, step.layer, [support.item for support in step.rests_on]
    ('own', 'distilled', ['ada/...'])
    """
    if not graph.read("fit_ready", dataset=dataset, fit=prediction.fit)[0]["ready"]:
        require_dataset(graph, dataset)
        raise ConfigError(f"dataset {dataset!r} has no Fit {prediction.fit} any more; predict again, and trace that")
    sources = _sources(graph, dataset, prediction)
    keys = {one.id: id_ for one in prediction.evidence if (id_ := _key_of(one, prediction, sources.get(one.id)))}
    named = _named(graph, dataset, prediction.fit, set(keys.values()))
    facts = [source.id for source in sources.values() if source.layer != "history"]
    supports = rests_on(graph, dataset, prediction.fit, facts)
    others = {one.user: one.name for one in sources.values() if one.user != prediction.user}
    collaborators = _collaborators(graph, dataset, prediction, others, as_of=as_of)
    steps: list[Step] = []
    gone: list[Evidence] = []
    for one in prediction.evidence:
        source, key = sources.get(one.id), named.get(keys.get(one.id, ""))
        if source is not None:
            found = _supports(one, source, supports.get(one.id, ()))
            shown = source.user == prediction.user or source.sharing_rank >= Sharing.HISTORY.rank
            step = Step(
                evidence=one,
                layer=source.layer,
                user=source.user,
                at=source.at,
                key=key,
                collaborator=collaborators.get(source.user),
                rests_on=found if shown else (),
                withheld=0 if shown else len(found),
            )
            steps.append(step)
        elif key is not None:
            user = prediction.user if one.source == "own" else None
            steps.append(Step(evidence=one, layer="cache", user=user, key=key))
        else:
            gone.append(one)
    return Trace(prediction=prediction, steps=tuple(steps), gone=tuple(gone))


def _sources(graph: Graph, dataset: str, prediction: Prediction) -> dict[str, _Source]:
    """Return what the evidence is in the graph, by id: own evidence only of the user, the rest only of others."""
    own = {one.id: one.source == "own" for one in prediction.evidence if one.source != "summary"}
    rows = graph.read("traced_evidence", dataset=dataset, fit=prediction.fit, ids=list(own))
    found = [_Source.model_validate(row) for row in rows]
    return {
        one.id: one
        for one in found
        if own[one.id] == (one.user == prediction.user) and (own[one.id] or one.sharing_rank >= Sharing(one.layer).rank)
    }


def _supports(evidence: Evidence, source: _Source, rows: Sequence[Mapping[str, Any]]) -> tuple[Support, ...]:
    """Return the history items that the evidence rests on: rows of `supports_of_facts`, or the item that it is."""
    if source.layer == "history":
        return (Support(item=evidence.id, text=evidence.text, share=1.0),)
    return tuple(Support(item=row["item"], text=row["text"], share=row["share"]) for row in rows)


def _key_of(evidence: Evidence, prediction: Prediction, source: _Source | None) -> str | None:
    """Return the id of the key that a piece of evidence is about: recall's id of a summary is `KEY -> QUESTION`."""
    if evidence.source == "summary":
        return evidence.id.removesuffix(f" -> {prediction.question}")
    if source is not None:
        return source.key
    return evidence.id if evidence.source == "own" else None


def _named(graph: Graph, dataset: str, fit: str, keys: Collection[str]) -> dict[str, NamedKey]:
    rows = graph.read("keys_named", dataset=dataset, fit=fit, ids=sorted(keys)) if keys else ()
    return {row["key"]: NamedKey.model_validate(row) for row in rows}


def _collaborators(
    graph: Graph, dataset: str, prediction: Prediction, names: Mapping[str, str], *, as_of: str | None
) -> dict[str, Collaborator]:
    """Return the collaborators by id, each with the keys shared with the user predicted; one query for all."""
    if not names:
        return {}
    shared: dict[str, list[SharedKey]] = {user: [] for user in names}
    wanted = [{"user": prediction.user, "others": sorted(names)}]
    for row in graph.read("shared_keys", dataset=dataset, fit=prediction.fit, rows=wanted, as_of=until(as_of)):
        shared[row["collaborator"]].append(
            SharedKey.model_validate({name: row[name] for name in SharedKey.model_fields})
        )
    return {user: _collaborator(user, names[user], keys) for user, keys in shared.items()}


def _collaborator(user: str, name: str, keys: Sequence[SharedKey]) -> Collaborator:
    return Collaborator(
        user=user,
        name=name,
        score=round(sum(key.contribution for key in keys), 9),
        shared=tuple(key for key in keys if key.contribution >= 0),
        opposed=tuple(key for key in keys if key.contribution < 0),
    )
