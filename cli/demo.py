"""persona-db demo: the main job on bundled data, end to end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from persona_db.graph.names import DemoData

if TYPE_CHECKING:
    from persona_db.evals.demo import Demo

__all__ = ["demo"]

_KEYS_SHOWN = 3


def demo(
    *,
    on: Annotated[
        DemoData, typer.Option(help="The 109th US Senate, or the citizens of Bowling Green on what their town needs.")
    ] = DemoData.SENATE,
    out: Annotated[Path, typer.Option(help="Folder for the picture.")] = Path("persona-db-demo"),
    user: Annotated[
        str | None,
        typer.Option(help="Id of whom to look at; a senator who often votes with the other party unless given."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed by which the held-out votes are drawn.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Load bundled votes, hold out some of the contested ones, predict these, and explain one."""
    from persona_db.cli.console import print_json, progress_bar, read_settings
    from persona_db.evals.demo import run_demo
    from persona_db.graph.embedding import embedder_of
    from persona_db.graph.session import Graph

    settings = read_settings()
    with progress_bar() as progress, Graph.connect(settings, progress=progress) as graph:
        made = run_demo(graph, on=on, out=out, user=user, seed=seed, embedder=embedder_of(settings), progress=progress)
    if as_json:
        print_json(made)
        return
    _print(made, browser=_browser_url())


def _browser_url() -> str | None:
    from persona_db.cli.console import read_settings
    from persona_db.graph import server

    settings = read_settings()
    found = None if settings.neo4j_uri else server.status(settings)
    return found.browser_url if found else None


def _print(made: Demo, *, browser: str | None) -> None:
    from rich.console import Console

    from persona_db.cli.console import one_line, print_table
    from persona_db.cli.paths import print_path
    from persona_db.evals.table import show

    print("How well held-out votes are predicted\n")
    show(made.report, Console(width=120))
    print(f"\nWho shares most with {made.user}, and which keys\n")
    print_table(
        ("collaborator", "score", "agree on"),
        [
            (one.user, one.score, "; ".join([key.name for key in one.shared if not key.inferred][:_KEYS_SHOWN]))
            for one in made.collaborators
        ],
    )
    print(f"\nOne prediction, back to the votes it rests on\n\n{one_line(made.question_text)}")
    print(
        f"predicted {made.prediction.answer} ({made.prediction.confidence:.0%}), voted {made.truth} "
        f"(held out: not in the graph)"
    )
    for line in made.prediction.explanation.splitlines():
        print(one_line(line))
    print(f"Of {made.of} held-out votes of {made.user} {made.right} are predicted right, {made.of - made.right} wrong.")
    for step in made.path:
        print_path(
            step.evidence,
            layer=step.item.layer,
            key=step.item.key,
            collaborator=step.collaborator,
            rests_on=step.rests_on,
        )
    print(f"\nPicture of the neighbourhood: {made.picture}")
    if browser:
        print(f"Neo4j Browser: {browser} (`persona-db status` tells user and password file); try")
    else:
        print("In Neo4j Browser, try")
    for query in made.queries:
        print(f"  {query}")
    print(f"{made.seconds:.0f} s")
