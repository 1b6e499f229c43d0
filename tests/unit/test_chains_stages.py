"""Distil, induce and key as LangChain Runnables."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler

from persona_db.chains import Distil, Induce, Key
from persona_db.chains.fit.learn import learn
from persona_db.chains.fit.settings import EngineSettings
from persona_db.chains.persona import Persona, UserHistory
from persona_db.chains.statistical.engine import StatisticalEngine
from tests.synthetic import histories, make_world, signals_of


class Counting:
    """An engine that counts how often it is called, and marks who went through."""

    name = "counting"

    def __init__(self) -> None:
        self.calls: list[tuple[str, int]] = []

    def distil(self, people: Any, *, configs: Any = None) -> list[Persona]:
        self.calls.append(("distil", len(people)))
        if any(one.user == "bad" for one in people):
            raise ValueError("bad person")
        return [Persona(history=one) for one in people]

    def induce(self, personas: Any, *, configs: Any = None) -> list[Persona]:
        self.calls.append(("induce", len(personas)))
        return list(personas)

    def key(self, personas: Any, *, configs: Any = None) -> list[Persona]:
        self.calls.append(("key", len(personas)))
        return [one.model_copy(update={"traits": (float(row),)}) for row, one in enumerate(personas)]


class Seen(BaseCallbackHandler):
    """Remembers which runs started, with their tags and metadata."""

    def __init__(self) -> None:
        self.runs: list[tuple[str, tuple[str, ...], object]] = []

    def on_chain_start(self, serialized: Any, inputs: Any, **kwargs: Any) -> None:
        self.runs.append((kwargs["name"], tuple(kwargs["tags"] or ()), (kwargs["metadata"] or {}).get("who")))


people = [UserHistory(user=f"u{n}") for n in range(5)]


def chain(engine: Counting) -> Any:
    return Distil(engine=engine) | Induce(engine=engine) | Key(engine=engine)


def test_a_batch_is_one_call_a_stage() -> None:
    """Results in the order given."""
    engine = Counting()
    made = chain(engine).batch(people)
    assert [one.user for one in made] == [one.user for one in people]
    assert engine.calls == [("distil", 5), ("induce", 5), ("key", 5)]


def test_an_asynchronous_batch_is_one_call_a_stage() -> None:
    """As the other."""
    engine = Counting()
    made = asyncio.run(chain(engine).abatch(people))
    assert [one.user for one in made] == [one.user for one in people]
    assert engine.calls == [("distil", 5), ("induce", 5), ("key", 5)]


def test_every_way_to_call_gives_the_same() -> None:
    """invoke, batch, ainvoke, abatch and stream, alone and joined, with the statistical engine."""
    world = make_world(people=20)
    engine = StatisticalEngine.of(learn(signals_of(world), EngineSettings(), seed=0))
    some = histories(world)[:3]
    expected = engine.key(engine.induce(engine.distil(some)))
    stages = Distil(engine=engine) | Induce(engine=engine) | Key(engine=engine)
    assert [stages.invoke(one) for one in some] == expected
    assert stages.batch(some) == expected
    assert [asyncio.run(stages.ainvoke(one)) for one in some] == expected
    assert asyncio.run(stages.abatch(some)) == expected
    assert list(stages.stream(some[0])) == expected[:1]
    assert stages.batch([]) == []
    alone = Distil(engine=engine)
    assert asyncio.run(alone.abatch(some)) == alone.batch(some) == engine.distil(some)


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "batch", "abatch"])
def test_config_reaches_every_stage(way: str) -> None:
    """Callbacks, tags and metadata."""
    seen = Seen()
    config = {"callbacks": [seen], "tags": ["survey"], "metadata": {"who": "me"}}
    stages = chain(Counting())
    given = people[0] if way.endswith("invoke") else people
    made = getattr(stages, way)(given, config=config)
    if way.startswith("a"):
        asyncio.run(_wait(made))
    stages_seen = [run for run in seen.runs if run[0] in {"Distil", "Induce", "Key"}]
    assert {name for name, _, _ in stages_seen} == {"Distil", "Induce", "Key"}
    assert all("survey" in tags and who == "me" for _, tags, who in stages_seen)


async def _wait(awaitable: Any) -> Any:
    return await awaitable


def test_one_config_each() -> None:
    """A list of configs gives every input its own."""
    seen = [Seen(), Seen()]
    Distil(engine=Counting()).batch(people[:2], config=[{"callbacks": [one]} for one in seen])
    assert [len(one.runs) for one in seen] == [1, 1]


def test_failures_can_be_returned() -> None:
    """Of the one that failed, with the results of the others."""
    mixed = [people[0], UserHistory(user="bad"), people[1]]
    made: list[Any] = Distil(engine=Counting()).batch(mixed, return_exceptions=True)
    assert [type(one).__name__ for one in made] == ["Persona", "ValueError", "Persona"]
    with pytest.raises(ValueError, match="bad person"):
        Distil(engine=Counting()).batch(mixed)


def test_a_stage_can_be_bound_and_named() -> None:
    """As any Runnable."""
    seen = Seen()
    named = Distil(engine=Counting()).with_config(run_name="first step", tags=["t"])
    assert named.invoke(people[0], config={"callbacks": [seen]}).user == "u0"
    assert seen.runs == [("first step", ("t",), None)]
