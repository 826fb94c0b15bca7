"""Who is let in, and how much of it: keys, names of hosts, sizes and rates, before anything is read.

Keys are compared in a time that tells nothing of them. Where no key is asked for, on a socket of this machine only, the
name that a browser thinks it speaks to has to be one of this machine: else any page could reach the service by a name
of its own.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

OPEN = ("/healthz", "/readyz")
"""Paths that tell nothing, and ask for no key."""
LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key that can be compared with, but not read."""

    digest: bytes

    @classmethod
    def of(cls, key: str) -> AccessKey:
        """Return the key for a text."""
        return cls(hashlib.sha256(key.encode()).digest())

    def opens(self, given: str) -> bool:
        """Whether a text is the key; takes as long whatever is given, but for its length."""
        return hmac.compare_digest(self.digest, hashlib.sha256(given.encode("utf-8", "surrogateescape")).digest())


def key_of(headers: dict[str, str]) -> str:
    """Return the key that comes with a request: `Authorization: Bearer KEY` or `X-API-Key: KEY`; empty: none."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" and key else headers.get("x-api-key", "")


@dataclass(slots=True)
class RateLimit:
    """So many requests a second on average, twice as many at once.

    Attributes
    ----------
    per_s
        Requests a second.
    clock
        Seconds that cannot be set.
    """

    per_s: float
    clock: Callable[[], float] = time.monotonic
    _left: float = field(init=False)
    _at_s: float = field(init=False)

    def __post_init__(self) -> None:
        """Begin full."""
        self._left, self._at_s = 2 * self.per_s, self.clock()

    def allows(self) -> bool:
        """Whether one more may come now."""
        now = self.clock()
        self._left = min(2 * self.per_s, self._left + (now - self._at_s) * self.per_s)
        self._at_s = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Guard:
    """Stands before the application.

    Parameters
    ----------
    app
        What is guarded.
    key
        None: none is asked for.
    rate
        Requests that are let in.
    names
        Names of hosts that may be spoken to; empty: any.
    refused
        Told why somebody was refused: key, host, rate.
    """

    def __init__(
        self,
        app: ASGIApp,
        key: AccessKey | None,
        rate: RateLimit,
        names: tuple[str, ...] = (),
        refused: Callable[[str], None] = lambda reason: None,
    ) -> None:
        self._app, self._key, self._rate, self._names, self._refused = app, key, rate, names, refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope["path"], headers)
        if refusal is None:
            await self._app(scope, receive, send)
            return
        status, reason, problem, more = refusal
        self._refused(reason)
        from starlette.responses import JSONResponse

        await JSONResponse({"errors": [problem]}, status, more)(scope, receive, send)

    def _refusal(self, path: str, headers: dict[str, str]) -> tuple[int, str, dict[str, str], dict[str, str]] | None:
        if not self._rate.allows():
            found = f"more than {self._rate.per_s:g} requests a second"
            return 429, "rate", told("", found, "send several seconds or blocks together"), {"Retry-After": "1"}
        if path in OPEN:
            return None
        if self._names and _name(headers.get("host", "")) not in self._names:
            cure = f"speak to {self._names[0]}, or start it with an API key"
            return 421, "host", told("Host", headers.get("host", "missing")[:60], cure), {}
        if self._key is not None and not self._key.opens(key_of(headers)):
            cure = "send Authorization: Bearer KEY, or X-API-Key: KEY"
            found = "wrong key" if key_of(headers) else "no key"
            return 401, "key", told("Authorization", found, cure), {"WWW-Authenticate": "Bearer"}
        return None


def told(place: str, found: str, cure: str) -> dict[str, str]:
    """Return what is wrong, as JSON has it.

    Parameters
    ----------
    place, found, cure
        As of `Problem`.
    """
    return {"place": place, "found": found, "cure": cure}


def _name(host: str) -> str:
    """Return the name in a Host header, without its port."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].lower()


def problems_told(problems: Any) -> dict[str, Any]:
    """Return problems of an InputError as a document."""
    return {"errors": [told(": ".join(part for part in (p.file, p.place) if part), p.found, p.cure) for p in problems]}
