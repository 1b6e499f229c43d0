"""Join, recall and predict as LangChain Runnables on a real graph: `Join | Recall | Predict` is predict."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from langchain_core._api import LangChainBetaWarning
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableLambda

from persona_db.chains import Ask, Join, Joined, Predict, Recall, RecallSettings, join, predict, recall, refine
from persona_db.graph.datasets import drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.errors import ConfigError, UnknownQuestionError, UnknownUserError
from persona_db.graph.models import Sharing
from persona_db.graph.session import Graph
from tests.counted import Counted
from tests.synthetic import make_world, store

EMBEDDER = HashEmbedder()
ASKED = [Ask(user=f"u{row:02}", question=f"q{(3 * row) % 15:02}") for row in range(12)]


@dataclass(frozen=True)
class Chain:
    """A refined dataset, and the stages over it."""

    graph: Graph
    dataset: str

    @property
    def stages(self) -> Any:
        given: dict[str, Any] = {"graph": self.graph, "dataset": self.dataset}
        return Join(**given) | Recall(**given, embedder=EMBEDDER) | Predict(**given, embedder=EMBEDDER)


@pytest.fixture(scope="module")
def chain(graph: Graph) -> Iterator[Chain]:
    dataset = f"test-{uuid4().hex[:12]}"
    store(graph, dataset, make_world(dated=True))
    refine(graph, dataset, embedder=EMBEDDER)
    refine(graph, dataset, as_of="2010-12-31", embedder=EMBEDDER)
    yield Chain(graph, dataset)
    drop_dataset(graph, dataset)


def test_every_way_to_call_is_predict(chain: Chain) -> None:
    """invoke, batch, ainvoke and abatch give what `predict` gives, evidence and all."""
    expected = [predict(chain.graph, one.user, one.question, dataset=chain.dataset) for one in ASKED]
    assert chain.stages.batch(ASKED) == expected
    assert asyncio.run(chain.stages.abatch(ASKED)) == expected
    assert chain.stages.invoke(ASKED[0]) == expected[0]
    assert asyncio.run(chain.stages.ainvoke(ASKED[0])) == expected[0]


def test_each_stage_works_alone(chain: Chain) -> None:
    """Join gives the collaborators of `join`, recall the items of `recall`."""
    [joined] = Join(graph=chain.graph, dataset=chain.dataset, top_k=7).batch(ASKED[:1])
    assert list(joined.collaborators) == join(
        chain.graph, ASKED[0].user, dataset=chain.dataset, top_k=7, sharing=Sharing.INDUCED
    )
    settings = RecallSettings(size=9, top_k=7)
    recalled = Recall(graph=chain.graph, dataset=chain.dataset, settings=settings).invoke(joined)
    assert recalled.ask == ASKED[0]
    assert recalled.context == recall(
        chain.graph, ASKED[0].user, ASKED[0].question, dataset=chain.dataset, settings=settings
    )


def test_nobody_joined_is_nobody_borrowed_from(chain: Chain) -> None:
    """A Joined without collaborators is taken at its word."""
    alone = Joined(ask=ASKED[0], collaborators=())
    context = Recall(graph=chain.graph, dataset=chain.dataset).invoke(alone).context
    assert {item.source for item in context.items} <= {"own", "summary"}


def test_new_questions_and_dates_in_one_batch(chain: Chain) -> None:
    """Each question at its time, known or new, in the order given."""
    options = ("no", "yes")
    mixed = [
        ASKED[0],
        Ask(user="u01", question="More taxes?", options=options),
        ASKED[1].model_copy(update={"as_of": "2010-12-31"}),
        Ask(user="u01", question="More parks?", options=options, as_of="2010-12-31"),
        ASKED[2],
    ]
    expected = [
        predict(
            chain.graph, one.user, one.question, dataset=chain.dataset, options=one.options, as_of=one.as_of,
            embedder=EMBEDDER,
        )
        for one in mixed
    ]  # fmt: skip
    assert chain.stages.batch(mixed) == expected
    assert len({made.fit for made in expected}) == 2


def test_one_user_with_and_without_collaborators(chain: Chain) -> None:
    """Two Joined of one user in a batch each keep their own."""
    [joined] = Join(graph=chain.graph, dataset=chain.dataset).batch(ASKED[:1])
    alone = Joined(ask=ASKED[0], collaborators=())
    stage = Recall(graph=chain.graph, dataset=chain.dataset)
    assert stage.batch([joined, alone]) == [stage.invoke(joined), stage.invoke(alone)]


def test_a_batch_takes_as_many_queries_as_one(chain: Chain) -> None:
    """Through all stages."""
    counted = Counted(chain.graph.driver)
    driver: Any = counted
    counting = Graph(driver, chain.graph.settings, database=chain.graph.database, owns_driver=False)
    stages = Chain(counting, chain.dataset).stages
    stages.batch(ASKED[:1])
    one = counted.queries
    stages.batch(ASKED)
    assert counted.queries == 2 * one


class Seen(BaseCallbackHandler):
    """Remembers which runs started, with their tags, and which failed."""

    def __init__(self) -> None:
        self.started: list[tuple[str, tuple[str, ...]]] = []
        self.failed = 0

    def on_chain_start(self, serialized: Any, inputs: Any, **kwargs: Any) -> None:
        self.started.append((kwargs["name"], tuple(tag for tag in kwargs["tags"] or () if ":" not in tag)))

    def on_chain_error(self, error: BaseException, **kwargs: Any) -> None:
        self.failed += 1


def test_config_reaches_every_stage(chain: Chain) -> None:
    """Tags and callbacks, for each question of a batch."""
    seen = Seen()
    chain.stages.batch(ASKED[:3], config={"callbacks": [seen], "tags": ["survey"]})
    for name in ("Join", "Recall", "Predict"):
        assert seen.started.count((name, ("survey",))) == 3


def test_what_is_not_there_fails_in_its_stage(chain: Chain) -> None:
    """As our error; with return_exceptions the others are answered."""
    unknown = [Ask(user="u99", question="q01"), Ask(user="u01", question="q99")]
    seen = Seen()
    with pytest.raises(UnknownUserError):
        chain.stages.invoke(unknown[0], config={"callbacks": [seen]})
    assert seen.failed >= 1
    with pytest.raises(UnknownQuestionError):
        chain.stages.batch([ASKED[0], unknown[1]])
    made = chain.stages.batch([ASKED[0], *unknown], return_exceptions=True)
    assert made[0] == predict(chain.graph, ASKED[0].user, ASKED[0].question, dataset=chain.dataset)
    assert [type(one) for one in made[1:]] == [UnknownUserError, UnknownQuestionError]


def test_a_mapping_is_an_ask(chain: Chain) -> None:
    """So that a chain is a tool; one with other fields is said."""
    asked = {"user": "u05", "question": "q01"}
    expected = predict(chain.graph, "u05", "q01", dataset=chain.dataset)
    assert chain.stages.invoke(asked) == expected
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LangChainBetaWarning)  # it comes once a process
        tool = chain.stages.as_tool(name="ask_person", description="How a person would answer.")
    assert tool.invoke(asked) == expected
    with pytest.raises(ConfigError, match="an Ask has user, question"):
        chain.stages.invoke({"user": "u05"})


def test_each_stage_takes_mappings_and_is_a_tool(chain: Chain) -> None:
    """Of what the stage before it gives, as JSON has it: single, in batches, awaited, and as a tool."""
    join_stage, recall_stage, predict_stage = chain.stages.steps
    asked = {"user": "u05", "question": "q01"}
    joined = join_stage.invoke(asked)
    recalled = recall_stage.invoke(joined)
    made = predict_stage.invoke(recalled)
    for stage, given, expected in (
        (join_stage, asked, joined),
        (recall_stage, joined.model_dump(mode="json"), recalled),
        (predict_stage, recalled.model_dump(mode="json"), made),
    ):
        assert stage.invoke(given) == expected
        assert stage.batch([given, given]) == [expected, expected]
        assert asyncio.run(stage.ainvoke(given)) == expected
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LangChainBetaWarning)  # it comes once a process
            tool = stage.as_tool(name="stage", description="A stage.")
        assert tool.invoke(given) == expected
        assert asyncio.run(tool.ainvoke(given)) == expected
    with pytest.raises(ConfigError, match="a Recollection has ask, context"):
        predict_stage.invoke({"ask": asked})


def test_the_chain_is_part_of_others(chain: Chain) -> None:
    """Fed and read by any other Runnable."""
    asking: RunnableLambda[str, Ask] = RunnableLambda(lambda user: Ask(user=user, question="q01"))
    whole = asking | chain.stages | RunnableLambda(lambda made: made.answer)
    expected = predict(chain.graph, "u05", "q01", dataset=chain.dataset).answer
    assert whole.invoke("u05") == expected
