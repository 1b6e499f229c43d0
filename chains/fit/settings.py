"""What a Fit can be set to, and the parameters that it learns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Self

from pydantic import Field

from persona_db.graph.models import Model

__all__ = ["USUAL_RATIO", "EngineSettings", "FittedSettings", "JoinGain", "gains_told"]

USUAL_RATIO = 0.4
"""The composition ratio where the JOIN's lift was not measured."""
_ONCE = ("pooling", "term_means", "term_spreads")
"""What Fits of earlier versions learned, of 0.1.0 and of what came before texts were judged one by one."""


class JoinGain(Model):
    """What the JOIN was worth on answers held out of the history, of people of whom so much is known."""

    known: int = Field(description="Answers of theirs that are known, at least.")
    ratio: float = Field(description="Composition ratio of least log loss; 0 where the JOIN saves nothing.")
    saved: float = Field(
        description="Log loss that a ratio above 0 saves a question (nats): for each half of the users the one that is "
        "best for the other half."
    )
    low: float = Field(description="Lower end of the 95 % interval of `saved`, users resampled.")
    high: float
    tests: int = Field(description="Held-out answers that were predicted.")
    right: float | None = Field(
        default=None, description="Share of them whose likeliest option was given; None in Fits of earlier versions."
    )
    usual: float | None = Field(default=None, description="The same of everybody's commonest answer.")
    more: tuple[float, float] | None = Field(
        default=None, description="95 % interval of `right` less `usual`, users resampled."
    )

    @property
    def skill(self) -> str:
        """How many held-out answers are predicted, and how many by everybody's commonest; empty where not measured."""
        if self.right is None or self.usual is None or self.more is None:
            return ""
        low, high = (f"{100 * end:+.1f}" for end in self.more)
        worth = "" if self.more[0] > 0 else ": the difference is within chance"
        return (
            f"of {self._whom}, {100 * self.right:.1f} % of {self.tests:,} held-out answers are predicted, "
            f"{100 * self.usual:.1f} % by everybody's commonest answer ({100 * (self.right - self.usual):+.1f} points "
            f"[{low}, {high}]{worth})"
        )

    @property
    def _whom(self) -> str:
        return f"people with {self.known} known answers or more" if self.known else "people of whom little is known"

    @property
    def told(self) -> str:
        """The decision and its reason, in words."""
        whom = self._whom
        found = (
            f"{self.saved:+.4f} nats a question [{self.low:+.4f}, {self.high:+.4f}] on {self.tests:,} held-out answers"
        )
        if not self.ratio:
            return f"nothing is borrowed: for {whom} the JOIN saves nothing here ({found})"
        if self.low <= 0:
            return f"others hardly add here: for {whom} what they add is within chance"
        return f"{self.ratio:.0%} of the places are for the JOIN, which for {whom} saves {found}".replace("%", " %", 1)


def gains_told(gains: Sequence[JoinGain]) -> list[str]:
    """Return sentences on how well answers are predicted, then on what is borrowed and why."""
    return [*(gain.skill for gain in gains if gain.skill), *(gain.told for gain in gains)]


class EngineSettings(Model):
    """What a caller can set for a Fit."""

    group_noise: float = Field(default=5.0, ge=0, description="More of it for what a group says, not the person.")
    shape: float = Field(
        default=1.0, ge=0, description="How far key summaries bend the shape of a distribution, not only move it."
    )
    shape_smoothing: float = Field(default=10.0, gt=0, description="Base-rate answers added to a summary for that.")
    links: int = Field(default=50, ge=1, description="TELLS links kept a question, the strongest.")
    most_traits: int = Field(default=16, ge=0, description="Latent traits at most.")
    traits_held: int = Field(
        default=6,
        ge=0,
        description="Trait poles a user holds at most, the clearest; 0: nothing is induced from answers.",
    )
    trait_leaning: float = Field(default=0.7, ge=0, description="Standard deviations that make a leaning clear.")
    stances_held: int = Field(default=8, ge=0, description="Stances a user holds as keys at most.")
    terms_held: int = Field(default=6, ge=0, description="Terms of the vocabularies that a user's texts speak for.")
    texts_a_term: int = Field(default=2, ge=0, description="Distilled texts for each of them at most.")
    facts_distilled: int = Field(default=12, ge=0, description="Distilled facts of a user at most.")
    supports: int = Field(default=5, ge=1, description="Provenance edges kept a fact or key, the strongest.")
    min_holders: int = Field(default=10, ge=2, description="Sharing holders who answered, for a summary to be used.")
    copies: float = Field(
        default=0.98, ge=0, le=1, description="Agreement beyond chance that makes one user a copy of another; 0: none."
    )
    most_noise: float = Field(
        default=3.0, ge=0, description="Nats by which random ticking may explain a user's answers better; 0: any."
    )
    most_surprise: float = Field(
        default=4.0, ge=0, description="Deviations by which a user's answers may be rarer than others'; 0: any."
    )
    lift_tests: int = Field(default=3_000, ge=0, description="Held-out answers to measure the JOIN's lift on; 0: not.")
    candidates: int = Field(default=140, ge=1, description="Users that the full-text index proposes to the JOIN.")


class FittedSettings(EngineSettings):
    """The settings of a Fit with the parameters that it has learned, as the Fit is stored and read.

    The first nine are learned with everybody's answers, the others are measured after that.
    """

    shrinkage: float = Field(default=10.0, ge=0, description="Pseudo-answers that pull a link to its prior.")
    smoothing: float = Field(
        default=1.0, gt=0, description="Pseudo-answers an option of a base rate; they follow like questions."
    )
    ridge: float = Field(default=0.2, gt=0, description="Noise added to each recalled item when combining them.")
    spread: float = Field(default=1.0, gt=0, description="Widens (above 1) the predicted distributions.")
    disattenuation: float = Field(
        default=0.5, ge=0, le=1, description="How far a mean is corrected for how few options an answer is given in."
    )
    meaning: float = Field(default=0.3, ge=0, le=1, description="Prior link of two questions of the same meaning.")
    direction: float = Field(
        default=0.0, ge=0, le=1, description="Prior link of two questions whose options say the same, low to high."
    )
    trait_shrinkage: float = Field(
        default=10.0, ge=0, description="The same for the links in which traits are found, which no factors pull."
    )
    structure: float = Field(
        default=0.0, ge=0, le=1, description="Weight of what a few factors imply in the prior of a link."
    )
    habits: float = Field(
        default=0.0, ge=0, description="Standard deviation of people's log odds of answers off the scale; 0: not known."
    )
    together: tuple[float, float] = Field(
        default=(1.0, 0.0),
        description="Weights of the logs of two distributions: by the items, and by all answers together.",
    )
    collaboration: float = Field(
        default=0.0, ge=0, lt=1, description="Correlation of a collaborator's residual with one's own."
    )
    surprise: tuple[float, ...] = Field(
        default=(), description="Middle and spread of people's mean surprise, to judge users who are folded in by."
    )
    lifts: tuple[JoinGain, ...] = Field(
        default=(), description="What it was worth, by how much is known of a person, ascending; from it the ratio."
    )
    unseen: tuple[tuple[float, float], ...] | None = Field(
        default=None,
        description="Of questions nobody answered: points of the cosine with the nearest known one, and the share of "
        "held-out ones whose direction was told right; None: not measured.",
    )

    @classmethod
    def of(cls, settings: EngineSettings) -> Self:
        """Return what a Fit starts from: *settings*, and parameters for which nothing was learned yet."""
        return cls.model_validate(settings.model_dump())

    @classmethod
    def stored(cls, text: str) -> Self:
        """Return the settings that a Fit was stored with; what only Fits of earlier versions have is passed over.

        They did not correct for attenuation, and don't now.
        """
        found = {name: value for name, value in json.loads(text).items() if name not in _ONCE}
        return cls.model_validate({"disattenuation": 0.0, **found})

    def join_gain_of(self, known: int) -> JoinGain | None:
        """Return what the JOIN is worth to someone with *known* answers; None where it was not measured."""
        fitting = [lift for lift in self.lifts if lift.known <= known]
        return fitting[-1] if fitting else None
