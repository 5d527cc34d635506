"""The database away, or the disk full: people get a sentence, and the log what happened."""

from __future__ import annotations

import errno
import os

import pytest
from django.db import DataError, InterfaceError, OperationalError
from django.http import HttpResponse
from django.urls import path

from apps.web.trouble import AWAY, FULL, look_of
from tests.web.test_answers import asks

RAISED: list[Exception] = []


def fail(_request):
    raise RAISED[0]


def fine(_request):
    return HttpResponse("fine")


urlpatterns = [path("fail/", fail), path("account/login/", fine, name="account_login")]
handler500 = "apps.web.errors.server_error"

CASES = [
    (OperationalError("connection is bad: no such file or directory"), AWAY),
    (OperationalError("database is locked"), AWAY),
    (InterfaceError("connection already closed"), AWAY),
    (OperationalError("database or disk is full"), FULL),
    (OperationalError("disk I/O error"), FULL),
    (OperationalError('could not extend file "base/5/16397": No space left on device'), FULL),
    (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), FULL),
    (OSError(errno.ENOENT, os.strerror(errno.ENOENT)), None),
    (DataError("value too long"), None),
    (RuntimeError("database or disk is full"), None),
    (None, None),
]


@pytest.mark.parametrize(("error", "look"), CASES)
def test_trouble_is_told_from_bugs(error, look):
    assert look_of(error) == look


def test_trouble_is_seen_behind_what_wrapped_it():
    outer = RuntimeError("while rendering")
    outer.__cause__ = OperationalError("database or disk is full")

    assert look_of(outer) == FULL


@pytest.fixture
def visitor(client, settings, monkeypatch):
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = []
    client.raise_request_exception = False
    monkeypatch.setattr(f"{__name__}.RAISED", [OperationalError("connection to 10.0.0.1 failed")])
    return client


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (OperationalError("connection to 10.0.0.1 failed"), 503, "database does not answer"),
        (OperationalError("database or disk is full"), 507, "machine is full"),
    ],
)
def test_a_page_says_it_without_details(visitor, monkeypatch, error, status, said):
    monkeypatch.setattr(f"{__name__}.RAISED", [error])

    answer = visitor.get("/fail/")

    assert answer.status_code == status
    assert said in answer.content.decode()
    assert str(error) not in answer.content.decode()
    assert "Traceback" not in answer.content.decode()


def test_htmx_gets_a_message_for_the_corner(visitor):
    answer = visitor.post("/fail/", headers=asks("jail-list"))

    assert answer.status_code == 503
    assert "Nothing was stored" in answer.content.decode()
    assert "<html" not in answer.content.decode()
    assert answer.headers["HX-Retarget"] == "#toasts"
