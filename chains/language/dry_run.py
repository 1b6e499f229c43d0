"""The cost of a refinement before it is paid: a dry run with the cache, and no call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from persona_db.chains.engine import CostEstimate
from persona_db.chains.language.cache import Typical
from persona_db.chains.language.call import CallContext, NotPaidForError
from persona_db.chains.language.distil_induce import Distils, distil_prompts, induce_prompts
from persona_db.chains.language.facts_and_keys import distilled_facts
from persona_db.chains.language.grounding import check_distillation, check_induction
from persona_db.chains.language.outputs import Distillation, Induction
from persona_db.chains.language.prompts import Rendered
from persona_db.chains.language.structured import Answered, Checked, Failed, ask
from persona_db.chains.persona import Fact, Persona, UserHistory
from persona_db.graph.models import Model

__all__ = ["DryRun", "estimate"]

T = TypeVar("T", bound=Model)
_FACTS = 12
_FACT_TEXT = " ".join(["word"] * 11)
_TOKENS_A_FACT = 30
_TOKENS_A_QUOTE = 22
_TOKENS_A_TRAIT = 40
_FRAME = 8


def estimate(engine: Distils, histories: Iterable[UserHistory]) -> CostEstimate:
    """Return what refining these users would take, without any call.

    Answers in the cache are used. Other prompts are rendered and counted as they would be sent. The length of answers
    and the share of repairs are those of earlier answers in the cache, or usual values where it has too few.
    """
    dry_run = DryRun(engine)
    for history in histories:
        dry_run.add(history)
    return dry_run.estimate()


class DryRun:
    """Goes through the calls of users one after another: uses answers in the cache, and counts the other calls."""

    def __init__(self, engine: Distils) -> None:
        self._engine, self._model = engine, engine.model
        cache = engine.model.cache
        self._typical: dict[str, Typical | None] = {
            name: cache.typical(name) if cache is not None else None for name in ("distil", "induce")
        }
        self._users = self._cached = 0
        self._calls = self._tokens_in = self._tokens_out = 0.0

    def add(self, history: UserHistory) -> None:
        """Count what refining one user takes."""
        self._users += 1
        answers, unknown = [], 0
        for prompt in distil_prompts(self._model, history):
            items = len(set(prompt.citations.values()))
            facts = min(items, _FACTS)
            usual = _FRAME + facts * _TOKENS_A_FACT + items * _TOKENS_A_QUOTE
            got = self._from_cache(prompt, Distillation, check_distillation(prompt), usual)
            if isinstance(got, Answered):
                answers.append((prompt, got.value))
            elif got is None:
                unknown += facts
        known = distilled_facts(history.user, answers, said_at={})
        persona = Persona(history=history, distilled=(*known, *_invented(unknown)))
        for prompt in induce_prompts(self._model, persona):
            facts = sum(citation.startswith("f") for citation in prompt.citations)
            usual = _FRAME + (2 + facts // 3) * _TOKENS_A_TRAIT
            self._from_cache(prompt, Induction, check_induction(prompt), usual)

    def estimate(self) -> CostEstimate:
        """Return the sum."""
        tokens_in, tokens_out = round(self._tokens_in), round(self._tokens_out)
        return CostEstimate(
            users=self._users,
            calls=round(self._calls),
            cached=self._cached,
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            cost_usd=self._model.cost(tokens_in, tokens_out),
        )

    def _from_cache(
        self, prompt: Rendered, output: type[T], check: Callable[[T], Checked[T]], usual_out: int
    ) -> Answered[T] | Failed | None:
        """Return the cache's answer; None where it has none, and then the call is counted."""
        call_context = CallContext("distil", "", dry_run=True)
        try:
            return ask(self._model, prompt, output, check=check, call_context=call_context)
        except NotPaidForError as exc:
            typical = self._typical[prompt.name]
            self._calls += typical.calls if typical else 1
            self._tokens_in += exc.counted_in * (typical.in_per_counted if typical else 1)
            self._tokens_out += typical.tokens_out if typical else min(usual_out, self._model.settings.max_tokens_out)
            return None
        finally:
            self._cached += len(call_context.calls)


def _invented(number: int) -> Iterator[Fact]:
    """Stand-ins for facts that are not known yet, of the usual length."""
    for index in range(number):
        yield Fact(
            id=f"unknown {index}", layer="distilled", text=_FACT_TEXT, supports=(), n_support=0, strength=0.5, key=""
        )
