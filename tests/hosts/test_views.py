"""Pages of hosts: the list, adding one by hand, comparing its key, taking it out."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from apps.freebsd.channel.keys import fingerprint
from apps.hosts.models import Host, HostGroup, HostState
from apps.jobs.models import Job
from tests.answers import commands, error_of, hidden, text, words
from tests.hosts.keys import FIRST, SECOND
from tests.jobs.conftest import make_job
from tests.places import FACTS, make_basejail, make_host, make_jail

WISH = {"name": "beta", "channel": "ssh", "address": "192.0.2.7", "port": "22", "user": "root"}


def listed(answer) -> list[str]:
    table = re.search(r"<tbody.*?</tbody>", text(answer), re.DOTALL)
    return re.findall(r'href="/hosts/[0-9a-f-]{36}/"[^>]*>([^<]+)</a>', table[0]) if table else []


# -- the list -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["alpha", "beta", "gamma"]),
        ("?sort=-name", ["gamma", "beta", "alpha"]),
        ("?sort=-jails", ["beta", "alpha", "gamma"]),
        ("?state=unreachable", ["beta"]),
        ("?q=GAMMA", ["gamma"]),
        ("?q=192.0.2.2", ["beta"]),
        ("?q=14.1", ["gamma"]),
        ("?q=nothing", []),
        ("?state=nonsense&sort=address", ["alpha", "beta", "gamma"]),
    ],
)
def test_the_list_is_searched_filtered_and_sorted_by_its_address(owner, query, names):
    make_jail(make_host("alpha", address="192.0.2.1"))
    beta = make_host("beta", address="192.0.2.2", state=HostState.UNREACHABLE)
    make_host("gamma", address="192.0.2.3", release="14.1-RELEASE")
    make_jail(beta)
    make_jail(beta, "web", addresses="lo0|10.0.0.3/24")
    assert listed(owner.client.get(f"/hosts/{query}")) == names


def test_the_list_is_narrowed_to_what_one_may_see(viewer, host, other_host):
    assert listed(viewer.client.get("/hosts/")) == ["alpha"]
    assert listed(viewer.client.get("/hosts/?q=omega")) == []


def test_an_empty_list_says_what_to_do(owner):
    answer = owner.client.get("/hosts/")
    assert "Add the first FreeBSD machine" in words(answer)
    assert reverse("hosts:host-add") in text(answer)


# -- adding -------------------------------------------------------------------------------------------


def test_a_new_host_may_be_in_a_group_from_the_start(owner):
    assert "In no group" not in owner.client.get("/hosts/add/").content.decode()
    group = HostGroup.objects.create(name="staging")
    assert "In no group" in owner.client.get("/hosts/add/").content.decode()
    owner.client.post("/hosts/add/", WISH | {"group": str(group.pk)})
    assert Host.objects.get(name=WISH["name"]).group == group
    assert owner.client.post("/hosts/add/", WISH | {"name": "x", "group": "99"}).status_code == 422


def test_a_new_host_leads_to_its_page_where_its_key_is_awaited(owner):
    answer = owner.client.post(reverse("hosts:host-add"), WISH)
    host = Host.objects.get()
    assert answer.headers["Location"] == host.get_absolute_url()
    page = owner.client.get(host.get_absolute_url())
    assert "The panel asks 192.0.2.7 for its host key" in words(page)


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"name": "a b"}, "id_name", "Use letters, digits, dots and dashes"),
        ({"address": "-oProxyCommand=id"}, "id_address", "neither a host name nor an IP address"),
        ({"address": ""}, "id_address", "Say where its SSH server is."),
        ({"port": "70000"}, "id_port", "less than or equal to 65535"),
        ({"user": "a;b"}, "id_user", "no FreeBSD user name"),
        ({"name": "alpha"}, "id_name", "Another host has this name."),
        ({"address": "192.0.2.1"}, "id_address", "Another host has this address and port."),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_the_rest_is_kept(owner, host, change, field, sentence):
    answer = owner.client.post(reverse("hosts:host-add"), WISH | change)
    assert answer.status_code == 422
    assert sentence in error_of(answer, field)
    kept = ({"name", "address", "port", "user"} - set(change)).pop()
    assert f'value="{WISH[kept]}"' in text(answer)
    assert Host.objects.count() == 1


# -- its key --------------------------------------------------------------------------------------------


@pytest.fixture
def unverified(db) -> Host:
    return make_host("beta", state=HostState.UNVERIFIED, host_key="", offered_key=FIRST, seen_at=None)


def test_the_fingerprint_is_shown_with_the_command_to_compare_it(owner, unverified):
    answer = owner.client.get(unverified.get_absolute_url())
    assert fingerprint(FIRST) in words(answer)
    assert commands(answer)[0] == "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"
    assert "Nothing was sent to beta yet" in words(answer)


def test_what_was_compared_is_what_is_pinned(owner, unverified):
    shown = hidden(owner.client.get(unverified.get_absolute_url()), "fingerprint")
    Host.objects.update(offered_key=SECOND)
    answer = owner.client.post(
        reverse("hosts:host-key-confirm", args=[unverified.pk]), {"fingerprint": shown}
    )
    assert answer.status_code == 409
    assert "another key by now" in words(answer)
    assert Host.objects.get().host_key == ""


def test_after_the_key_comes_the_one_line_that_installs_the_agent(owner, unverified):
    owner.client.post(
        reverse("hosts:host-key-confirm", args=[unverified.pk]), {"fingerprint": fingerprint(FIRST)}
    )
    answer = owner.client.get(unverified.get_absolute_url())
    (line,) = commands(answer)
    assert line.startswith("fetch -qo /var/db/jailpanel-install.sh http://testserver/agent/install.sh && ")
    assert line.endswith("sh /var/db/jailpanel-install.sh root")
    assert "pinned" in words(answer)


def test_a_changed_key_is_explained_in_plain_words_with_both_fingerprints(owner, host):
    Host.objects.update(state=HostState.KEY_CHANGED, host_key=FIRST, offered_key=SECOND)
    said = words(owner.client.get(host.get_absolute_url()))
    assert "Everything to this host is stopped" in said
    assert fingerprint(FIRST) in said
    assert fingerprint(SECOND) in said


def test_a_changed_key_stops_what_people_ask_for(owner, host):
    jail = make_jail(host, jid=4)
    Host.objects.update(state=HostState.KEY_CHANGED, offered_key=SECOND, state_reason="It shows another key.")
    answer = owner.client.post(reverse("jails:jail-stop", args=[host.pk, jail.safe_name]))
    assert answer.status_code == 409
    assert "It shows another key." in words(answer)
    assert owner.client.post(reverse("hosts:host-probe", args=[host.pk])).status_code == 409
    assert not Job.objects.exists()


def test_who_may_only_look_gets_no_buttons(viewer, host):
    Host.objects.update(state=HostState.KEY_CHANGED, offered_key=SECOND)
    page = text(viewer.client.get(host.get_absolute_url()))
    for name in ("host-key-confirm", "host-key-reject", "host-remove", "host-probe"):
        assert reverse(f"hosts:{name}", args=[host.pk]) not in page


# -- one host -------------------------------------------------------------------------------------------


def test_a_host_shows_its_facts_basejail_jails_and_jobs(owner, host):
    make_basejail(host)
    make_jail(host, "web", jid=4)
    make_job(host)
    left = FACTS["leftovers"] | {"roots": ["/usr/jails/old"]}
    Host.objects.update(facts=FACTS | {"leftovers": left, "problems": ["df could not be read."]})
    said = words(owner.client.get(host.get_absolute_url()))
    for part in (
        "13.2-RELEASE", "alpha.example", "8 GiB", "3.4.2", "web", "Work on it", "/usr/jails/old",
        "df could not be read.", "10.0.0.1/24",
    ):  # fmt: skip
        assert part in said, part


@pytest.mark.parametrize("state", set(HostState) - {HostState.ONLINE})
def test_a_host_that_is_away_says_when_what_is_shown_was_read(owner, state):
    host = make_host("alpha", state=state, offered_key=SECOND, state_reason="That is why.")
    make_jail(host, "web", jid=4)
    said = words(owner.client.get(host.get_absolute_url()))
    assert "Was running" in said
    assert "read just now" in said or "was last read" in said


@pytest.mark.parametrize("facts", [{}, {"interfaces": []}, FACTS | {"zpools": [], "ezjail": {}}])
def test_a_host_of_which_little_is_known_has_a_page(owner, facts):
    host = make_host("alpha", facts=facts)
    assert owner.client.get(host.get_absolute_url()).status_code == 200


def test_what_a_host_says_of_itself_is_text(owner, host):
    nasty = "<script>alert(1)</script>"
    facts = FACTS | {
        "hostname": nasty, "machine": nasty, "problems": [nasty], "flavours": [nasty],
        "interfaces": [{"name": nasty, "addresses": [nasty]}],
        "leftovers": FACTS["leftovers"] | {"roots": [nasty]},
    }  # fmt: skip
    Host.objects.update(facts=facts, release=nasty, state_reason=nasty, state=HostState.UNREADABLE)
    for url in ("/", "/hosts/", host.get_absolute_url()):
        assert nasty not in text(owner.client.get(url))


# -- taking it out ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["", "alph", "ALPHA"])
@pytest.mark.parametrize(
    "headers", [{}, {"HX-Request": "true", "HX-Target": "dialog"}], ids=["page", "dialog"]
)
def test_a_wrong_name_removes_nothing_and_is_told_at_the_field(owner, host, typed, headers):
    url = reverse("hosts:host-remove", args=[host.pk])
    answer = owner.client.post(url, {"typed_name": typed}, headers=headers)
    assert answer.status_code == 422
    assert error_of(answer, "id_typed_name") == "This is not the host's name."
    assert Host.objects.exists()


def test_a_host_with_an_open_job_stays_and_says_why(owner, host):
    make_job(host)
    answer = owner.client.post(reverse("hosts:host-remove", args=[host.pk]), {"typed_name": "alpha"})
    assert answer.status_code == 409
    assert "A job waits or runs on this host" in words(answer)
    assert Host.objects.exists()


def test_a_removed_host_is_gone_and_it_is_said_that_nothing_changed_on_it(owner, host):
    answer = owner.client.post(reverse("hosts:host-remove", args=[host.pk]), {"typed_name": "alpha"})
    assert answer.headers["Location"] == "/hosts/"
    assert "Nothing changed on the host" in words(owner.client.get("/hosts/"))
    assert not Host.objects.exists()
