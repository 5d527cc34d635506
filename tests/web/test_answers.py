"""What is answered to whom: pages or parts, errors, redirects, headers."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponseRedirect
from django.test import Client, RequestFactory
from django.utils.html import strip_tags

from apps.freebsd import errors
from apps.pages import htmx
from apps.web.errors import LOOKS
from apps.web.middleware import HtmxRedirectMiddleware
from tests.web import olivia

HTMX = {"HX-Request": "true"}


def asks(target):
    return {**HTMX, "HX-Target": target}


def test_the_policy_allows_our_own_files_and_data_images_only(visitor):
    policy = visitor.get("/jails/").headers["Content-Security-Policy"]

    assert "default-src 'self'" in policy
    assert "img-src 'self' data:" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_a_page_is_kept_out_of_caches_and_apart_from_its_parts(visitor):
    headers = visitor.get("/jails/").headers

    assert headers["Cache-Control"] == "private, no-store"
    assert "HX-Request" in headers["Vary"]
    assert "HX-Target" in headers["Vary"]


def test_htmx_gets_the_part_that_it_will_swap(visitor):
    part = visitor.get("/jails/?q=web", headers=asks("jail-list")).content.decode()

    assert part.lstrip().startswith('<div class="card" id="jail-list">')
    assert "<html" not in part


@pytest.mark.parametrize(
    "headers", [asks("unknown"), HTMX, {**asks("jail-list"), "HX-History-Restore-Request": "true"}]
)
def test_whoever_wants_something_else_gets_the_page(visitor, headers):
    assert "<html" in visitor.get("/jails/", headers=headers).content.decode()


def test_a_confirmation_is_a_page_or_a_dialog(visitor):
    page = visitor.get("/jails/web01/delete/").content.decode()
    dialog = visitor.get("/jails/web01/delete/", headers=asks("dialog")).content.decode()

    assert "<html" in page
    assert "<html" not in dialog
    for text in (page, dialog):
        assert "/usr/local/bin/ezjail-admin delete -w web01" in strip_tags(text)
        assert 'data-typed-name="web01"' in text


def test_a_wrong_name_is_said_beside_its_field_with_422(visitor):
    answer = visitor.post("/jails/web01/delete/", {"typed_name": "web02"}, headers=asks("confirm"))

    assert answer.status_code == 422
    assert "That is not the jail&#x27;s name." in answer.content.decode()


def test_a_form_with_errors_is_answered_with_422(visitor):
    assert visitor.post("/jails/new/", {"name": "-bad"}).status_code == 422


@pytest.mark.parametrize(
    ("kind", "status", "said"),
    [
        ("conflict", 409, "Another job holds fra1. It runs next."),
        ("unreachable", 503, "fra1 did not answer within 10 seconds."),
        ("invalid", 422, "10.0.0.2 is taken by web01."),
        ("forbidden", 403, "You may see web01, but starting it needs the operator role."),
    ],
)
class TestErrors:
    def test_a_page_says_it(self, visitor, kind, status, said):
        answer = visitor.get(f"/fail/{kind}/")

        assert answer.status_code == status
        assert said in answer.content.decode()
        assert "<html" in answer.content.decode()

    def test_htmx_gets_a_message_for_the_corner(self, visitor, kind, status, said):
        answer = visitor.post(f"/fail/{kind}/", headers=asks("jail-list"))

        assert answer.status_code == status
        assert said in answer.content.decode()
        assert "<html" not in answer.content.decode()
        assert answer.headers["HX-Retarget"] == "#toasts"
        assert answer.headers["HX-Reswap"] == "beforeend"


def test_every_error_of_the_panel_has_its_look():
    classes = {found for found in vars(errors).values() if isinstance(found, type)}
    kinds = {found for found in classes if issubclass(found, errors.PanelError)}

    assert kinds - set(LOOKS) == {errors.ConnectionLost}
    assert issubclass(errors.ConnectionLost, errors.HostUnreachable)


def test_whether_trying_again_may_help_is_said(visitor):
    assert "Trying again may help" in visitor.get("/fail/conflict/").content.decode()
    assert "Trying again may help" not in visitor.get("/fail/forbidden/").content.decode()


def test_a_bug_shows_a_page_without_its_text(visitor):
    answer = visitor.get("/fail/bug/")

    assert answer.status_code == 500
    assert "Something broke in the panel" in answer.content.decode()
    assert "not for the user" not in answer.content.decode()


def test_what_is_not_there_is_404_in_the_panel_s_look(visitor):
    answer = visitor.get("/nothing/")

    assert answer.status_code == 404
    assert "nothing that you may see" in answer.content.decode()


def test_a_stranger_s_404_shows_no_navigation(gallery, client, monkeypatch):
    monkeypatch.setattr(olivia, "who", AnonymousUser)
    text = client.get("/nothing/").content.decode()

    assert "nothing that you may see" in text
    assert "Sign out" not in text


def test_a_form_without_its_token_is_refused_in_plain_words(gallery):
    answer = Client(enforce_csrf_checks=True).post("/jails/new/", {"name": "x"})

    assert answer.status_code == 403
    assert "This page was open for too long" in answer.content.decode()


def test_a_redirect_for_htmx_is_one_for_the_browser(visitor):
    answer = visitor.post("/jails/web01/delete/", {"typed_name": "web01"}, headers=asks("confirm"))

    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == "/jails/"


def test_a_redirect_without_htmx_stays_one(visitor):
    answer = visitor.post("/jails/web01/delete/", {"typed_name": "web01"})

    assert (answer.status_code, answer.headers["Location"]) == (302, "/jails/")


def test_after_signing_in_one_is_back_on_the_page_not_on_its_fragment():
    request = RequestFactory().get(
        "/jobs/1/output/", headers={**HTMX, "HX-Current-URL": "http://testserver/jobs/1/?x=1"}
    )
    sign_in = HttpResponseRedirect("/account/sign-in/?next=/jobs/1/output/")
    sign_in.set_cookie("kept", "yes")

    answer = HtmxRedirectMiddleware(lambda _: sign_in)(request)

    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == "/account/sign-in/?next=%2Fjobs%2F1%2F%3Fx%3D1"
    assert answer.cookies["kept"].value == "yes"


@pytest.mark.parametrize("page", ["http://elsewhere.example/x/", "//elsewhere.example", "javascript:x", ""])
def test_a_foreign_page_is_no_place_to_come_back_to(page):
    request = RequestFactory().get("/jobs/1/output/", headers={**HTMX, "HX-Current-URL": page})

    answer = HtmxRedirectMiddleware(lambda _: HttpResponseRedirect("/account/sign-in/?next=/x/"))(request)

    assert answer.headers["HX-Redirect"] == "/account/sign-in/"


def test_only_one_module_knows_the_headers_of_htmx():
    module = Path(htmx.__file__)
    texts = {path: path.read_text() for path in module.parents[1].rglob("*.py")}

    assert {path for path, text in texts.items() if '"HX-' in text or "request.htmx" in text} == {module}
