"""A driver under observation."""

from __future__ import annotations

from typing import Any

__all__ = ["Counted"]


class Counted:
    """A driver that counts the queries that go through it."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self.queries = 0

    def execute_query(self, *given: Any, **named: Any) -> Any:
        self.queries += 1
        return self._driver.execute_query(*given, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)
