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

from filelock import FileLock
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from persona_db.graph.errors import ServerError
from persona_db.graph.progress import Progress, no_progress

from .lock import Jar, JarLock

if TYPE_CHECKING:
    import requests

__all__ = ["install_jars", "repositories"]

log = logging.getLogger(__name__)

WORKERS = 12
ATTEMPTS = 5
TIMEOUT = (10.0, 60.0)  # seconds to connect, and between two pieces of a file
CHUNK = 1 << 16
VERIFIED = "verified.json"


class _TransferError(Exception):
    """A download broke off or was refused for now; trying again may help."""


def repositories() -> tuple[str, ...]:
    """Return base URLs of Maven repositories, in the order they are tried.

    They are jgo's: those of the `[repositories]` section of its configuration file, then its default one,
    which a repository named `central` there replaces.
    """
    from jgo.config import GlobalSettings
    from jgo.constants import MAVEN_CENTRAL_URL

    configured: dict[str, str] = dict(GlobalSettings.load().repositories)
    configured.setdefault("central", MAVEN_CENTRAL_URL)
    return tuple(url.rstrip("/") for url in configured.values())


def install_jars(
    lock: JarLock,
    folder: Path,
    *,
    progress: Progress = no_progress,
    sources: Sequence[str] | None = None,
) -> tuple[Path, ...]:
    """Return the files of *lock*'s jars in *folder*, having fetched those that were missing or not as locked.

    A jar takes its name only after its SHA-256 sum was found right, so an interrupted run is resumed by the
    next one. Jars already verified are recognised by size and time of change, without reading them.
    *sources* are base URLs of repositories, `repositories()` when not given. ServerError when a jar cannot
    be had, or is another file than the locked one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = tuple(folder / jar.name for jar in lock.jars)
    if not _unverified(lock.jars, folder):
        return files
    with FileLock(folder / "install.lock"):
        suspects = _unverified(lock.jars, folder)
        missing = [jar for jar in suspects if not _is_as_locked(folder / jar.name, jar)]
        if missing:
            log.info("fetching %s of %s jars of Neo4j %s", len(missing), len(lock.jars), lock.neo4j)
            urls = repositories() if sources is None else sources
            _fetch_all(missing, folder, sources=urls, what=f"Neo4j {lock.neo4j}", progress=progress)
        if suspects:
            _write_verified(lock.jars, folder)
    return files


def _unverified(jars: Iterable[Jar], folder: Path) -> list[Jar]:
    """Return the jars that are not known to be as locked: no record of them, or changed since."""
    try:
        record: Mapping[str, object] = json.loads((folder / VERIFIED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        record = {}
    return [jar for jar in jars if record.get(jar.name) != _stamp(folder / jar.name, jar)]


def _write_verified(jars: Iterable[Jar], folder: Path) -> None:
    record = {jar.name: _stamp(folder / jar.name, jar) for jar in jars}
    temporary = folder / f"{VERIFIED}.part"
    temporary.write_text(json.dumps(record), encoding="utf-8")
    temporary.replace(folder / VERIFIED)


def _stamp(file: Path, jar: Jar) -> list[object]:
    """What is remembered of a verified jar; never equal to a record when the file is missing or of another size."""
    try:
        stat = file.stat()
    except OSError:
        return []
    return [jar.sha256, stat.st_size, stat.st_mtime_ns] if stat.st_size == jar.size else []


def _is_as_locked(file: Path, jar: Jar) -> bool:
    try:
        if file.stat().st_size != jar.size:
            return False
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == jar.sha256
    except OSError:
        return False


class _Counter:
    """Bytes fetched, added to by many threads and read by one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._value = 0

    def add(self, count: int) -> None:
        with self._lock:
            self._value += count

    @property
    def value(self) -> int:
        with self._lock:
            return self._value


def _fetch_all(jars: Sequence[Jar], folder: Path, *, sources: Sequence[str], what: str, progress: Progress) -> None:
    """Fetch *jars* side by side, largest first; the first failure stops those not begun."""
    total = sum(jar.size for jar in jars)
    counter = _Counter()
    progress(what, 0, total)
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        futures: list[Future[None]] = [
            pool.submit(_fetch, jar, folder, sources=sources, counter=counter)
            for jar in sorted(jars, key=lambda jar: -jar.size)
        ]
        pending: set[Future[None]] = set(futures)
        try:
            while pending:
                done, pending = wait(pending, timeout=0.1, return_when=FIRST_EXCEPTION)
                progress(what, min(counter.value, total), total)
                for future in done:
                    future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    progress(what, total, total)


def _fetch(jar: Jar, folder: Path, *, sources: Sequence[str], counter: _Counter) -> None:
    """Put one jar in place from the first repository that has the locked file."""
    failures: list[str] = []
    for source in sources:
        try:
            for attempt in Retrying(
                retry=retry_if_exception_type(_TransferError),
                stop=stop_after_attempt(ATTEMPTS),
                wait=wait_random_exponential(multiplier=0.25, max=8),
                reraise=True,
            ):
                with attempt:
                    found = _download(jar, folder, source=source, counter=counter)
        except _TransferError as exc:
            failures.append(f"{_host(source)}: {exc}")
            continue
        if found == jar.sha256:
            return
        failures.append(
            f"{_host(source)}: it has no such file"
            if found is None
            else f"{_host(source)}: its SHA-256 sum is {found}, not the locked {jar.sha256}; refused"
        )
    raise ServerError(
        f"{jar.name} of Neo4j could not be fetched ({'; '.join(failures) or 'no repository is set'}). "
        "Check the connection or the proxy and run the command again, which goes on with what is missing; "
        "another Maven repository can be named in the [repositories] section of jgo's configuration file"
    )


def _download(jar: Jar, folder: Path, *, source: str, counter: _Counter) -> str | None:
    """Fetch one file; return its SHA-256 sum (in place under its name only if as locked), None if it is not there."""
    import requests

    target = folder / jar.name
    temporary = folder / f"{jar.name}.part"
    digest = hashlib.sha256()
    received = 0
    try:
        with (
            _session().get(f"{source}/{jar.path}", stream=True, timeout=TIMEOUT) as response,
            temporary.open("wb") as file,
        ):
            if response.status_code in (404, 410):
                return None
            response.raise_for_status()
            for chunk in response.iter_content(CHUNK):
                received += len(chunk)
                if received > jar.size:
                    break
                file.write(chunk)
                digest.update(chunk)
                counter.add(len(chunk))
        if received < jar.size:
            raise _TransferError(f"broke off after {received} of {jar.size} bytes")
        if digest.hexdigest() == jar.sha256 and received == jar.size:
            temporary.replace(target)
        return digest.hexdigest()
    except requests.RequestException as exc:
        counter.add(-min(received, jar.size))
        raise _TransferError(_reason(exc)) from exc
    except _TransferError:
        counter.add(-received)
        raise
    except OSError as exc:
        raise ServerError(
            f"{target} cannot be written ({exc.strerror}); free some space or set PERSONA_DB_CACHE"
        ) from exc
    finally:
        temporary.unlink(missing_ok=True)


_local = threading.local()


def _session() -> requests.Session:
    """One HTTP session a thread: connections are kept open from one jar to the next."""
    import requests

    if not hasattr(_local, "session"):
        _local.session = requests.Session()
    session: requests.Session = _local.session
    return session


def _reason(exc: requests.RequestException) -> str:
    if exc.response is not None:
        return f"HTTP status {exc.response.status_code}"
    return type(exc).__name__


def _host(url: str) -> str:
    """Host of a repository: its URL may carry a password."""
    return urlsplit(url).hostname or "a repository without a host name"
