"""Who is erased is in no file of the home, but those that the receipt names; after --deep in none at all."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage

from persona_db.chains.language.cache import CallCache
from persona_db.chains.refinement.refine import refine
from persona_db.cli.main import main
from persona_db.graph import server
from persona_db.graph.call_file import CALLS
from persona_db.graph.datasets import require_dataset
from persona_db.graph.embedding import embedder_of
from persona_db.graph.erase import deepened, erase_people
from persona_db.graph.errors import UnknownUserError
from persona_db.graph.ingest import store_items, store_people, store_quarantine
from persona_db.graph.models import HistoryItem, Person, QuarantinedRow
from persona_db.graph.server.compact import compact
from persona_db.graph.server.home import Home
from persona_db.graph.server.starting import STORE_BEFORE, STORE_TO_COME
from persona_db.graph.session import Graph
from persona_db.graph.settings import Settings
from tests.synthetic import answer, dump, make_world, rows, store

WORLD = make_world(seed=3, people=14, questions=9, dated=True)
TOLD = "I keep zyxwordlanterns in the cellar. Nobody knows of my zyxsecondlamp."
ID = "zyxplantedid of somebody whose id is too long to be packed into a record"
PLANTED = (
    ID,
    "Zyxname Lantern of the house of Lanterns at the Lantern",
    "zyxattribute of lamps and of lights and so on",
    "zyxwordlanterns",
    "zyxsecondlamp",
)


@pytest.fixture(scope="module")
def own(neo4j_settings: Settings, start_cache: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of a server for these tests alone, with its caches in its home."""
    home = tmp_path_factory.mktemp("home")
    (home / "cache").mkdir()
    for jars in neo4j_settings.cache_dir.glob("neo4j-*"):
        (home / "cache" / jars.name).symlink_to(jars)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PERSONA_DB_HOME", str(home))
        patch.setenv("PERSONA_DB_EMBEDDING_MODEL", "hash")
        patch.setenv("PERSONA_DB_HEAP_MB", "256")
        patch.delenv("PERSONA_DB_CACHE", raising=False)
        settings = Settings()
        yield settings
        server.stop(settings)


def plant(graph: Graph, dataset: str, settings: Settings, *, fits: bool = True) -> None:
    """Somebody with words of their own in the graph, in quarantine, and in both caches; two Fits count them."""
    store(graph, dataset, WORLD, embedder=embedder_of(settings))
    store_people(graph, dataset, [Person(id=ID, name=PLANTED[1], attributes={"HOBBY": PLANTED[2]})])
    said = [answer(ID, one, 0, at=one.at) for one in WORLD.questions[:8]]
    store_items(graph, dataset, [*said, HistoryItem(id="1", user=ID, text=TOLD, at="2003-01-01")])
    reasons = (f"{ID!r} has no such option", 'the line `{"text": "I keep zyxwordlanterns in the cellar.` breaks')
    bad = [QuarantinedRow(source="s", row=row, reason=reason) for row, reason in enumerate(reasons)]
    store_quarantine(graph, dataset, [*bad, QuarantinedRow(source="s", row=9, reason="is of nobody")])
    if fits:
        refine(graph, dataset, embedder=embedder_of(settings))
        refine(graph, dataset, as_of="2006-12-31", embedder=embedder_of(settings))
    calls = CallCache(settings.cache_dir / CALLS, model="m", identity="i")
    calls.keep(b"theirs", AIMessage(json.dumps({"facts": [{"quote": "zyxwordlanterns in the cellar"}]})))
    calls.keep(b"another's", AIMessage(json.dumps({"facts": [{"quote": "I like my garden very much"}]})))


def found(home: Path, *, store: bool) -> set[str]:
    """The planted words that some file has, gzip unpacked; Neo4j's own files count with *store*."""
    there = set()
    for folder, _, files in os.walk(home):
        for file in (Path(folder, name) for name in files):
            if not store and (home / "data" / "data") in file.parents:
                continue
            content = file.read_bytes()
            content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
            there |= {word for word in PLANTED if word.encode() in content}
    return there


def test_nothing_is_left(own: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    """After erase they are in Neo4j's files alone, as it says; after --deep in none, and no Fit ever counted them."""
    home = own.data_dir.parent
    with Graph.connect(own) as graph:
        plant(graph, "town", own)
    assert found(home, store=True) == {*PLANTED}
    with pytest.raises(SystemExit) as done:
        main(["erase", ID, "--dataset", "town", "--json"])
    receipt = json.loads(capsys.readouterr().out)
    assert (done.value.code, sum(receipt["left"].values())) == (0, 0)
    assert (receipt["calls"], receipt["quarantined"], receipt["fits"], receipt["items"]) == (1, 2, 1, 9)
    assert found(home, store=False) == set()
    assert found(home, store=True)
    assert any("files of Neo4j" in one["where"] and "--deep" in one["until"] for one in receipt["remains"])

    with pytest.raises(SystemExit) as done:
        main(["erase", ID, "--dataset", "town", "--deep", "--json"])
    receipt = json.loads(capsys.readouterr().out)
    assert (done.value.code, receipt["before"], receipt["deep"]) == (0, True, True)
    assert [one["where"] for one in receipt["remains"]] == ["backups and exports made before hold them"]
    assert found(home, store=True) == set()
    assert not (home / "data" / STORE_BEFORE).exists()
    with Graph.connect(own) as graph:
        assert not require_dataset(graph, "town").refit_needed
        written = rows(graph, "MATCH (n) UNWIND keys(n) AS k RETURN toStringOrNull(n[k]) AS one, n[k] AS all")
        assert [row for row in written if any(word in repr(row) for word in PLANTED)] == []
        store(graph, "never", WORLD, embedder=embedder_of(own))
        store_quarantine(graph, "never", [QuarantinedRow(source="s", row=9, reason="is of nobody")])
        refine(graph, "never", embedder=embedder_of(own))
        refine(graph, "never", as_of="2006-12-31", embedder=embedder_of(own))
        assert told(graph, "town") == told(graph, "never")
    assert CallCache(own.cache_dir / CALLS, model="m", identity="i").path.stat().st_size > 0


def told(graph: Graph, dataset: str) -> list[str]:
    """A dataset but its own node, and texts of facts of earlier Fits, which others said."""
    return [line for line in dump(graph, dataset) if "'Dataset'" not in line and "'Statement'" not in line]


def test_a_stopped_erasure_is_completed(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped between caches and graph, and between the two renamings."""
    cache = embedder_of(own)
    with Graph.connect(own) as graph:
        plant(graph, "other", own, fits=False)
        (own.cache_dir / "vectors.sqlite3").write_bytes(b"no database " * 500)
        with monkeypatch.context() as patch:
            patch.setattr(Graph, "transaction", stop)
            with pytest.raises(KeyboardInterrupt):
                erase_people(graph, "other", [ID], cache=cache)
        [erased] = erase_people(graph, "other", [ID], cache=cache)
        assert (erased.receipt.items, erased.receipt.left.total) == (9, 0)
        with pytest.raises(UnknownUserError):
            erase_people(graph, "other", ["u01", "zyxmistyped"], cache=cache)
        assert len(graph.read("find_user", dataset="other", user="u01")) == 1
        before = dump(graph, "other")
    server.stop(own)
    home = Home(own.data_dir)
    (home.folder / "data").rename(home.folder / STORE_BEFORE)  # as killed before the new one took its place
    (home.folder / STORE_TO_COME / "data").mkdir(parents=True, exist_ok=True)
    assert not compact(own)
    with Graph.connect(own) as graph:
        assert dump(graph, "other") == before
        [again] = deepened(graph, [erased], engine=None)
    assert not (home.folder / STORE_TO_COME).exists()
    assert [one.where for one in again.remains if "backups" not in one.where] == []


def stop(*_: object, **__: object) -> None:
    raise KeyboardInterrupt
