"""What the statistical engine can be set to; the first five are chosen on inner folds when a Fit is made."""

from __future__ import annotations

from pydantic import Field

from persona_db.graph.models import Model

__all__ = ["EngineSettings"]


class EngineSettings(Model):
    """Settings of a Fit, stored with it as JSON and used by whoever reads it."""

    shrinkage: float = Field(default=10.0, ge=0, description="Pseudo-answers that pull a link to its prior.")
    meaning: float = Field(default=0.3, ge=0, le=1, description="Prior link of two questions of the same meaning.")
    pooling: float = Field(
        default=20.0, ge=0, description="How far thin base rates lean on like questions with the same options."
    )
    ridge: float = Field(default=0.2, gt=0, description="Noise added to each recalled item when combining them.")
    group_noise: float = Field(default=5.0, ge=0, description="More of it for what a group says, not the person.")
    shape: float = Field(
        default=1.0, ge=0, description="How far key summaries bend the shape of a distribution, not only move it."
    )
    shape_smoothing: float = Field(default=10.0, gt=0, description="Base-rate answers added to a summary for that.")
    spread: float = Field(default=1.0, gt=0, description="Widens (above 1) the predicted distributions.")
    collaboration: float = Field(
        default=0.0, ge=0, lt=1, description="Correlation of a collaborator's residual with one's own."
    )
    links: int = Field(default=50, ge=1, description="TELLS links kept a question, the strongest.")
    most_traits: int = Field(default=16, ge=0, description="Latent traits at most.")
    traits_held: int = Field(default=6, ge=0, description="Trait poles a user holds at most, the clearest.")
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
    surprise: tuple[float, ...] = Field(
        default=(), description="Middle and spread of people's mean surprise, to judge users who are folded in by."
    )
    candidates: int = Field(default=140, ge=1, description="Users that the full-text index proposes to the JOIN.")
    term_means: tuple[float, ...] = Field(default=(), description="Mean nearness of people's texts to each term.")
    term_spreads: tuple[float, ...] = Field(default=(), description="Standard deviation of the same.")
