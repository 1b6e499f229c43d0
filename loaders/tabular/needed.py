"""Packages of the extra `tables`, imported when a file needs them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from persona_db.graph.errors import ConfigError

__all__ = ["needed"]


def needed(module: str, why: str) -> Any:
    """Return the module; ConfigError says what to install where it is missing."""
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0].replace("_", "-")
        raise ConfigError(
            f"{package} is needed {why} and is not installed; `pip install 'persona-db[tables]'` installs it"
        ) from error
