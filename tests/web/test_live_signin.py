"""Whose stream it is, and that it ends with their session."""

from __future__ import annotations

import httpx
import pytest

from apps.web.live import route, signin
from jailpanel.asgi import application
from tests.services import serving


@pytest.fixture
def closed(monkeypatch):
    """Note that the thread gives its database connection back, and keep the test's own."""
    calls = []
    monkeypatch.setattr(signin.connections, "close_all", lambda: calls.append("closed"))
    return calls


@pytest.fixture
def cookies(client, person, closed):
    client.force_login(person, backend="apps.accounts.backends.GrantBackend")
    return f"theme=x; sessionid={client.cookies['sessionid'].value}"


def test_a_session_names_its_user(cookies, person, closed):
    assert signin._user_of(cookies) == person.pk
    assert closed == ["closed"]


@pytest.mark.parametrize("cookies", ["", "sessionid=", "sessionid=made-up", "other=1", "sessionid=\x00"])
def test_what_is_no_session_names_nobody(db, closed, cookies):
    assert signin._user_of(cookies) is None


def test_a_disabled_account_is_nobody(cookies, person):
    person.is_active = False
    person.save(update_fields=["is_active"])

    assert signin._user_of(cookies) is None


def test_after_signing_out_it_is_nobody(cookies, client):
    client.logout()

    assert signin._user_of(cookies) is None


def test_a_changed_password_ends_the_session(cookies, person):
    person.set_password("another long one")
    person.save(update_fields=["password"])

    assert signin._user_of(cookies) is None


def test_a_stream_ends_when_its_session_has(redis_server, monkeypatch):
    answers = [1, 1, None]

    async def user_of(cookies):
        return answers.pop(0) if answers else None

    monkeypatch.setattr(route, "user_of", user_of)
    monkeypatch.setattr(route, "RECHECK_S", 0.02)
    with (
        serving(application) as url,
        httpx.stream(
            "GET", f"{url}/live/?topic=jails", headers={"cookie": "sessionid=x"}, timeout=5
        ) as answer,
    ):
        # A stream that goes on would run into the time-out.
        assert b"retry" in b"".join(answer.iter_bytes())

    assert answers == []
