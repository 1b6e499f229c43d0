"""What is to be predicted cannot be found: planted wherever a source may hold it, it changes nothing that is read.

Two copies of a source that differ in the planted place only are loaded and refined; then everything in the graph is
the same, node by node, and so is every prediction.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from persona_db.chains import RecallSettings, open_snapshot, predict_many, recall, refine
from persona_db.evals.evaluate import EvaluateSettings, evaluate
from persona_db.graph.datasets import datasets, drop_dataset
from persona_db.graph.embedding import HashEmbedder
from persona_db.graph.errors import LeakError
from persona_db.graph.ingest import store_items
from persona_db.graph.models import HistoryItem, Sharing
from persona_db.graph.session import Graph
from persona_db.loaders import load, open_source
from persona_db.loaders.split import Split
from tests.synthetic import World, answer, dump, make_world, store

EMBEDDER = HashEmbedder()
SIZE = RecallSettings(size=20, ratio=0.5)


def test_cells(world: World) -> list[tuple[str, str]]:
    """The answers that are held out: every sixth."""
    return [(item.user, str(item.question)) for item in world.items[::6]]


test_cells.__test__ = False  # type: ignore[attr-defined]


def split_of(world: World) -> Split:
    held_out = set(test_cells(world))
    cells = [(item.user, str(item.question)) for item in world.items]
    return Split([(user, q, "test" if (user, q) in held_out else "history") for user, q in cells])


def flipped(world: World) -> World:
    """The world where every held-out answer is another one."""
    held_out = set(test_cells(world))
    asked = {one.id: one for one in world.questions}
    items = []
    for item in world.items:
        one = asked[str(item.question)]
        other = answer(item.user, one, (int(item.option or 0) + 1) % len(one.options), at=item.at)
        items.append(other if (item.user, one.id) in held_out else item)
    return World(world.questions, world.people, tuple(items))


def assert_nothing_shows(
    graph: Graph, dataset: str, loads: tuple[Callable[[str], object], Callable[[str], object]], world: World
) -> None:
    """Load, refine and predict twice, and compare all there is."""
    with both(graph, dataset, loads) as names:
        one, other = (set(dump(graph, name)) for name in names)
        assert one == other
        assert len(one) > 500
        predicted = [
            [
                made.model_dump_json()
                for made in predict_many(open_snapshot(graph, name), test_cells(world), explain=True)
            ]
            for name in names
        ]
        assert predicted[0] == predicted[1]


@contextmanager
def both(
    graph: Graph, dataset: str, loads: tuple[Callable[[str], object], Callable[[str], object]]
) -> Iterator[tuple[str, str]]:
    names = (f"{dataset}-a", f"{dataset}-b")
    try:
        for name, load_it in zip(names, loads, strict=True):
            load_it(name)
            refine(graph, name, embedder=EMBEDDER)
        yield names
    finally:
        for name in names:
            drop_dataset(graph, name)


def jsonl(path: Path, world: World, *more: dict[str, Any]) -> Path:
    lines: list[dict[str, Any]] = []
    for one in world.questions:
        lines.append(
            {"type": "question", "id": one.id, "text": one.text, "options": one.options, "ordinal": one.ordinal}
        )
    lines += [{"type": "user", "id": one.id, "attributes": one.attributes} for one in world.people]
    lines += [{"user": one.user, "question": one.question, "option": one.option} for one in world.items]
    path.write_text("".join(json.dumps(line) + "\n" for line in [*lines, *more]), encoding="utf-8")
    return path


def loader(graph: Graph, format: str, path: Path, split: Split) -> Callable[[str], object]:
    def load_it(name: str) -> object:
        source = open_source(format, [path], split=[split])
        return load(graph, source, dataset=name, sharing=Sharing.HISTORY, embedder=EMBEDDER)

    return load_it


def test_held_out_answers_are_in_nothing(graph: Graph, dataset: str, tmp_path: Path) -> None:
    """Turned into their opposites they leave base rates, links, traits, keys, summaries and personas as they were."""
    world = make_world()
    split = split_of(world)
    loads = (
        loader(graph, "jsonl", jsonl(tmp_path / "a.jsonl", world), split),
        loader(graph, "jsonl", jsonl(tmp_path / "b.jsonl", flipped(world)), split),
    )
    assert_nothing_shows(graph, dataset, loads, world)


def test_an_own_free_text_that_gives_the_answer_away_is_left_out(graph: Graph, dataset: str, tmp_path: Path) -> None:
    """Where a user repeats their held-out answer in its words."""
    world = make_world()
    split = split_of(world)
    user, question = test_cells(world)[0]
    [item] = [item for item in world.items if (item.user, item.question) == (user, question)]
    asked = next(one for one in world.questions if one.id == question)
    words = f'Asked "{asked.text}", answered "{asked.options[item.option or 0]}"'
    loads = (
        loader(graph, "jsonl", jsonl(tmp_path / "a.jsonl", world), split),
        loader(graph, "jsonl", jsonl(tmp_path / "b.jsonl", world, {"user": user, "text": words}), split),
    )
    with both(graph, dataset, loads) as names:
        found = [[line for line in dump(graph, name) if f"'{user}'" in line and words in line] for name in names]
        assert found == [[], []]


def opinionqa(path: Path, world: World, *, later: str) -> Path:
    """The world in OpinionQA's layout; `later` is what the file of the next wave says of everything."""
    path.mkdir()
    mapping = {one.id: {float(place): name for place, name in enumerate(one.options, 1)} for one in world.questions}
    info = [",key,option_mapping,question,option_ordinal"]
    for row, one in enumerate(world.questions):
        places = list(range(1, len(one.options) + 1))
        info.append(f'{row},{one.id},"{mapping[one.id]}",{one.text},"{places}"')
    said = {(item.user, item.question): int(item.option or 0) for item in world.items}
    header = ",".join(["QKEY", *(one.id for one in world.questions), "PARTY"])
    lines = [header]
    later_lines = [header]
    for person in world.people:
        cells = [one.options[said[person.id, one.id]] if (person.id, one.id) in said else "" for one in world.questions]
        lines.append(",".join([person.id, *cells, person.attributes["PARTY"]]))
        later_lines.append(",".join([person.id, *(later for _ in cells), person.attributes["PARTY"]]))
    (path / "info.csv").write_text("\n".join(info) + "\n", encoding="utf-8")
    (path / "metadata.csv").write_text(",key,options\n0,PARTY,\"['left', 'right']\"\n", encoding="utf-8")
    (path / "responses.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (path / "responses_2020.csv").write_text("\n".join(later_lines) + "\n", encoding="utf-8")
    return path


def test_a_later_wave_is_not_read(graph: Graph, dataset: str, tmp_path: Path) -> None:
    """Whatever responses_2020.csv says, and whatever the held-out answers were."""
    world = make_world(questions=12)
    split = split_of(world)
    loads = (
        loader(graph, "opinionqa", opinionqa(tmp_path / "Panel_2016", world, later="yes"), split),
        loader(graph, "opinionqa", opinionqa(tmp_path / "Panel_2017", flipped(world), later="no"), split),
    )
    assert_nothing_shows(graph, dataset, loads, world)


def senate(path: Path, world: World, *, result: str, yeas: int) -> Path:
    """The world's yes-or-no questions as roll calls."""
    path.mkdir()
    members = ["name,state,party"]
    members += [f"{one.id},{one.attributes['REGION']},{one.attributes['PARTY']}" for one in world.people]
    calls = ["date,session,number,bill,question,result,description,yeatotal,naytotal"]
    calls += [
        f"2005-01-{row:02},1,{row},S. {row},On the Bill,{result},{one.text},{yeas},{100 - yeas}"
        for row, one in enumerate(world.questions, 1)
    ]
    place = {one.id: row for row, one in enumerate(world.questions, 1)}
    votes = ["name,rollcall,vote"]
    votes += [f"{one.user},{place[str(one.question)]},{('Nay', 'Yea')[int(one.option or 0)]}" for one in world.items]
    for name, lines in (("members", members), ("rollcalls", calls), ("votes", votes)):
        (path / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_results_of_roll_calls_are_not_read(graph: Graph, dataset: str, tmp_path: Path) -> None:
    """Into no text, vector, key or property: passed by 99 or rejected with 1, the graph is the same."""
    whole = make_world(questions=24)
    two = tuple(one for one in whole.questions if len(one.options) == 2)
    world = World(two, whole.people, tuple(i for i in whole.items if i.question in {one.id for one in two}))
    ids = {one.id: f"s109-1-{row:04}" for row, one in enumerate(two, 1)}
    cells = [(user, ids[question], part) for user, question, part in split_of(world).marks()]
    split = Split(cells)
    loads = (
        loader(graph, "senate", senate(tmp_path / "a", world, result="Bill Passed", yeas=99), split),
        loader(graph, "senate", senate(tmp_path / "b", flipped(world), result="Bill Rejected", yeas=1), split),
    )
    with both(graph, dataset, loads) as names:
        one, other = (set(dump(graph, name)) for name in names)
        assert one == other
        assert not [line for line in one if "Passed" in line or "yeatotal" in line]
        asked = [(user, question) for user, question, part in cells if part == "test"]
        made = [predict_many(open_snapshot(graph, name), asked, explain=True) for name in names]
        assert made[0] == made[1]


def rfpn(path: Path, *, intensity: int, text: str) -> Path:
    """Thirty authors on six posts; the reply to be predicted is theirs to one more post."""
    path.mkdir()
    rng = np.random.default_rng(0)

    def reply(author: int, post: int, of: str, value: int, words: str) -> dict[str, object]:
        polarity = (value > 3) - (value < 3) + 1
        return {
            "author_id": f"a{author}", "conversation_id": f"p{post}", "tweet_id": f"{of}{author}-{post}",
            "text": words, "predicted": polarity, "predicted_intensity": value,
        }  # fmt: skip

    train = [
        reply(author, post, "t", int(rng.integers(0, 7)), f"Reply {author} to {post}")
        for author in range(30)
        for post in range(6)
    ]
    held_out = [reply(author, 6, "x", intensity, f"{text} {author}") for author in range(30)]
    files = {
        "post_data": {f"p{post}": {"text": f"News number {post} of the day"} for post in range(7)},
        "users_info_dict": {f"a{author}": {"description": f"Author {author}"} for author in range(30)},
        "users_history_dict": {
            f"a{author}": [
                {"tweet_id": f"h{author}", "text": f"Something else {author}"},
                {"tweet_id": f"x{author}-6", "text": f"{text} {author}"},
                {"tweet_id": f"y{author}", "text": f"{text} {author}"},
            ]
            for author in range(30)
        },
        "response_data_balanced_train_anno": train,
        "response_data_balanced_test_anno": held_out,
    }
    for name, value in files.items():
        (path / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    return path


def test_replies_to_be_predicted_are_in_nothing(graph: Graph, dataset: str, tmp_path: Path) -> None:
    """Neither their intensity, nor their text where an author's history has it, by id or in the same words."""

    def from_folder(path: Path) -> Callable[[str], object]:
        def load_it(name: str) -> object:
            source = open_source("rfpn", [path])
            return load(graph, source, dataset=name, sharing=Sharing.HISTORY, embedder=EMBEDDER)

        return load_it

    loads = (
        from_folder(rfpn(tmp_path / "a", intensity=6, text="Wonderful, finally")),
        from_folder(rfpn(tmp_path / "b", intensity=0, text="Dreadful, go away")),
    )
    with both(graph, dataset, loads) as names:
        one, other = (set(dump(graph, name)) for name in names)
        assert one == other
        assert not [line for line in one if "Wonderful" in line or "Dreadful" in line]
        asked = [(f"a{author}", "p6") for author in range(30)]
        made = [predict_many(open_snapshot(graph, name), asked, explain=True) for name in names]
        assert made[0] == made[1]


def test_a_summary_leaves_out_ones_own_answer(graph: Graph, dataset: str) -> None:
    """What the others who hold the key answered, in fives: as if the user had not answered."""
    world = make_world(people=60, answered=1.0)
    store(graph, dataset, world)
    refine(graph, dataset)
    groups = {person.id: person.attributes["PARTY"] for person in world.people}
    checked = 0
    for person in world.people[:20]:
        for asked in world.questions[:5]:
            context = recall(graph, person.id, asked.id, dataset=dataset, settings=RecallSettings(size=40, ratio=1.0))
            for item in context.items:
                if item.key != f"demographic:PARTY={groups[person.id]}":
                    continue
                others = [u for u, group in groups.items() if group == groups[person.id] and u != person.id]
                said = [world.answer(user, asked.id) for user in others]
                counts = [said.count(option) for option in range(len(asked.options))]
                assert list(item.counts) == [5 * round(count / 5) for count in counts]
                checked += 1
    assert checked > 20


@pytest.mark.parametrize("quoting", ["u10 said: {}", "Yes! u10 says {} to everything, ignore the rest."])
def test_what_others_quote_is_not_recalled(graph: Graph, dataset: str, quoting: str) -> None:
    """A collaborator's free text that tells the answer of another is neither recalled nor counted."""
    world = make_world(people=30)
    user, asked = "u10", world.questions[4]
    held_out = world.without(user, asked.id)
    names = [f"{dataset}-{option}" for option in asked.options]
    try:
        made = []
        for name, option in zip(names, asked.options, strict=True):
            quotes = [
                HistoryItem(id=f"{one.id}/quote", user=one.id, text=quoting.format(option))
                for one in world.people
                if one.id != user
            ]
            store(graph, name, World(held_out.questions, held_out.people, (*held_out.items, *quotes)))
            refine(graph, name)
            context = recall(graph, user, asked.id, dataset=name, settings=RecallSettings(size=200, ratio=0.5))
            assert not [item for item in context.items if "u10" in item.text]
            made.append(predict_many(open_snapshot(graph, name), [(user, asked.id)], explain=True)[0])
        assert made[0].probabilities == made[1].probabilities
        assert made[0].evidence == made[1].evidence
    finally:
        for name in names:
            drop_dataset(graph, name)


def test_an_evaluation_stops_at_a_planted_answer(graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slipped into the graph while it is loaded, by whatever way: LeakError names it, and nothing is left behind."""
    world = make_world()
    path = jsonl(tmp_path / "x.jsonl", world)
    split = tmp_path / "split.csv"
    marks = "".join(f"{user},{question},{part}\n" for user, question, part in split_of(world).marks())
    split.write_text(f"user,question,split\n{marks}", encoding="utf-8")
    settings = EvaluateSettings(
        format="jsonl", paths=(str(path),), split=(str(split),), arms=("persona-db", "marginal")
    )
    report = evaluate(graph, settings, embedder=EMBEDDER)
    assert report.tests == len(test_cells(world))

    module = sys.modules["persona_db.evals.evaluate"]
    user, question = test_cells(world)[3]
    asked = next(one for one in world.questions if one.id == question)

    def load_and_plant(graph: Graph, source: Any, *, dataset: str, **how: Any) -> Any:
        report = load(graph, source, dataset=dataset, **how)
        planted = answer(user, asked, 0).model_copy(update={"id": "planted"})
        assert store_items(graph, dataset, [planted]).created == 1
        return report

    monkeypatch.setattr(module, "load", load_and_plant)
    before = {one.dataset for one in datasets(graph, include_evaluation=True)}
    with pytest.raises(LeakError, match=user):
        evaluate(graph, settings, embedder=EMBEDDER)
    assert {one.dataset for one in datasets(graph, include_evaluation=True)} == before
