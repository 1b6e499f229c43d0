"""The stages of refinement as LangChain Runnables: usable alone, joined by `|`, single or in batches.

`Distil | Induce | Key` turns a UserHistory into a Persona. Each stage hands whole batches to its engine, and
passes `config` through, so that callbacks, tags and traces see every stage.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from langchain_core.callbacks import AsyncCallbackManagerForChainRun, CallbackManagerForChainRun
from langchain_core.runnables import RunnableConfig, RunnableSerializable
from langchain_core.runnables.config import run_in_executor
from pydantic import ConfigDict, Field, SkipValidation

from persona_db.chains.engine import Engine
from persona_db.chains.persona import Persona, UserHistory

__all__ = ["Distil", "Induce", "Key", "Stage", "Work"]

Given = TypeVar("Given")
Made = TypeVar("Made")
Work = Callable[[Sequence[Given], Sequence[RunnableConfig]], list[Made]]

_Batch = Callable[[list[Given], list[RunnableConfig]], list[Exception | Made]]


class Stage(RunnableSerializable[Given, Made]):
    """A Runnable whose work is a function of a whole batch, and of the config that each input's run hands on."""

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    def _work(self) -> Work[Given, Made]:
        raise NotImplementedError

    def invoke(self, input: Given, config: RunnableConfig | None = None, **kwargs: Any) -> Made:
        """Return the result for one input."""
        work = self._work()

        def one(given: Given, run_manager: CallbackManagerForChainRun, config: RunnableConfig) -> Made:  # noqa: ARG001
            return work([given], [config])[0]

        return self._call_with_config(one, input, config, **kwargs)

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
        work = cast("_Batch[Given, Made]", self._work())

        def all_of(
            given: list[Given],
            run_manager: list[CallbackManagerForChainRun],  # noqa: ARG001  LangChain passes it by this name
            config: list[RunnableConfig],
        ) -> list[Exception | Made]:
            return work(given, config)

        return self._batch_with_config(all_of, inputs, config, **kwargs)

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

        async def in_thread(
            given: list[Given],
            run_manager: list[AsyncCallbackManagerForChainRun],  # noqa: ARG001
            config: list[RunnableConfig],
        ) -> list[Exception | Made]:
            return await run_in_executor(None, work, given, config)

        return await self._abatch_with_config(in_thread, inputs, config, **kwargs)


class Distil(Stage[UserHistory, Persona]):
    """History to distilled facts."""

    engine: SkipValidation[Engine] = Field(description="What distils.")

    def _work(self) -> Work[UserHistory, Persona]:
        return lambda people, configs: self.engine.distil(people, configs=configs)


class Induce(Stage[Persona, Persona]):
    """History and distilled facts to induced facts."""

    engine: SkipValidation[Engine] = Field(description="What induces.")

    def _work(self) -> Work[Persona, Persona]:
        return lambda personas, configs: self.engine.induce(personas, configs=configs)


class Key(Stage[Persona, Persona]):
    """Facts to weighted cache keys."""

    engine: SkipValidation[Engine] = Field(description="What keys.")

    def _work(self) -> Work[Persona, Persona]:
        return lambda personas, configs: self.engine.key(personas, configs=configs)
