"""The stages of refinement as LangChain Runnables: usable alone, joined by `|`, single or in batches.

`Distil | Induce | Key` turns a UserHistory into a Persona. Each stage hands whole batches to its engine, and
passes `config` through, so that callbacks, tags and traces see every stage.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from langchain_core.callbacks import AsyncCallbackManagerForChainRun, CallbackManagerForChainRun
from langchain_core.runnables import RunnableConfig, RunnableSerializable
from langchain_core.runnables.config import ContextThreadPoolExecutor, run_in_executor
from langchain_core.runnables.utils import accepts_config
from pydantic import ConfigDict, Field

from persona_db.chains.engine import Engine
from persona_db.chains.persona import Persona, UserHistory

__all__ = ["Distil", "Induce", "Key", "Stage", "Work"]

Given = TypeVar("Given")
Made = TypeVar("Made")
Work = Callable[[Sequence[Given], Sequence[RunnableConfig]], list[Made]]


_AT_ONCE = 8
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


def _each_in_its_run(method: Callable[[Sequence[Given]], list[Made]]) -> Work[Given, Made]:
    """An engine's method as work: one call for all, unless it calls a model: then each input's calls are of its run."""
    if not accepts_config(method):
        return lambda given, _: method(given)

    def work(given: Sequence[Given], configs: Sequence[RunnableConfig]) -> list[Made]:
        ask = cast("Callable[..., list[Made]]", method)
        with ContextThreadPoolExecutor(max_workers=_AT_ONCE) as threads:
            return [made for [made] in threads.map(lambda one, config: ask([one], config=config), given, configs)]

    return work


class Distil(Stage[UserHistory, Persona]):
    """History to distilled facts."""

    engine: Any = Field(description="An Engine.")

    def _work(self) -> Work[UserHistory, Persona]:
        return _each_in_its_run(cast("Engine", self.engine).distil)


class Induce(Stage[Persona, Persona]):
    """History and distilled facts to induced facts."""

    engine: Any = Field(description="An Engine.")

    def _work(self) -> Work[Persona, Persona]:
        return _each_in_its_run(cast("Engine", self.engine).induce)


class Key(Stage[Persona, Persona]):
    """Facts to weighted cache keys."""

    engine: Any = Field(description="An Engine.")

    def _work(self) -> Work[Persona, Persona]:
        return _each_in_its_run(cast("Engine", self.engine).key)
