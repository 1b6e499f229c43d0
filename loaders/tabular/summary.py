"""What a person should know of how a table was read, in a few lines."""

from __future__ import annotations

from collections.abc import Sequence

from persona_db.loaders.rows import shown
from persona_db.loaders.tabular.plan import TablePlan

__all__ = ["summary_of"]

_NAMED = 3


def summary_of(plan: TablePlan) -> tuple[str, ...]:
    """Return what was found in the file, what its columns are, and what was guessed, a line each."""
    lines = list(plan.notes)
    for role, said in (
        ("user", "people by"),
        ("weight", "weights from"),
        ("date", "dates from"),
        ("wave", "waves from"),
    ):
        lines += [f"{said} {shown(one.column)}" for one in plan.of(role)]
    for role, said in (("attribute", "attributes"), ("text", "free text"), ("ignored", "not loaded")):
        columns = [one.column for one in plan.of(role)]
        if columns:
            lines.append(f"{said}: {_some(columns, most=12)}")
    guesses: dict[str, list[str]] = {}
    for one in plan.columns:
        for guess in one.guessed:
            if one.role in ("question", "value") or (one.role == "attribute" and not guess.startswith("describes")):
                guesses.setdefault(guess, []).append(one.column)
    lines += [f"guessed: {guess} ({_some(columns, most=_NAMED)})" for guess, columns in guesses.items()]
    return tuple(lines)


def _some(columns: Sequence[str], *, most: int) -> str:
    named = ", ".join(column if len(column) <= 40 else column[:39] + "…" for column in columns[:most])
    return named + (f" and {len(columns) - most} more" if len(columns) > most else "")
