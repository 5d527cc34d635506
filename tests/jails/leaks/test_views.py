"""The leak guard's pages: found whoever made the jail, mended in one look, and asked once what listens."""

from __future__ import annotations

import pytest
from django.urls import reverse

from apps.freebsd.channel.agent import Agent
from apps.jails.models import Jail
from tests.answers import commands, hidden, text, words
from tests.fakehost import FakeHost
from tests.freebsd.probes import out
from tests.jails.settings.posts import captured_file
from tests.places import make_jail

LEAKS = "/jails/leaks/"
PORTS = (
    "0 nginx 730 3 tcp4 *:80 *:*\n0 sshd 731 3 tcp4 203.0.113.5:22 *:*\n"
    "0 db 732 3 tcp4 10.0.0.7:5432 *:*\n0 six 733 3 tcp6 *:443 *:*\n"
)


@pytest.fixture
def leaky(host) -> Jail:
    """A jail that was seen with a public address first."""
    file = captured_file("web").replace("lo0|10.0.0.2/24", "re0|203.0.113.5/32")
    return make_jail(host, "web", jid=4, addresses="re0|203.0.113.5/32", config_text=file)


@pytest.fixture
def there(leaky, monkeypatch) -> FakeHost:
    fake = FakeHost()
    fake.inside = {"processes": out(""), "ports": out(PORTS), "users": out("{}")}
    monkeypatch.setattr("apps.jails.inside.looking.agent_of", lambda _host: Agent(fake))
    return fake


def url(name: str, jail: Jail) -> str:
    return reverse(f"jails:{name}", args=[jail.host_id, jail.safe_name])


def test_the_list_names_each_jail_that_leaks_and_no_other(viewer, leaky):
    make_jail(leaky.host, "quiet")
    page = words(viewer.client.get(LEAKS))
    assert "127.0.0.1 is 203.0.113.5" in page
    assert "quiet" not in page
    assert "web" not in words(viewer.client.get(LEAKS, {"running": "no"}))


def test_nobody_sees_leaks_of_hosts_that_they_do_not_see(outsider, leaky):
    assert "No jail leaks" in words(outsider.client.get(LEAKS))


def test_the_jails_own_page_and_the_list_of_jails_say_so(viewer, leaky):
    assert "Inside, 127.0.0.1 means 203.0.113.5, which is public" in words(
        viewer.client.get(url("jail-detail", leaky))
    )
    assert "Leak guard 1" in words(viewer.client.get("/jails/"))


def test_mending_shows_its_plan_at_once(owner, leaky):
    address = f"{url('jail-settings', leaky)}?private=first"
    shown = owner.client.get(address)
    assert shown.status_code == 200
    assert 'value="10.0.0.2"' in text(shown)
    assert "lo0|10.0.0.2/24,re0|203.0.113.5/32" in words(shown)
    assert [one.split()[-2:] for one in commands(shown) if "ezjail-admin" in one] == [
        ["onestop", "web"],
        ["onestart", "web"],
    ]
    assert hidden(shown, "plan_hash")


def test_one_who_may_not_change_it_sees_why(viewer, leaky):
    page = text(viewer.client.get(LEAKS))
    assert "private=first" not in page
    assert 'title="' in page
    assert "203.0.113.5" in text(viewer.client.get(f"{url('jail-settings', leaky)}?private=first"))


def test_a_look_names_what_is_open_to_the_world_in_one_round_trip(operator, leaky, there):
    page = words(operator.client.get(url("leak-look", leaky)))
    assert "nginx listens on *:80, so also on 203.0.113.5: open to the world." in page
    assert "sshd listens on 203.0.113.5:22: open to the world." in page
    assert "db listens" not in page
    assert "six listens" not in page
    assert len(there.requests) == 1
    inside = words(operator.client.get(url("jail-inside", leaky), {"show": "now"}))
    assert "nginx listens on *:80, so also on 203.0.113.5: open to the world." in inside
