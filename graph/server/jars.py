"""The jars of the embedded server, in the user's cache folder, as the lock says they must be."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from persona_db.graph.errors import ServerError
from persona_db.graph.progress import Progress, no_progress

from .lock import Jar, JarLock, repositories

if TYPE_CHECKING:
    import requests

__all__ = ["install_jars"]

log = logging.getLogger(__name__)

WORKERS = 12
ATTEMPTS = 5
TIMEOUT = (10.0, 60.0)  # seconds to connect, and between two pieces of a file
CHUNK = 1 << 16
VERIFIED = "verified.json"


class _UnavailableError(Exception):
    """A repository does not serve the locked file."""


class _InterruptedError(_UnavailableError):
    """It may serve it on another attempt."""


def install_jars(
    lock: JarLock,
    folder: Path,
    *,
    progress: Progress = no_progress,
    sources: Sequence[str] | None = None,
    suspect: bool = False,
) -> tuple[Path, ...]:
    """Return the files of *lock*'s jars in *folder*, having fetched those that were missing or not as locked.

    A jar takes its name only after its SHA-256 sum was found right, so an interrupted run is resumed by the
    next one. Jars already verified are recognised by size and time of change, without reading them.
    With *suspect*, after a crash, all are read and compared with their sums: a file may have its size and its time, and
    not its bytes. *sources* are base URLs of Maven repositories, those of `repositories()` when not given. ServerError
    when a jar cannot be had, or is another file than the locked one.
    """
    from filelock import FileLock

    files = tuple(folder / jar.name for jar in lock.jars)
    if suspect:
        (folder / VERIFIED).unlink(missing_ok=True)
    if not _unverified(lock.jars, folder):
        return files
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "install.lock"):
            suspects = _unverified(lock.jars, folder)
            missing = [jar for jar in suspects if not _is_as_locked(folder / jar.name, jar)]
            if missing:
                log.info("fetching %s of %s jars of Neo4j %s", len(missing), len(lock.jars), lock.neo4j)
                urls = tuple(repositories().values()) if sources is None else sources
                _Download(folder, urls).fetch(missing, what=f"fetching Neo4j {lock.neo4j} (bytes)", progress=progress)
            if suspects:
                _write_verified(lock.jars, folder)
    except OSError as exc:
        raise ServerError(
            f"the jars of Neo4j cannot be written to {folder} ({exc.strerror or exc}); free some space there, "
            "or set PERSONA_DB_CACHE to another folder"
        ) from exc
    return files


def _unverified(jars: Iterable[Jar], folder: Path) -> list[Jar]:
    """Return the jars that have no record or changed since they were verified."""
    try:
        record = json.loads((folder / VERIFIED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        record = {}
    known: Mapping[str, object] = record if isinstance(record, dict) else {}
    return [jar for jar in jars if known.get(jar.name) != _stamp(folder / jar.name, jar)]


def _write_verified(jars: Iterable[Jar], folder: Path) -> None:
    record = {jar.name: _stamp(folder / jar.name, jar) for jar in jars}
    temporary = folder / f"{VERIFIED}.part"
    temporary.write_text(json.dumps(record), encoding="utf-8")
    temporary.replace(folder / VERIFIED)


def _stamp(file: Path, jar: Jar) -> list[object] | str:
    """Return the record of a verified jar; a file that is missing or of another size equals no record."""
    try:
        stat = file.stat()
    except OSError:
        return "missing"
    return [jar.sha256, stat.st_size, stat.st_mtime_ns] if stat.st_size == jar.size else "of another size"


def _is_as_locked(file: Path, jar: Jar) -> bool:
    try:
        if file.stat().st_size != jar.size:
            return False
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == jar.sha256
    except OSError:
        return False


class _Download:
    """One run of fetching jars side by side from repositories tried in turn."""

    def __init__(self, folder: Path, sources: Sequence[str]) -> None:
        self._folder = folder
        self._sources = sources
        self._lock = threading.Lock()
        self._received = 0
        self._given_up = threading.Event()
        self._local = threading.local()
        self._sessions: list[requests.Session] = []

    def fetch(self, jars: Sequence[Jar], *, what: str, progress: Progress) -> None:
        """Fetch *jars*, largest first; the first failure stops the others."""
        total = sum(jar.size for jar in jars)
        progress(what, 0, total)
        try:
            with ThreadPoolExecutor(max_workers=WORKERS, initializer=self._open_session) as pool:
                largest_first = sorted(jars, key=lambda jar: -jar.size)
                pending: set[Future[None]] = {pool.submit(self._fetch_one, jar) for jar in largest_first}
                try:
                    while pending:
                        done, pending = wait(pending, timeout=0.1, return_when=FIRST_EXCEPTION)
                        progress(what, min(self._received, total), total)
                        for future in done:
                            future.result()
                finally:
                    self._given_up.set()
                    pool.shutdown(wait=True, cancel_futures=True)
        finally:
            for session in self._sessions:
                session.close()

    def _open_session(self) -> None:
        """Give this thread an HTTP session, whose connection is kept from one jar to the next."""
        import requests

        session = requests.Session()
        self._local.session = session
        with self._lock:
            self._sessions.append(session)

    def _fetch_one(self, jar: Jar) -> None:
        """Put one jar in place, from the first repository that has the locked file."""
        from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

        failures: list[str] = []
        for source in self._sources:
            try:
                for attempt in Retrying(
                    retry=retry_if_exception_type(_InterruptedError),
                    stop=stop_after_attempt(ATTEMPTS),
                    wait=wait_random_exponential(multiplier=0.25, max=8),
                    reraise=True,
                ):
                    with attempt:
                        self._download(jar, source)
            except _UnavailableError as exc:
                failures.append(f"{_host(source)}: {exc}")
            else:
                return
        raise ServerError(
            f"{jar.name} of Neo4j could not be fetched ({'; '.join(failures) or 'no repository is set'}). "
            "Check the connection and the proxy, then run the command again: it resumes with the missing jars. "
            "Another Maven repository can be named in the [repositories] section of jgo's configuration file"
        )

    def _download(self, jar: Jar, source: str) -> None:
        """Put one jar in place from one repository."""
        import requests

        temporary = self._folder / f"{jar.name}.part"
        session: requests.Session = self._local.session
        digest = hashlib.sha256()
        received = 0
        try:
            with (
                session.get(f"{source}/{jar.path}", stream=True, timeout=TIMEOUT) as response,
                temporary.open("wb") as file,
            ):
                _check_status(response.status_code)
                for chunk in response.iter_content(CHUNK):
                    if self._given_up.is_set():
                        raise _UnavailableError("another jar failed")
                    file.write(chunk)
                    digest.update(chunk)
                    received += len(chunk)
                    self._count(len(chunk))
                    if received > jar.size:
                        break
            if received < jar.size:
                raise _InterruptedError(f"it broke off after {received} of {jar.size} bytes")
            if digest.hexdigest() != jar.sha256:
                raise _UnavailableError(
                    f"its file has the SHA-256 sum {digest.hexdigest()}, not {jar.sha256} of the lock, and was refused"
                )
            temporary.replace(self._folder / jar.name)
        except requests.RequestException as exc:
            self._count(-received)
            raise _InterruptedError(type(exc).__name__) from exc
        except _UnavailableError:
            self._count(-received)
            raise
        finally:
            temporary.unlink(missing_ok=True)

    def _count(self, received: int) -> None:
        with self._lock:
            self._received += received


def _check_status(status: int) -> None:
    """Raise the error that an HTTP status other than 200 means for a jar."""
    if status in (404, 410):
        raise _UnavailableError("it has no such file")
    if status in (408, 425, 429) or status >= 500:
        raise _InterruptedError(f"HTTP status {status}")
    if status != 200:
        raise _UnavailableError(f"HTTP status {status}")


def _host(url: str) -> str:
    """Name a repository without the password that its URL may carry."""
    return urlsplit(url).hostname or "a repository without a host name"
