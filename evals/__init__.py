"""Evaluation: how good predictions are, beside other ways to predict the same answers. Nothing is imported early."""

from __future__ import annotations

__all__: list[str] = []
