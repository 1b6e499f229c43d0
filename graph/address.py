"""The address of a Neo4j, checked before anything is connected to."""

from __future__ import annotations

from urllib.parse import urlsplit

__all__ = ["checked_address"]

_ROUTED = ("neo4j", "neo4j+s", "neo4j+ssc")
_SCHEMES = (*_ROUTED, "bolt", "bolt+s", "bolt+ssc")
_BROWSER_PORTS = (7473, 7474)
_BOLT_PORT = 7687
_EXAMPLE = f"neo4j://localhost:{_BOLT_PORT}"


def checked_address(uri: str) -> str:
    """Return *uri*; ValueError says what to write where the driver could not use it, and repeats no password."""
    if not uri.strip():
        raise ValueError(f"is empty; unset it for the embedded Neo4j, or write an address such as {_EXAMPLE}")
    bare = uri.strip().strip("'\"")
    if not bare.isprintable() or " " in bare:
        raise ValueError(f"holds blanks or control characters; write an address such as {_EXAMPLE}")
    scheme, mark, rest = bare.partition("://")
    if not mark:
        scheme, colon, rest = bare.partition(":")
        if colon and scheme.lower() in _SCHEMES:
            raise ValueError(f"has no :// after {scheme}; write {_proposed(scheme.lower(), rest.lstrip('/'))}")
        raise ValueError(f"names no scheme; write {_proposed('neo4j', bare)}")
    scheme = scheme.lower()
    if scheme in ("http", "https"):
        secure = "neo4j+s" if scheme == "https" else "neo4j"
        raise ValueError(f"is an address for a browser; write {_proposed(secure, rest)}")
    if scheme not in _SCHEMES:
        raise ValueError(f"has a scheme that is none of {', '.join(_SCHEMES)}; write {_proposed('neo4j', rest)}")
    authority, query = rest.split("#")[0].partition("?")[::2]
    if "@" in authority:
        raise ValueError(f"holds a login; write {_proposed(scheme, rest)}, and NEO4J_USERNAME and NEO4J_PASSWORD")
    if _host(authority) is None:
        raise ValueError(f"names no host and port; write {_proposed(scheme, rest)}")
    if authority.partition("/")[2]:
        raise ValueError(f"has a path; write {_proposed(scheme, rest)}, and the database in NEO4J_DATABASE")
    if (query and (scheme not in _ROUTED or "=" not in query)) or "#" in rest:
        raise ValueError(f"has something after the address; write {_proposed(scheme, rest)}")
    if bare != uri:
        raise ValueError(f"has blanks or quotes around it; write {_proposed(scheme, rest)}")
    return uri


def _host(authority: str) -> str | None:
    """Return host and port as they are written, with the port of Bolt where there is none; None for no such thing."""
    try:
        parts = urlsplit(f"//{authority}")
        name, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not name or port == 0:
        return None
    return f"{f'[{name}]' if ':' in name else name}:{port or _BOLT_PORT}"


def _proposed(scheme: str, rest: str) -> str:
    """Return an address with the host of *rest*, or an example where it names none."""
    authority = rest.split("#", maxsplit=1)[0].partition("?")[0].rpartition("@")[2].partition("/")[0]
    host = _host(authority)
    if host is None:
        return _EXAMPLE
    name, _, port = host.rpartition(":")
    return f"{scheme}://{name}:{_BOLT_PORT if int(port) in _BROWSER_PORTS else port}"
