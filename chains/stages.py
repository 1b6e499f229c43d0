"""The stages of refinement as LangChain Runnables: usable alone, joined by `|`, single or in batches.

`Distil | Induce | Key` turns a UserHistory into a Persona. Each stage hands whole batches to its engine, and
passes `config` through, so that callbacks, tags and traces see every stage.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar, cast

from langchain_core.runnables import RunnableConfig, RunnableSerializable
from pydantic import ConfigDict, Field

from persona_db.chains.persona import Persona, UserHistory

__all__ = ["Distil", "Engine", "Induce", "Key", "Stage"]

Given = TypeVar("Given")
Made = TypeVar("Made")


class Engine(Protocol):
    """What refines people: the statistical engine, or a language model behind the same methods.

    Each method returns one result a person, in the order given.
    """

    name: str

    def distil(self, people: Sequence[UserHistory]) -> list[Persona]: ...
    def induce(self, personas: Sequence[Persona]) -> list[Persona]: ...
    def key(self, personas: Sequence[Persona]) -> list[Persona]: ...


class Stage(RunnableSerializable[Given, Made]):
    """A Runnable whose work is a function of a whole batch."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    def _work(self) -> Callable[[Sequence[Given]], list[Made]]:
        raise NotImplementedError

    def invoke(self, input: Given, config: RunnableConfig | None = None, **kwargs: Any) -> Made:
        """Return the result for one input."""
        work = self._work()
        return self._call_with_config(lambda given: work([given])[0], input, config, **kwargs)

    def batch(
        self,
        inputs: list[Given],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[Made]:
        """Return the results in the order of *inputs*; the whole batch is one call of the engine."""
        if not inputs:
            return []
        if isinstance(config, list) or return_exceptions:
            return super().batch(inputs, config, return_exceptions=return_exceptions, **kwargs)
        work = self._work()
        return cast("list[Made]", self._call_with_config(work, inputs, config))  # type: ignore[arg-type]


class Distil(Stage[UserHistory, Persona]):
    """History to distilled facts."""

    engine: Any = Field(description="An Engine.")

    def _work(self) -> Callable[[Sequence[UserHistory]], list[Persona]]:
        return cast("Engine", self.engine).distil


class Induce(Stage[Persona, Persona]):
    """History and distilled facts to induced facts."""

    engine: Any = Field(description="An Engine.")

    def _work(self) -> Callable[[Sequence[Persona]], list[Persona]]:
        return cast("Engine", self.engine).induce


class Key(Stage[Persona, Persona]):
    """Facts to weighted cache keys."""

    engine: Any = Field(description="An Engine.")

    def _work(self) -> Callable[[Sequence[Persona]], list[Persona]]:
        return cast("Engine", self.engine).key
