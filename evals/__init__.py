"""How well the predictions are, against other ways to predict the same answers; nothing here is imported early."""

from __future__ import annotations

__all__: list[str] = []
