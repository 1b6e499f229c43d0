"""A scripted server of the OpenAI protocol on loopback: what it answers, how late, and how it fails is told to it.

    with LanguageServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        server.fail(Status(429, retry_after="0.2"), times=1)
        ... open_model("openai:scripted") ...
        assert [call.fault for call in server.calls] == [...]

Without more it does as it is told (`obedient`). Token usage counts messages, schema and answer, as hosted models do.
`python -m tests.language_server --latency 0.5` runs one by itself and prints its address, for benchmarks.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import log
from types import TracebackType
from typing import Any, Self

from tests.scripted_answers import Asked, count_tokens, letter_shares, obedient

__all__ = [
    "ANSWER_FAULTS",
    "TRANSPORT_FAULTS",
    "Asked",
    "Drop",
    "Fault",
    "Hang",
    "LanguageServer",
    "Odd",
    "Said",
    "ServedCall",
    "Status",
    "obedient",
]

_MESSAGE_TOKENS = 4


@dataclass(frozen=True)
class Status:
    """An HTTP error, with the header Retry-After when one is given."""

    code: int
    retry_after: str | None = None
    said: str = ""


@dataclass(frozen=True)
class Drop:
    """The connection is closed: before anything is said, or in the middle of the answer."""

    midway: bool = False


@dataclass(frozen=True)
class Hang:
    """Nothing is said for so long, then the connection is closed; a server that is closed hangs no more."""

    seconds: float = 60.0


@dataclass(frozen=True)
class Said:
    """An answer in proper form whose content is wrong: *change* makes it of the good one."""

    change: Callable[[Asked, str], str]
    finish: str = "stop"
    refusal: str | None = None


@dataclass(frozen=True)
class Odd:
    """A body with status 200 that no good answer has: *change* makes it of a good one."""

    change: Callable[[dict[str, Any]], dict[str, Any]]


Fault = Status | Drop | Hang | Said | Odd


def _renamed(answer: str) -> Any:
    """The answer with every word of a closed list and every option misspelt."""
    told = json.loads(answer)
    for name in ("answer", "polarity"):
        if name in told:
            told[name] = f"{told[name][:-1]}zz"
    for entry in told.get("probabilities", ()):
        entry["option"] = f"{entry['option'][:-1]}zz"
    for entry in (*told.get("facts", ()), *told.get("traits", ())):
        entry["kind"] = f"{entry['kind']}zz"
    return told


def _mistyped(answer: str) -> Any:
    told = json.loads(answer)
    return {name: 7 if isinstance(value, list | dict) else [value] for name, value in told.items()}


def _with_prose(asked: Asked, answer: str) -> str:
    return f"Sure! Here is the JSON you asked for:\n```json\n{answer}\n```\nLet me know if you need more."


TRANSPORT_FAULTS: Mapping[str, Fault] = {
    "429 with Retry-After": Status(429, retry_after="1"),
    "429 without Retry-After": Status(429),
    "500": Status(500),
    "503": Status(503),
    "dropped connection": Drop(),
    "dropped in the middle": Drop(midway=True),
    "hang": Hang(),
}
"""What a retry is for."""

ANSWER_FAULTS: Mapping[str, Fault] = {
    "JSON cut in the middle": Said(lambda asked, answer: answer[: len(answer) // 2]),
    "answer longer than allowed": Said(lambda asked, answer: answer[: len(answer) // 2], finish="length"),
    "schema echoed back": Said(lambda asked, answer: json.dumps(asked.schema or {"type": "object"})),
    "wrong types": Said(lambda asked, answer: json.dumps(_mistyped(answer))),
    "extra prose": Said(_with_prose),
    "refusal": Said(lambda asked, answer: "", refusal="I'm sorry, but I can't help with that."),
    "refusal in words": Said(lambda asked, answer: "I'm sorry, but I can't help with that."),
    "empty content": Said(lambda asked, answer: ""),
    "options misspelt": Said(lambda asked, answer: json.dumps(_renamed(answer))),
}
"""What a repair is for, and after that a quarantine."""


@dataclass(frozen=True)
class ServedCall:
    """A request with what became of it; times are of `time.monotonic`."""

    asked: Asked
    began: float
    ended: float
    fault: Fault | None
    answered: bool
    """True when a whole answer went out, good or bad: a call that a provider charges for."""


@dataclass
class _Rule:
    fault: Fault
    left: int | None
    where: Callable[[Asked], bool]


class LanguageServer:
    """Serves `/v1/chat/completions`; a context manager. Safe to ask and to tell from any thread."""

    def __init__(
        self, *, answer: Callable[[Asked], str] = obedient, latency: float = 0.0, port: int = 0, keep: bool = True
    ) -> None:
        self.answer = answer
        self.latency = latency
        self._keep = keep
        self._rules: list[_Rule] = []
        self._calls: list[ServedCall] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._open = threading.Event()
        self._open.set()
        self._http = _Server(("127.0.0.1", port), self)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    @property
    def calls(self) -> list[ServedCall]:
        """The requests that are over, in the order in which they came in."""
        with self._lock:
            return sorted(self._calls, key=lambda call: call.began)

    @property
    def answered(self) -> list[ServedCall]:
        """Those that were answered in whole."""
        return [call for call in self.calls if call.answered]

    def forget(self) -> None:
        """Begin the record anew; faults stay as they are."""
        with self._lock:
            self._calls.clear()

    def fail(self, fault: Fault, *, times: int | None = None, where: Callable[[Asked], bool] = lambda _: True) -> None:
        """Let the next *times* requests of that kind meet *fault*; all of them from now on when None."""
        with self._lock:
            self._rules.append(_Rule(fault, times, where))

    def mend(self) -> None:
        """Take all faults away."""
        with self._lock:
            self._rules.clear()

    def hold(self) -> None:
        """Answer nothing from now on until `go_on`."""
        self._open.clear()

    def go_on(self) -> None:
        """Answer what was held, and everything after it."""
        self._open.set()

    def close(self) -> None:
        """Stop serving; requests that hang or are held are dropped."""
        self._closing.set()
        self._open.set()
        self._http.shutdown()
        self._http.server_close()

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def serve(self, asked: Asked, write: Callable[[int, Mapping[str, str], bytes], None]) -> bool:
        """Answer one request by *write*; return whether the connection may be used again."""
        began = time.monotonic()
        self._open.wait()
        fault = self._fault_for(asked)
        if fault is None or isinstance(fault, Said | Odd):
            headers, body = self._good(asked, fault if isinstance(fault, Said) else None)
            if isinstance(fault, Odd):
                body = json.dumps(fault.change(json.loads(body))).encode()
            self._closing.wait(max(self.latency - (time.monotonic() - began), 0.0))
            answered = not self._closing.is_set()
        else:
            headers, body = {}, b""
            answered = False
        if isinstance(fault, Hang):
            self._closing.wait(fault.seconds)
        if self._keep:  # before it is sent: whoever has the answer finds it on record
            with self._lock:
                self._calls.append(ServedCall(asked, began, time.monotonic(), fault, answered))
        if answered:
            write(200, headers, body)
        elif isinstance(fault, Status):
            headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
            error = {"error": {"message": fault.said or f"scripted {fault.code}", "type": "scripted", "code": None}}
            write(fault.code, headers, json.dumps(error).encode())
        elif isinstance(fault, Drop) and fault.midway:
            _, body = self._good(asked, None)
            write(200, {"Content-Length": str(len(body))}, body[: len(body) // 2])
        return answered or isinstance(fault, Status)

    def _fault_for(self, asked: Asked) -> Fault | None:
        with self._lock:
            for rule in self._rules:
                if rule.left != 0 and rule.where(asked):
                    if rule.left is not None:
                        rule.left -= 1
                    return rule.fault
        return None

    def _good(self, asked: Asked, fault: Said | None) -> tuple[Mapping[str, str], bytes]:
        content = self.answer(asked)
        if fault is not None:
            content = fault.change(asked, content)
        refusal = fault.refusal if fault else None
        finish = fault.finish if fault else "stop"
        message: dict[str, Any] = {"role": "assistant", "content": content if refusal is None else None}
        if refusal is not None:
            message["refusal"] = refusal
        elif asked.tool and content:
            call = {"name": asked.tool, "arguments": content}
            message |= {"content": None, "tool_calls": [{"id": "call_1", "type": "function", "function": call}]}
            finish = "tool_calls" if finish == "stop" else finish
        usage = _usage(asked, content or refusal or "")
        if asked.stream:
            return {"Content-Type": "text/event-stream"}, b"".join(_events(asked, content, usage))
        choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": finish}
        if asked.body.get("logprobs"):
            choice["logprobs"] = {"content": _logprobs(asked, content)}
        return {}, json.dumps(_envelope(asked, "chat.completion", [choice]) | {"usage": usage}).encode()


def _envelope(asked: Asked, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 0, "model": asked.body.get("model", ""), "choices": choices}


def _usage(asked: Asked, content: str) -> dict[str, int]:
    given = sum(count_tokens(text) + _MESSAGE_TOKENS for _, text in asked.messages)
    if asked.schema:
        given += count_tokens(json.dumps(asked.schema))
    made = count_tokens(content)
    return {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}


def _events(asked: Asked, content: str, usage: Mapping[str, int]) -> Iterator[bytes]:
    """The answer in pieces of a word each, as server-sent events."""
    for piece in re.findall(r"\s*\S+|\s+$", content):
        choice = {"index": 0, "delta": {"role": "assistant", "content": piece}, "finish_reason": None}
        yield _event(_envelope(asked, "chat.completion.chunk", [choice]))
    yield _event(_envelope(asked, "chat.completion.chunk", [{"index": 0, "delta": {}, "finish_reason": "stop"}]))
    if (asked.body.get("stream_options") or {}).get("include_usage"):
        yield _event(_envelope(asked, "chat.completion.chunk", []) | {"usage": usage})
    yield b"data: [DONE]\n\n"


def _event(told: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(told).encode() + b"\n\n"


def _logprobs(asked: Asked, content: str) -> list[dict[str, Any]]:
    """The tokens of an answer; a letter that is asked for is one, with all letters for alternatives."""
    if asked.task != "choose":
        return [_logprob(token) for token in re.findall(r"\s*\S+|\s+$", content)]
    letter = re.search(r'(?<=")[A-Z](?=")', content)
    if letter is None:
        return [_logprob(content)]
    shares = letter_shares(asked)
    top = [{"token": one, "logprob": log(share)} for one, share in shares.items()]
    chosen = {"token": letter[0], "logprob": log(shares.get(letter[0], 1e-9)), "top_logprobs": top}
    return [_logprob(content[: letter.start()]), chosen, _logprob(content[letter.end() :])]


def _logprob(token: str) -> dict[str, Any]:
    told = {"token": token, "logprob": -0.1, "bytes": list(token.encode())}
    return told | {"top_logprobs": [told]}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], served: LanguageServer) -> None:
        super().__init__(address, _Handler)
        self.served = served

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no fault here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body leave together

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.path.endswith("/chat/completions"):
            self.send_error(404)
            return
        asked = Asked(json.loads(body), authorization=self.headers.get("Authorization", ""))
        assert isinstance(self.server, _Server)
        with suppress(ConnectionError):
            if not self.server.served.serve(asked, self._write):
                self.close_connection = True

    def _write(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in (
            {"Content-Type": "application/json", "Content-Length": str(len(body))} | dict(headers)
        ).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged: calls are in the server's record."""


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A scripted language model on loopback.")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before it answers")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    given = parser.parse_args()
    with LanguageServer(latency=given.latency, port=given.port, keep=False) as server:
        sys.stdout.write(f"{server.base_url}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
