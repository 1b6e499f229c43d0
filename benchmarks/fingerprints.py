"""What the product makes of fixed data, to the last digit, for proof that a refactor changed nothing.

    python -m benchmarks.fingerprints --out OLD.json      at the base, and --out NEW.json at the refactored tree
    python -m benchmarks.fingerprints --compare OLD.json NEW.json

Four parts: the town of docs/example, the bundled Senate, 200 people of GSS 2016, the town by a scripted language model.
Each has five sections: `fits`, `numbers`, `texts`, `graph` (a hash for each property of each label) and `calls`.
It imports what the packages export, never their modules, and starts a Neo4j of its own. What differs between two runs
is left out: times, random tokens of keys (profiles show the keys instead), and random ids of runs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.examples import PARTS, SURVEY
from benchmarks.sameness import compare, hashed, numbers_of, texts_of
from persona_db.graph import Graph, Settings, server

BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the fingerprints, or compare two files of them; return 1 where they differ."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fingerprints", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--out", type=Path, help="file that is written")
    parser.add_argument("--data", type=Path, help="folder of data sets (PERSONA_DB_TEST_DATA, ../shared/data)")
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=tuple(PARTS), help="parts that are made or compared"
    )
    parser.add_argument("--compare", nargs=2, type=Path, metavar=("OLD", "NEW"))
    given = parser.parse_args(arguments)
    if given.compare:
        old, new = (json.loads(path.read_text(encoding="utf-8")) for path in given.compare)
        return compare(old, new, given.only)
    if given.out is None:
        parser.error("give --out FILE or --compare OLD NEW")
    data = given.data or Path(os.environ.get("PERSONA_DB_TEST_DATA") or BESIDE)
    if "gss" in given.only and not (data / SURVEY).is_dir():
        parser.error(f"no {data / SURVEY}; name the folder of data sets with --data, or the other parts with --only")
    text = json.dumps(_made(data, given.only), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    given.out.write_text(text, encoding="utf-8")
    print(f"{sha256(text.encode()).hexdigest()}  {given.out}")
    return 0


def _made(data: Path, only: Iterable[str]) -> dict[str, Any]:
    for name in [name for name in os.environ if name.startswith(("NEO4J_", "PERSONA_DB_"))]:
        if name != "PERSONA_DB_CACHE":
            del os.environ[name]
    made: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="persona-db-bench-") as scratch:
        folder = Path(scratch)
        settings = Settings(neo4j_uri=None, home=folder / "home", cache=Settings().cache_dir)
        try:
            with Graph.connect(settings) as graph:
                for part in only:
                    began = perf_counter()
                    found = PARTS[part](graph, data, folder)
                    found["numbers"], found["texts"] = numbers_of(found["numbers"]), texts_of(found["numbers"])
                    made[part] = json.loads(json.dumps(found))  # tuples are lists, as in a file
                    counts = ", ".join(f"{name} {hashed(made[part][name])[:12]}" for name in sorted(found))
                    print(f"{part:8} {perf_counter() - began:5.0f} s  {counts}  fits {found['fits']}", flush=True)
        finally:
            server.stop(settings)
    return made


if __name__ == "__main__":
    sys.exit(main())
