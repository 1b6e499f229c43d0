"""What an agent may do with the people of a dataset: the same few tools over MCP and in LangChain."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from persona_db.agents.langchain_tools import agent_tools
    from persona_db.agents.server import build_server
    from persona_db.agents.tools import Tools

__all__ = ["Tools", "agent_tools", "build_server"]

_HOMES = {"Tools": "tools", "agent_tools": "langchain_tools", "build_server": "server"}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
