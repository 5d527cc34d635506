"""The page behind the one-time link, and allauth's pages as far as the panel leaves them open."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.urls import reverse

from apps.accounts.models import User
from apps.audit.models import AuditEvent
from tests.accounts.test_services import PASSWORD, make_token
from tests.conftest import make_person, password_of

WISH = {"username": "ada", "password": PASSWORD, "again": PASSWORD}


@pytest.fixture(autouse=True)
def _no_earlier_attempts():
    cache.clear()


@pytest.fixture
def link(db) -> str:
    return reverse("accounts:setup-link", args=[make_token()])


@pytest.fixture
def setup_url(link, nobody) -> str:
    """The form's address, in the browser that opened the link."""
    return nobody.get(link).headers["Location"]


def test_the_token_leaves_the_address_before_the_form_is_shown(link, nobody):
    assert nobody.get(link).headers["Location"] == "/setup/"


def test_the_form_is_not_there_for_a_browser_that_did_not_open_the_link(link, nobody):
    assert nobody.get("/setup/").status_code == 404
    assert nobody.post("/setup/", WISH).status_code == 404


def test_the_link_shows_a_form_and_uses_nothing_up(link, setup_url, nobody):
    for _ in range(2):
        answer = nobody.get(link, follow=True)
        assert answer.status_code == 200
        assert "no-store" in answer["Cache-Control"]
    assert nobody.post(setup_url, WISH).status_code == 302


def test_posting_it_makes_the_administrator_and_signs_in(setup_url, nobody):
    assert nobody.post(setup_url, WISH).headers["Location"] == "/"
    assert nobody.get("/").status_code == 200
    actions = AuditEvent.objects.order_by("sequence").values_list("action", flat=True)
    assert list(actions) == ["account.created", "session.started"]


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"again": "another long password"}, "again", "The two passwords differ."),
        ({"password": "short", "again": "short"}, "password", "at least 12 characters"),
        ({"username": "a b"}, "username", "Enter a valid username"),
        ({"username": ""}, "username", "required"),
        ({"username": "a\0b"}, "username", "Null characters"),
        ({"password": ""}, "password", "required"),
        (dict.fromkeys(WISH, ""), "password", "required"),
    ],
)
def test_what_is_wrong_stands_next_to_its_field(setup_url, nobody, change, field, words):
    answer = nobody.post(setup_url, WISH | change)
    assert answer.status_code == 422
    assert any(words in error for error in answer.context["form"].errors[field])
    assert not User.objects.exists()


def test_an_empty_post_is_answered_as_one(setup_url, nobody):
    assert nobody.post(setup_url, {}).status_code == 422


def test_passwords_are_not_sent_back(setup_url, nobody):
    answer = nobody.post(setup_url, WISH | {"username": "a b"})
    assert PASSWORD not in answer.content.decode()


def test_a_used_or_made_up_link_is_not_there(link, setup_url, nobody):
    nobody.post(setup_url, WISH)
    for url in (link, setup_url, reverse("accounts:setup-link", args=["x" * 43])):
        assert nobody.get(url).status_code == 404
    assert nobody.post(setup_url, WISH).status_code == 404


def test_nobody_makes_their_own_account(db, nobody):
    url = reverse("account_signup")
    assert "Accounts of this panel are made by its administrators" in nobody.get(url).content.decode()
    data = {"username": "eve", "password1": PASSWORD, "password2": PASSWORD}
    assert nobody.post(url, data).status_code == 200
    assert not User.objects.exists()


def test_signing_in_leads_to_the_page_that_was_asked_for(host, nobody):
    make_person("ada")
    answer = nobody.get("/hosts/?q=x")
    assert answer.headers["Location"] == "/account/sign-in/?next=/hosts/%3Fq%3Dx"
    data = {"login": "ada", "password": password_of("ada")}
    assert nobody.post(answer.headers["Location"], data).headers["Location"] == "/hosts/?q=x"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_signing_in_never_leads_elsewhere(db, nobody, target):
    make_person("ada")
    data = {"login": "ada", "password": password_of("ada"), "next": target}
    assert nobody.post(reverse("account_login"), data).headers["Location"] == "/"


def test_guessing_a_password_is_stopped_even_when_the_last_guess_is_right(db, nobody):
    make_person("ada")
    url = reverse("account_login")
    for _ in range(5):
        nobody.post(url, {"login": "ada", "password": "a wrong guess"})
    answer = nobody.post(url, {"login": "ada", "password": password_of("ada")})
    assert answer.status_code == 200
    assert "Too many failed login attempts" in answer.content.decode()
    assert nobody.get("/").status_code == 302


def test_guessing_from_one_address_is_stopped_whatever_the_name(db, nobody):
    url = reverse("account_login")
    answers = [nobody.post(url, {"login": f"user{n}", "password": "a wrong guess"}) for n in range(12)]
    assert "Too many failed login attempts" in answers[-1].content.decode()


def test_a_disabled_account_does_not_get_in(db, nobody):
    User.objects.filter(pk=make_person("ada").user.pk).update(is_active=False)
    nobody.post(reverse("account_login"), {"login": "ada", "password": password_of("ada")})
    assert nobody.get("/").status_code == 302


def test_a_session_ends_when_the_account_is_disabled(owner):
    assert owner.client.get("/").status_code == 200
    User.objects.filter(pk=owner.user.pk).update(is_active=False)
    assert owner.client.get("/").status_code == 302


def test_a_new_password_ends_the_persons_other_sessions(owner, nobody):
    nobody.force_login(owner.user, backend="apps.accounts.backends.GrantBackend")
    new = "quite another long password"
    data = {"oldpassword": password_of("owner"), "password1": new, "password2": new}
    assert owner.client.post(reverse("account_change_password"), data).status_code == 302
    assert nobody.get("/").status_code == 302
