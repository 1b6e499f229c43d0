"""The statistical engine: distil, induce and key from what a Fit has learned; no key, no network.

It is deterministic. Survey-like answers become stances and latent traits; a free text speaks for a term of the closed
vocabularies only where one of its sentences is near enough to labelled ones (`Lexicon`). Each stage takes many people
at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from persona_db.chains.engine import Batch, CostEstimate, Predicted, Refined, Usage
from persona_db.chains.fit.item_response import LEAST_ANSWERS
from persona_db.chains.fit.keys import CacheKey, off_scale_word
from persona_db.chains.fit.leanings import Leaning, PersonLeanings, habit_leaning, leanings
from persona_db.chains.fit.learn import Learned
from persona_db.chains.fit.lexicon import Lexicon
from persona_db.chains.fit.population import Population
from persona_db.chains.fit.scale import on_scale
from persona_db.chains.fit.style import PersonStyle
from persona_db.chains.fit.traits import Pole, trait_weights
from persona_db.chains.labels.names import Names
from persona_db.chains.persona import Fact, HeldKey, Persona, Support, UserHistory
from persona_db.chains.statistical.predict import predict_contexts
from persona_db.chains.statistical.reading import Read, terms_of
from persona_db.graph.ids import fact_id, is_positive, position_id, trait_of
from persona_db.graph.models import HistoryItem

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

    from persona_db.chains.calls import CallRecord
    from persona_db.chains.fit.correlations import CorrelationModel
    from persona_db.chains.fit.settings import EngineSettings
    from persona_db.chains.results import Context

__all__ = ["StatisticalEngine"]

Floats = NDArray[np.float64]


_KEPT = 1_000
"""People whose history is kept as it was read, for the stages to come."""


@dataclass(frozen=True)
class StatisticalEngine:
    """The engine that refines people and predicts by what a Fit has learned.

    `keys` are those of the Fit: a stance or group that nobody had when the Fit was made is not a key until a refit.
    """

    population: Population = field(default_factory=Population.of_nobody)
    keys: Mapping[str, CacheKey] = field(default_factory=dict)
    names: Names = field(default_factory=lambda: Names({}, {}, {}))
    poles: Mapping[str, Pole] = field(default_factory=dict)
    lexicon: Lexicon | None = None

    name = "statistical"
    identity = None
    model_settings = None
    usage = Usage()
    finds_keys = False
    reads_vectors = True
    reads_texts = False
    contexts_at_once = 5_000

    @classmethod
    def of(cls, learned: Learned, *, lexicon: Lexicon | None = None) -> StatisticalEngine:
        """Return the engine that a Fit makes; *lexicon* is what free text is matched with."""
        return cls(learned.population, learned.keys, learned.names, learned.poles, lexicon)

    def under(self, settings: EngineSettings) -> StatisticalEngine:  # noqa: ARG002 (those of the Fit that it is on count)
        """Return the engine itself."""
        return self

    def on(self, learned: Learned, *, lexicon: Lexicon | None) -> StatisticalEngine:
        """Return the engine on a Fit; *lexicon* is what free text is matched with."""
        return StatisticalEngine.of(learned, lexicon=lexicon)

    @cached_property
    def _column(self) -> dict[str, int]:
        return {question.id: column for column, question in enumerate(self.population.questions)}

    @cached_property
    def _off_word(self) -> str:
        return off_scale_word(self.population)

    def choice(self, history: UserHistory) -> NDArray[np.int16]:
        """Return the person's newest answers as a row over the Fit's questions, -1 without an answer."""
        row = np.full(len(self.population.questions), -1, dtype=np.int16)
        for item in history.items:
            if item.question is not None and item.option is not None:
                column = self._column.get(item.question)
                if column is not None and item.option < len(self.population.questions[column].options):
                    row[column] = item.option
        return row

    def leanings(self, history: UserHistory) -> PersonLeanings:
        """Return what distinguishes the person: traits, stances, groups, and vocabulary terms for free text."""
        return self._read(history).own

    @cached_property
    def _read_last(self) -> dict[int, Read]:
        return {}

    def _read(self, history: UserHistory) -> Read:
        """Return what is read in a history; for the other stages of the people refined last it is at hand."""
        found = self._read_last.get(id(history))
        if found is None or found.history is not history:
            if len(self._read_last) >= _KEPT:
                self._read_last.clear()
            choice, terms = self.choice(history), terms_of(self.population.settings, self.lexicon, history.items)
            own = leanings(self.population, choice, history.attributes, self.poles)
            own = PersonLeanings(own.traits, (*own.keys, *(term.leaning for term in terms)), own.stances, own.style)
            found = self._read_last[id(history)] = Read(history, choice, own, terms)
        return found

    def distil(
        self,
        people: Sequence[UserHistory],
        *,
        configs: Sequence[RunnableConfig] | None = None,  # noqa: ARG002 (the protocol's: no call is made)
    ) -> list[Persona]:
        """Distil each history into the stances that distinguish the person, each resting on its own answer."""
        return [self._distil(history) for history in people]

    def induce(
        self,
        personas: Sequence[Persona],
        *,
        configs: Sequence[RunnableConfig] | None = None,  # noqa: ARG002
    ) -> list[Persona]:
        """Induce traits from history and distilled facts, each with the strongest of what supports it."""
        return [self._induce(persona) for persona in personas]

    def key(
        self,
        personas: Sequence[Persona],
        *,
        configs: Sequence[RunnableConfig] | None = None,  # noqa: ARG002
    ) -> list[Persona]:
        """Turn facts and groups into weighted cache keys of the Fit."""
        return [self._key(persona) for persona in personas]

    def predict(
        self,
        correlations: CorrelationModel,
        contexts: Sequence[Context],
        *,
        explain: bool = True,
        configs: Sequence[RunnableConfig] | None = None,  # noqa: ARG002
    ) -> list[Predicted]:
        """Predict from each context, in their order; without *explain* neither explanation nor evidence is made."""
        return [Predicted(made) for made in predict_contexts(correlations, contexts, explain=explain)]

    def refine_users(self, batches: Iterable[list[UserHistory]], *, stages: Batch) -> Iterator[list[Refined]]:
        """Yield the users of each batch, put through *stages* together."""
        for batch in batches:
            yield [Refined(persona.user, persona) for persona in stages(batch)]

    def estimate(self, histories: Iterable[UserHistory]) -> CostEstimate:
        """Count the users: refining them costs nothing."""
        return CostEstimate(users=sum(1 for _ in histories))

    def recorded(self, calls: Iterable[CallRecord]) -> None:
        """Do nothing, since this engine makes no calls."""

    def _distil(self, history: UserHistory) -> Persona:
        read = self._read(history)
        own = read.own
        by_question = {item.question: item for item in history.items if item.option is not None}
        facts = []
        for stance in own.stances[: self.population.settings.facts_distilled]:
            item = by_question[self.population.questions[stance.question].id]
            text = self.names.answer(str(item.question), stance.option)
            facts.append(_distilled(item, text, key=stance.key, strength=stance.weight))
        seen = {fact.supports[0].id for fact in facts}
        for leaning, items, _ in read.terms:
            for item in items[: self.population.settings.texts_a_term]:
                if item.id not in seen:
                    seen.add(item.id)
                    facts.append(_distilled(item, item.text, key=leaning.key, strength=leaning.weight))
        return Persona(
            history=history, distilled=tuple(facts), traits=tuple(map(float, own.traits)), style=tuple(own.style.row),
            scores=tuple(map(float, self.population.response.scores(read.choice))),
        )  # fmt: skip

    def _induce(self, persona: Persona) -> Persona:
        history = persona.history
        rests_on = {fact.supports[0].id: fact for fact in persona.distilled}
        induced = []
        read = self._read(history)
        choice = read.choice
        answered = np.flatnonzero(on_scale(self.population.off_scale, choice[None, :])[0])
        if len(answered) and self.population.loadings.shape[1]:
            loadings = self.population.loadings[answered]
            values = np.array([self.population.scales[q].values[choice[q]] for q in answered])
            pushes = trait_weights(loadings) * values
            items = {item.question: item for item in history.items if item.option is not None}
            said = [items[self.population.questions[q].id] for q in answered]
            for leaning in read.own.keys:
                if leaning.kind != "trait":
                    continue
                push = pushes[trait_of(leaning.key)] * (1 if is_positive(leaning.key) else -1)
                text = self._says_of_trait(leaning)
                induced.append(self._induced(persona, leaning, text=text, push=push, said=said, rests_on=rests_on))
        induced += self._style(persona, choice, rests_on)
        induced += self._position(persona, choice, rests_on)
        for leaning, items_of_term, push in read.terms:
            text = f"Speaks for the {leaning.kind} of {leaning.key.split(':', 1)[1]}"
            induced.append(self._induced(persona, leaning, text=text, push=push, said=items_of_term, rests_on=rests_on))
        return persona.model_copy(update={"induced": tuple(induced)})

    def _style(self, persona: Persona, choice: NDArray[np.int16], rests_on: Mapping[str, Fact]) -> list[Fact]:
        """Return the fact of how often the person answers off the scale, which such answers support."""
        style = PersonStyle.of_row(persona.style)
        if not style.is_told:
            return []
        known = np.flatnonzero(~np.isnan(self.population.style.ease) & (choice >= 0))
        off = known[self.population.off_scale[known, choice[known]]]
        items = {item.question: item for item in persona.history.items if item.option is not None}
        said = [items[self.population.questions[q].id] for q in (off if style.habit > 0 else np.setdiff1d(known, off))]
        what = f"Answers \u201c{self._off_word}\u201d" if self._off_word else "Takes no side"
        leaning = habit_leaning(self.population, style)
        text = f"{what} in {style.off} of {style.asked} answers"
        return [self._induced(persona, leaning, text=text, push=np.ones(len(said)), said=said, rests_on=rests_on)]

    def _position(self, persona: Persona, choice: NDArray[np.int16], rests_on: Mapping[str, Fact]) -> list[Fact]:
        """Return the fact of all answers together, which those support most that tell most of others."""
        answered = np.flatnonzero(choice >= 0)
        if len(answered) < LEAST_ANSWERS or not persona.scores or not self.population.settings.traits_held:
            return []
        items = {item.question: item for item in persona.history.items if item.option is not None}
        said = [items[self.population.questions[q].id] for q in answered]
        text = f"All {len(answered)} answers together"
        told_by = self.population.told_by[answered]
        if not told_by.any():
            return []
        apart = float(np.sqrt(np.mean(np.square(persona.scores))))
        leaning = Leaning(position_id(), "trait", round(min(max(apart / 2, 0.01), 1.0), 6), inferred=True)
        return [self._induced(persona, leaning, text=text, push=told_by, said=said, rests_on=rests_on)]

    def _says_of_trait(self, leaning: Leaning) -> str:
        """Return what a fact says of a trait: its name where the person said it, else whom their answers are like."""
        key, pole = self.keys.get(leaning.key), self.poles.get(leaning.key)
        name = key.name if key else leaning.key.split(":", 1)[1]
        if not leaning.inferred:
            return name
        return f"Answers like people who say: {name}" if pole and pole.claims else f"Answers like some others: {name}"

    def _induced(
        self,
        persona: Persona,
        leaning: Leaning,
        *,
        text: str,
        push: Floats,
        said: Sequence[HistoryItem],
        rests_on: Mapping[str, Fact],
    ) -> Fact:
        supporting = np.flatnonzero(push > 0)
        total = float(push[supporting].sum()) or 1.0
        strongest = supporting[np.argsort(-push[supporting], kind="stable")][: self.population.settings.supports]
        supports = []
        for index in strongest:
            item = said[index]
            fact = rests_on.get(item.id)
            supports.append(Support(id=fact.id if fact else item.id, share=round(float(push[index]) / total, 6)))
        at = max((item.at for item in persona.history.items), default="")
        return Fact(
            id=fact_id(persona.user, leaning.key, text, leaning.weight, [(s.id, s.share) for s in supports]),
            layer="induced",
            text=text,
            supports=tuple(supports),
            n_support=len(supporting),
            strength=leaning.weight,
            key=leaning.key,
            inferred=leaning.inferred,
            at=at,
        )

    def _key(self, persona: Persona) -> Persona:
        evidence: dict[str, list[Fact]] = {}
        for fact in (*persona.induced, *persona.distilled):
            if fact.layer == "induced" or fact.question is not None:
                evidence.setdefault(fact.key, []).append(fact)
        held = []
        for leaning in self.leanings(persona.history).keys:
            key = self.keys.get(leaning.key)
            if key is None:
                continue
            facts = evidence.get(leaning.key, [])[: self.population.settings.supports]
            total = sum(fact.strength for fact in facts) or 1.0
            held.append(
                HeldKey(
                    key=key.id,
                    kind=key.kind,
                    name=key.name,
                    weight=leaning.weight,
                    inferred=leaning.inferred,
                    evidence=tuple(Support(id=f.id, share=round(f.strength / total, 6)) for f in facts),
                    at=persona.at,
                )
            )
        return persona.model_copy(update={"keys": tuple(held)})


def _distilled(item: HistoryItem, text: str, *, key: str, strength: float) -> Fact:
    return Fact(
        id=fact_id(item.user, key, text, strength, [(item.id, 1.0)]),
        layer="distilled",
        text=text,
        supports=(Support(id=item.id, share=1.0),),
        n_support=1,
        strength=strength,
        key=key,
        question=item.question,
        option=item.option,
        at=item.at,
    )
