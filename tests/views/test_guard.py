"""Who may come in: only who has the address, from our own pages, to read."""

import dataclasses
import json
import socket
from http.cookies import SimpleCookie

import pytest

from autocnn.views.guard import Asked, Guard, is_loopback, warning

KNOCK = Asked(
    method="GET",
    path="/dashboard",
    query="",
    host="127.0.0.1:8080",
    origin=None,
    cookies="",
    accepts="application/json",
)


@pytest.fixture
def guard():
    return Guard(port=8080, command="autocnn dashboard")


def asked(guard, **changes) -> Asked:
    """Ask as a browser that has been let in."""
    cookies = f"other=1; autocnn-8080={guard.token}"
    return dataclasses.replace(KNOCK, **{"cookies": cookies, **changes})


def test_the_address_lets_a_browser_in_and_the_cookie_keeps_it_in(guard):
    query = guard.address.partition("?")[2]
    answer = guard.judge(dataclasses.replace(KNOCK, query=f"a=1&{query}"))
    assert answer.status == 200
    assert b'content="0;url=/dashboard?a=1"' in answer.body
    assert guard.token.encode() not in answer.body
    (cookie,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert (cookie.value, cookie["path"]) == (guard.token, "/")
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert guard.judge(asked(guard)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"cookies": ""},
        {"cookies": "autocnn-8080=guess"},
        {"cookies": "autocnn-8081={token}"},
        {"cookies": "autocnn-8080={token}x"},
        {"cookies": "", "query": "token="},
        {"cookies": "", "query": "token=é"},
        {"cookies": "", "query": "token={token}", "method": "POST"},
    ],
)
def test_nobody_comes_in_without_the_secret(guard, changes):
    told = {
        name: text.replace("{token}", guard.token) for name, text in changes.items()
    }
    answer = guard.judge(asked(guard, **told))
    assert answer.status == 403
    assert guard.token.encode() not in answer.body


def test_every_guard_has_a_secret_of_its_own_and_does_not_tell_it(guard):
    other = Guard(port=8080, command="autocnn dashboard")
    assert guard.token != other.token
    assert len(guard.token) >= 32
    assert guard.token not in repr(guard)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "", "[", "::"],
)
def test_a_name_that_another_has_made_up_is_refused(guard, host):
    """DNS rebinding: the page of evil.example asks evil.example, which now is us."""
    assert guard.judge(asked(guard, host=host)).status == 403


@pytest.mark.parametrize(
    "host", ["localhost:8080", "127.0.0.1:9999", "[::1]:8080", "192.168.1.2:8080"]
)
def test_addresses_and_the_ends_of_tunnels_are_welcome(guard, host):
    assert guard.judge(asked(guard, host=host)) is None
    own = asked(guard, host=host, origin=f"http://{host}")
    assert guard.judge(own) is None


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "file://"]
)
def test_pages_of_other_sites_are_refused(guard, method, origin):
    writing = dataclasses.replace(guard, write=True)
    answer = writing.judge(asked(guard, method=method, origin=origin))
    assert answer.status == 403
    assert "another site" in json.loads(answer.body)["reason"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
def test_nothing_is_changed_unless_asked(guard, method):
    answer = guard.judge(asked(guard, method=method))
    assert answer.status == 403
    assert "autocnn dashboard --write" in json.loads(answer.body)["reason"]
    page = guard.judge(asked(guard, method=method, accepts="text/html,*/*"))
    assert page.kind.startswith("text/html")
    writing = dataclasses.replace(guard, write=True)
    assert writing.judge(asked(guard, method=method)) is None


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_changes_nothing(guard, method):
    assert guard.judge(asked(guard, method=method)) is None


def test_the_way_in_leads_to_our_own_pages_only(guard):
    query = f"token={guard.token}"
    for path in ("//evil.example/x", "/\\evil.example", '/"><script>'):
        body = guard.judge(dataclasses.replace(KNOCK, path=path, query=query)).body
        assert b"url=//" not in body
        assert b"url=/\\" not in body
        assert b"<script>" not in body


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_what_only_this_machine_reaches_needs_no_warning(host):
    assert is_loopback(host)
    assert warning(host, 8080, changes="") == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org", ""])
def test_what_listening_elsewhere_means_is_said(host):
    said = warning(host, 8080, changes=", and can change and delete them")
    assert "beyond this machine" in said
    assert "unencrypted" in said
    assert "ssh -L 8080:127.0.0.1:8080" in said
    assert "change and delete" in said


def test_the_address_is_one_that_a_browser_can_open():
    def address(host: str) -> str:
        return Guard(port=80, host=host, command="x").address.partition("/?")[0]

    assert address("127.0.0.1") == "http://127.0.0.1:80"
    assert address("::1") == "http://[::1]:80"
    assert address("0.0.0.0") == f"http://{socket.gethostname()}:80"
