"""What is evaluated, and the command line that does the same."""

from __future__ import annotations

import shlex
from typing import Literal

from pydantic import Field

from persona_db.chains.language.settings import ModelSettings
from persona_db.evals.splits import HeldOutPart
from persona_db.graph.models import Model, Sharing

__all__ = ["EvaluateSettings"]


class EvaluateSettings(Model):
    """What is evaluated, and how; recorded with every result."""

    format: str
    paths: tuple[str, ...] = ()
    split: tuple[str, ...] = ()
    map: str | None = Field(default=None, description="The mapping file by which a table is read.")
    arms: tuple[str, ...] = ("persona-db", "no-join", "marginal")
    size: int = Field(default=40, ge=0)
    ratio: float | None = Field(default=None, ge=0, le=1, description="None: as measured in refinement.")
    top_k: int = Field(default=50, ge=0)
    sharing: Sharing = Sharing.HISTORY
    seed: int = 0
    held_out: HeldOutPart = Field(
        default="test", description="What is predicted: the test, the source's coldstart file, or both."
    )
    limit: int | None = Field(default=None, ge=1, description="Largest number of tests, drawn by the seed.")
    model: str | None = Field(default=None, description="A language model that refines and predicts.")
    refined_by: Literal["model", "statistical"] = Field(
        default="model", description="What refines: the language model, or the statistical engine, without a call."
    )
    model_settings: ModelSettings | None = None
    by: str | None = Field(default=None, description="An attribute: measures are reported for each of its values too.")
    again: str | None = Field(
        default=None, description="The same people's second answers; they are read after all predictions."
    )
    token_budget: int | None = Field(default=None, ge=1)
    budget_usd: float | None = Field(default=None, ge=0)

    @property
    def command(self) -> str:
        """The command line that does the same."""
        parts = ["persona-db", "evaluate", self.format, *self.paths]
        for one in self.split:
            parts += ["--split", one]
        parts += ["--map", self.map] if self.map is not None else []
        parts += ["--arms", ",".join(self.arms), "--size", str(self.size)]
        parts += ["--ratio", str(self.ratio)] if self.ratio is not None else []
        parts += ["--top-k", str(self.top_k), "--sharing", self.sharing.value, "--seed", str(self.seed)]
        if self.held_out != "test":
            parts += ["--held-out", self.held_out]
        if self.limit is not None:
            parts += ["--limit", str(self.limit)]
        for name, given in (("--by", self.by), ("--again", self.again)):
            if given is not None:
                parts += [name, given]
        if self.model is not None:
            parts += ["--model", self.model, "--refined-by", self.refined_by]
        for name, value in (("--token-budget", self.token_budget), ("--budget-usd", self.budget_usd)):
            if value is not None:
                parts += [name, str(value)]
        if self.model_settings is not None:
            parts += self.model_settings.command
        return shlex.join(parts)
