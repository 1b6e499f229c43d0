"""The stages of refinement as LangChain Runnables: usable alone, joined by `|`, single or in batches.

`Distil | Induce | Key` turns a UserHistory into a Persona. Each stage hands whole batches to its engine, and
passes `config` through, so that callbacks, tags and traces see every stage.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar, cast

from langchain_core.runnables import RunnableConfig, RunnableSerializable
from langchain_core.runnables.config import run_in_executor
from pydantic import ConfigDict, Field

from persona_db.chains.persona import Persona, UserHistory

__all__ = ["Distil", "Engine", "Induce", "Key", "Stage"]

Given = TypeVar("Given")
Made = TypeVar("Made")
_Batch = Callable[[list[Given]], list[Exception | Made]]


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

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

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
        """Return the results in the order of *inputs*: one call for all, but a run of its own for each in callbacks.

        With *return_exceptions* each input is called for by itself, so that one that fails fails alone.
        """
        if return_exceptions:
            return super().batch(inputs, config, return_exceptions=True, **kwargs)
        return self._batch_with_config(cast("_Batch[Given, Made]", self._work()), inputs, config, **kwargs)

    async def abatch(
        self,
        inputs: list[Given],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[Made]:
        """As `batch`, in a thread."""
        if return_exceptions:
            return await super().abatch(inputs, config, return_exceptions=True, **kwargs)
        work = cast("_Batch[Given, Made]", self._work())

        async def in_thread(given: list[Given]) -> list[Exception | Made]:
            return await run_in_executor(None, work, given)

        return await self._abatch_with_config(in_thread, inputs, config, **kwargs)


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
