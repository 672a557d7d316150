"""Who may open the pages that this machine serves: whoever knows their address.

The address holds a secret, which a cookie keeps from then on. Pages of other sites,
and names of this machine that others made up, are refused.
"""

import hmac
import html
import ipaddress
import json
import secrets
import socket
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from autocnn.errors import RequestError

LOOPBACK = "127.0.0.1"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN = "token"  # noqa: S105 - its name in the address
HEADERS = {
    "Referrer-Policy": "same-origin",  # or the address were told to other sites
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
}
"""Every answer has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a browser asks for, and what it says of itself."""

    method: str
    path: str
    query: str
    host: str
    """The name by which it knows us, as it stands in its address."""
    origin: str | None
    """Whose page asks; browsers say it of all that could change something."""
    cookies: str
    accepts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is said instead of what was asked for."""

    status: int
    kind: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Lets through who knows the token; without `write`, only what reads."""

    port: int
    host: str = LOOPBACK
    command: str
    """What has printed the address, and takes --write."""
    write: bool = False
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    @property
    def address(self) -> str:
        """What to open; who has it may come in."""
        place = authority(shown_host(self.host), self.port)
        return f"http://{place}/?{TOKEN}={self.token}"

    def judge(self, asked: Asked) -> Answer | None:
        """Refuse, or let a browser in that brings the token; None: let it through."""
        name = _name(asked.host)
        if not self._is_ours(name):
            return _refuse(asked, f"'{name}' is not a name of this machine")
        if asked.origin is not None and not _same(asked.origin, asked.host):
            return _refuse(asked, "the page of another site asks for this")
        given = parse_qs(asked.query).get(TOKEN, [""])[-1]
        if given and asked.method == "GET" and self._knows(given):
            return self._welcome(asked)
        if not self._knows(_cookie(asked.cookies, self._cookie_name)):
            return _refuse(
                asked, f"open the whole address that {self.command} has printed"
            )
        if asked.method not in READING and not self.write:
            return _refuse(
                asked,
                f"nothing can be changed here: {self.command} --write allows it",
            )
        return None

    @property
    def _cookie_name(self) -> str:
        # Cookies are shared by all ports of a machine.
        return f"autocnn-{self.port}"

    def _knows(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), self.token.encode())

    def _is_ours(self, name: str) -> bool:
        """An address, or a name that no other's name server can have made up."""
        known = {"localhost", self.host.lower(), socket.gethostname().lower()}
        return name in known or _is_address(name)

    def _welcome(self, asked: Asked) -> Answer:
        """Hand the cookie out and go to the page, whose address tells nothing.

        The page goes there itself: a redirection that began on another site would not
        bring the cookie along.
        """
        rest = {
            key: values
            for key, values in parse_qs(asked.query, keep_blank_values=True).items()
            if key != TOKEN
        }
        query = f"?{urlencode(rest, doseq=True)}" if rest else ""
        # Never the beginning of another site's address.
        place = "/" + quote(asked.path.lstrip("/\\")) + query
        body = (
            f'<!doctype html><meta charset="utf-8"><title>autocnn</title>'
            f'<meta http-equiv="refresh" content="0;url={html.escape(place)}">'
            f'<a href="{html.escape(place)}">go on</a>'
        )
        cookie = f"{self._cookie_name}={self.token}; Path=/; HttpOnly; SameSite=Strict"
        return Answer(
            status=200,
            kind="text/html; charset=utf-8",
            body=body.encode(),
            headers={"Set-Cookie": cookie, "Cache-Control": "no-store"},
        )


def warning(host: str, port: int, *, changes: str) -> str:
    """Say what it means to listen on more than this machine; nothing if it does not.

    `changes`: what else a stranger could do.
    """
    if is_loopback(host):
        return ""
    return (
        f"it listens on {host}, beyond this machine: whoever learns the address sees "
        f"the studies{changes}, and it travels unencrypted; instead, from the other "
        f"machine: ssh -L {port}:{LOOPBACK}:{port} {socket.gethostname()}"
    )


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches what listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def free_port(host: str, port: int) -> int:
    """Make sure that a port can be listened on; 0 finds one; RequestError if not."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError as error:
            raise unusable(port, error) from None
        found: int = tried.getsockname()[1]
        return found


def unusable(port: int, error: OSError) -> RequestError:
    """Say that a port cannot be listened on, and what to do."""
    return RequestError(
        f"port {port} cannot be used: {error.strerror}",
        hint="choose another with --port, or 0 for any free one",
    )


def shown_host(host: str) -> str:
    """Name the machine so that a browser finds it: no browser opens 0.0.0.0."""
    try:
        every = ipaddress.ip_address(host).is_unspecified
    except ValueError:
        every = False
    return socket.gethostname() if every else host


def authority(host: str, port: int) -> str:
    """Write host and port as an address has them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _refuse(asked: Asked, sentence: str) -> Answer:
    """Say it to a person as a page, to a program as optuna-dashboard says it."""
    if "text/html" in asked.accepts:
        text = html.escape(f"autocnn: {sentence}.")
        page = f'<!doctype html><meta charset="utf-8"><title>autocnn</title><p>{text}'
        kind, body = "text/html; charset=utf-8", page
    else:
        kind, body = "application/json", json.dumps({"reason": sentence})
    return Answer(
        status=403, kind=kind, body=body.encode(), headers={"Cache-Control": "no-store"}
    )


def _name(host: str) -> str:
    """Take the port off: it is another one at the near end of a tunnel."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _same(origin: str, host: str) -> bool:
    scheme, _, place = origin.partition("://")
    return scheme in {"http", "https"} and place.lower() == host.lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _cookie(text: str, name: str) -> str:
    try:
        found = SimpleCookie(text).get(name)
    except CookieError:
        return ""
    return found.value if found else ""
