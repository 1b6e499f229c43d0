"""A model's check of facts: whether the texts that a fact names as its sources show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from persona_db.chains.language.call import Budget, CallContext
from persona_db.chains.language.models import LanguageModel
from persona_db.chains.language.outputs import Verdict, VerdictName
from persona_db.chains.language.prompts import verify_prompt
from persona_db.chains.language.structured import Answered, Checked, ask
from persona_db.chains.persona import Fact, Persona

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

__all__ = ["Verified", "verify"]


@dataclass(frozen=True)
class Verified:
    """A fact of a user and the model's verdict; None where its answer could not be used."""

    user: str
    fact: Fact
    verdict: VerdictName | None


def verify(
    model: LanguageModel,
    personas: Sequence[Persona],
    *,
    budget: Budget | None = None,
    config: RunnableConfig | None = None,
) -> list[Verified]:
    """Return a verdict on every distilled and induced fact, by one call each, in the order given.

    A distilled fact's sources are history items, an induced one's the facts or items it rests on. BudgetError when the
    budget of *budget* is reached.
    """
    from langchain_core.runnables.config import ContextThreadPoolExecutor

    def one(user: str, fact: Fact, texts: Mapping[str, str]) -> Verified:
        prompt = verify_prompt(fact, [(support.id, texts[support.id]) for support in fact.supports])
        said = ask(model, prompt, Verdict, check=Checked, call_context=CallContext("verify", user, budget, config))
        return Verified(user, fact, said.value.verdict if isinstance(said, Answered) else None)

    facts: list[tuple[str, Fact, Mapping[str, str]]] = []
    for persona in personas:
        texts = {item.id: item.text for item in persona.history.items}
        texts |= {fact.id: fact.text for fact in persona.distilled}
        facts += [(persona.user, fact, texts) for fact in (*persona.distilled, *persona.induced)]
    with ContextThreadPoolExecutor(max_workers=model.settings.concurrency) as pool:
        return list(pool.map(one, *zip(*facts, strict=True))) if facts else []
