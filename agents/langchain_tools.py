"""The tools for LangChain and LangGraph agents."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, ConfigDict, create_model

from persona_db.agents.tools import Tool, Tools, refusal
from persona_db.graph.errors import PersonaDBError

if TYPE_CHECKING:
    from persona_db.graph.session import Graph

__all__ = ["agent_tools"]


def agent_tools(graph: Graph, dataset: str, *, user: str | None = None, write: bool = False) -> list[BaseTool]:
    """Return who_is, predict, who_shares, recall and why as LangChain tools, with *write* also remember and forget.

    With *user* they are about that one, and none takes an argument for who is meant. A tool returns JSON, or the
    sentence of an error, so that the agent can mend its call. UnknownDatasetError and UnknownUserError come at once.

    >>> [tool.name for tool in agent_tools(graph, "town", user="ada")]
    ['who_is', 'predict', 'who_shares', 'recall', 'why']
    """
    tools = Tools(lambda: graph, dataset, user=user, write=write)
    return [
        StructuredTool(
            name=name,
            description=inspect.cleandoc(tool.__doc__ or ""),
            args_schema=_arguments(name, tool),
            func=_called(tools, name),
        )
        for name, tool in tools.functions().items()
    ]


def _arguments(name: str, tool: Tool) -> type[BaseModel]:
    """Return the arguments of a tool as its signature has them; others are let through, so that a sentence says so."""
    fields: dict[str, Any] = {
        one.name: (one.annotation, ... if one.default is one.empty else one.default)
        for one in inspect.signature(tool, eval_str=True).parameters.values()
    }
    return create_model(name, __config__=ConfigDict(extra="allow"), **fields)


def _called(tools: Tools, name: str) -> Callable[..., str]:
    """Return the tool as LangChain calls it: with its arguments, for a text."""

    def call(**given: Any) -> str:
        try:
            return tools.functions()[name](**tools.checked(name, given)).model_dump_json()
        except PersonaDBError as exc:
            return refusal(exc)

    return call
