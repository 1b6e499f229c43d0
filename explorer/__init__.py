"""The web explorer: pages of a graph on this machine, which read through the same functions as the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from persona_db.explorer.app import create_app
    from persona_db.explorer.serve import serve

__all__ = ["create_app", "serve"]


def __getattr__(name: str) -> object:
    from importlib import import_module

    modules = {"create_app": "app", "serve": "serve"}
    if name not in modules:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"persona_db.explorer.{modules[name]}"), name)
