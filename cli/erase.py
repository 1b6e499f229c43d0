"""persona-db erase: remove users, or one item of a user, from a dataset."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from persona_db.graph.erase import Erased, Receipt
    from persona_db.graph.erase_item import ItemReceipt
    from persona_db.graph.progress import Progress
    from persona_db.graph.session import Graph

__all__ = ["erase"]


def erase(
    user: Annotated[str | None, typer.Argument(metavar="[USER]", help="Id of the user.")] = None,
    *,
    dataset: Annotated[str, typer.Option(help="Dataset the user is in.")],
    attribute: Annotated[
        str | None, typer.Option(metavar="NAME=VALUE", help="Remove everybody who has this attribute.")
    ] = None,
    from_file: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Remove the users of this file, one id a line.")
    ] = None,
    item: Annotated[
        str | None,
        typer.Option(
            help="Remove this item alone: its id among the user's items, or the question that it answers.",
        ),
    ] = None,
    deep: Annotated[
        bool,
        typer.Option(
            "--deep",
            help="Learn the Fits again without them, and write the store anew, so that no file of Neo4j has what was "
            "deleted. It needs the embedded Neo4j, the time of a refit and a copy, and room for the graph twice more.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Erase without asking; only a terminal is asked.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the receipt as JSON.")] = False,
) -> None:
    """Remove users, or one item of a user, and everything derived from it from a dataset, and print a receipt.

    An interrupted run is completed by the same command.
    """
    from persona_db.cli.console import print_json, progress_bar, read_settings
    from persona_db.graph.embedding import embedder_of
    from persona_db.graph.erase import erase_people
    from persona_db.graph.errors import ConfigError
    from persona_db.graph.session import Graph

    if sum(one is not None for one in (user, attribute, from_file)) != 1:
        raise ConfigError("say whom: a USER, or --attribute NAME=VALUE, or --from FILE; one of them")
    if item is not None and (user is None or deep):
        raise ConfigError("--item is of one USER, and without --deep")
    settings = read_settings()
    if deep and settings.neo4j_uri is not None:
        raise ConfigError("--deep needs the embedded Neo4j, and NEO4J_URI is set; leave --deep out, or unset NEO4J_URI")
    with progress_bar() as progress:
        with Graph.connect(settings, progress=progress) as graph:
            cache = embedder_of(settings)
            if item is not None and user is not None:
                _erase_item(graph, dataset, user, item, yes=yes, as_json=as_json)
                return
            people = _meant(graph, dataset, user, attribute, from_file)
            _confirm(graph, dataset, people, yes=yes)
            erased = erase_people(graph, dataset, people, cache=cache, progress=progress)
            receipts = [one.receipt for one in erased]
            engine = None
            if deep:
                from persona_db.chains.refinement.renew import renew_fits

                engine = renew_fits(graph, dataset, embedder=cache, progress=progress)
        if deep:
            receipts = _deep(erased, engine, progress)
    if as_json:
        print_json(receipts[0] if user is not None else receipts)
    else:
        _print(receipts)
    if any(receipt.left.total for receipt in receipts):
        raise typer.Exit(1)


def _deep(erased: Sequence[Erased], engine: str | None, progress: Progress) -> list[Receipt]:
    """Write the store anew and look again."""
    from persona_db.cli.console import read_settings
    from persona_db.graph.erase import deepened
    from persona_db.graph.server.compact import compact
    from persona_db.graph.session import Graph

    settings = read_settings()
    compact(settings, progress=progress)
    with Graph.connect(settings, progress=progress) as graph:
        return deepened(graph, erased, engine=engine)


def _meant(graph: Graph, dataset: str, user: str | None, attribute: str | None, file: Path | None) -> list[str]:
    """Return the ids that are meant; ConfigError where nobody is."""
    from persona_db.graph.datasets import require_dataset
    from persona_db.graph.errors import ConfigError

    if user is not None:
        return [user]
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8-sig").splitlines()
        except UnicodeDecodeError as exc:
            raise ConfigError(f"{file} is no UTF-8; write one id a line into it") from exc
        people = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
        if not people:
            raise ConfigError(f"{file} names nobody; write one id a line into it")
        return people
    require_dataset(graph, dataset)
    found = [row["id"] for row in graph.read("people_with", dataset=dataset, attribute=attribute)]
    if not found:
        raise ConfigError(f"nobody in dataset {dataset!r} has the attribute {attribute!r}; write it as NAME=VALUE")
    return found


def _confirm(graph: Graph, dataset: str, people: Sequence[str], *, yes: bool, item: str | None = None) -> None:
    from persona_db.cli.console import one_line

    if yes or not sys.stdin.isatty():
        return
    found = graph.read("find_user", dataset=dataset, user=people[0])
    named = f" ({found[0]['name']})" if found and found[0]["name"] else ""
    who = f"user {people[0]}{named}" if len(people) == 1 else f"{len(people):,} users"
    what = f"item {item} of {who}" if item else who
    question = f"Erase {what} from dataset {dataset}? This can't be undone."
    typer.confirm(one_line(question), abort=True, err=True)


def _erase_item(graph: Graph, dataset: str, user: str, item: str, *, yes: bool, as_json: bool) -> None:
    from persona_db.cli.console import print_json
    from persona_db.graph.embedding import embedder_of
    from persona_db.graph.erase_item import erase_item
    from persona_db.graph.users import require_user

    require_user(graph, dataset, user)
    _confirm(graph, dataset, [user], yes=yes, item=item)
    receipt = erase_item(graph, dataset, user, item, cache=embedder_of(graph.settings))
    if as_json:
        print_json(receipt)
    else:
        _print_item(receipt)
    if receipt.left:
        raise typer.Exit(1)


def _print_item(receipt: ItemReceipt) -> None:
    from persona_db.cli.console import one_line, print_table

    rows = [
        ("facts", receipt.facts, "that rested on it, of every Fit"),
        ("keys held", receipt.holds, "for these facts"),
        ("texts", receipt.statements, "used by nothing else"),
        ("cached vectors", receipt.vectors, "of those texts"),
    ]
    print_table((one_line(f"erased with {receipt.item}"), "count", ""), rows)
    there = "is still there; was it loaded again meanwhile?" if receipt.left else "is gone"
    print(one_line(f"checked: item {receipt.item!r} of dataset {receipt.dataset!r} {there}"))
    refine = f"persona-db refine --dataset {receipt.dataset} --refit"
    print(f"base rates, links, traits and summaries of the Fit still count it until `{one_line(refine)}`")


def _print(receipts: Sequence[Receipt]) -> None:
    from persona_db.cli.console import one_line, print_table

    def total(name: str) -> int:
        return sum(getattr(receipt, name) for receipt in receipts)

    rows: list[tuple[str, int, str]] = [
        ("history items", total("items"), ""),
        ("facts", total("facts"), "of every Fit"),
        ("personas", total("personas"), "of every Fit"),
        ("keys held", total("holds"), f"{total('keys'):,} of these keys, held by nobody else, are erased too"),
        ("texts", total("statements"), "used by nobody else"),
        ("cached vectors", total("vectors"), "of those texts"),
    ]
    if len(receipts) > 1:
        rows.insert(0, ("users", len(receipts), f"{total('before'):,} of them erased before"))
    if total("calls"):
        rows.append(("cached answers", total("calls"), "of language models, about them or quoting them"))
    if total("runs"):
        rows.append(("runs of models", total("runs"), ""))
    if total("quarantined"):
        rows.append(("quarantined", total("quarantined"), "rows and answers that could not be used"))
    print_table(("erased", "count", ""), rows)
    dataset = receipts[0].dataset
    for receipt in receipts:
        who = one_line(f"user {receipt.user!r} in dataset {dataset!r}")
        was = ", who was erased before," if receipt.before else ""
        if receipt.left.total:
            print(
                f"checked: {receipt.left.total:,} records of {who}{was} are still there; was the user loaded meanwhile?"
            )
        else:
            print(f"checked: nothing of {who}{was} is left in graph and caches")
    if receipts[0].deep:
        print("the store was written anew, without what was deleted, and every file was searched")
    for where, until in dict.fromkeys((one.where, one.until) for receipt in receipts for one in receipt.remains):
        print(one_line(f"not reached: {where}; until {until}"))
