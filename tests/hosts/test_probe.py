"""Looking at a host: what it says is stored whole or not at all, and nothing is concluded from half of it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from apps.freebsd.channel import Answer
from apps.freebsd.errors import (
    AccessRefused,
    AgentMissing,
    ConnectionLost,
    HostKeyChanged,
    HostUnreachable,
    PanelError,
    ParseError,
)
from apps.hosts import observers, probe
from apps.hosts.models import Host, HostState
from apps.hosts.probe import probe_host
from apps.jails.models import Jail
from tests.freebsd.probes import jail_file, out, whole_probe
from tests.hosts.keys import FIRST, SECOND
from tests.places import make_basejail, make_host, make_jail

SYSCTL = whole_probe()["sysctl"].text


def kernel(**values: str):
    """Return the section of sysctl with other values."""
    lines = [line.partition("=") for line in SYSCTL.splitlines()]
    said = {name: value for name, _, value in lines} | {
        key.replace("__", "."): value for key, value in values.items()
    }
    return out("".join(f"{name}={value}\n" for name, value in said.items()))


@pytest.fixture
def told(monkeypatch):
    """What observers of probes were told, in place of the panel's own observers."""
    calls = []

    def observe(host, facts) -> bool:
        calls.append((host, facts))
        return False

    monkeypatch.setattr(observers, "_observers", [observe])
    return calls


def test_what_the_host_says_is_stored(host, fake_host, row):
    began = timezone.now()
    Host.objects.update(state=HostState.UNREACHABLE, state_reason="It does not answer.", facts={}, release="")
    facts = probe_host(host.pk)
    stored = row()
    assert facts.hostname == stored.facts["hostname"] == "fbsd13"
    assert (stored.state, stored.state_reason, stored.release) == (HostState.ONLINE, "", "13.2-RELEASE")
    assert began <= stored.seen_at < stored.tried_at <= timezone.now()
    assert stored.boot_at == datetime(2026, 11, 24, 2, 5, 58, tzinfo=UTC)


def test_the_facts_are_plain_values_that_pages_can_show(host, fake_host, row):
    probe_host(host.pk)
    facts = row().facts
    (loopback,) = [item for item in facts["interfaces"] if item["name"] == "lo0"]
    assert "127.0.0.1/8" in loopback["addresses"]
    assert facts["ezjail"]["installed"] is True
    assert facts["ezjail"]["settings"]["jaildir"] == "/usr/jails"
    assert facts["flavours"] == ["example"]
    assert facts["memory_bytes"] == 3200798720
    assert "jails" not in facts
    assert "running" not in facts
    json.dumps(facts)


def test_jails_and_the_basejail_are_stored_by_their_room(host, fake_host, row):
    probe_host(host.pk)
    assert list(Jail.objects.order_by("name").values_list("name", "jid")) == [
        ("six", 3),
        ("test", 1),
        ("two.example", 2),
    ]
    assert row().basejail.is_complete


FAILURES = [
    (HostUnreachable("Nobody there."), HostState.UNREACHABLE),
    (ConnectionLost("The line was lost."), HostState.UNREACHABLE),
    (AccessRefused("Our key is refused."), HostState.REFUSED),
    (AgentMissing("No agent."), HostState.AGENT_MISSING),
    (ParseError("Not understood."), HostState.UNREADABLE),
    (HostKeyChanged("Another key.", SECOND), HostState.KEY_CHANGED),
    (PanelError("Something new."), HostState.UNREADABLE),
]


@pytest.mark.parametrize(("error", "state"), FAILURES, ids=[type(error).__name__ for error, _ in FAILURES])
def test_a_host_that_cannot_be_looked_at_says_why_and_keeps_what_was_seen(host, fake_host, row, error, state):
    make_basejail(host)
    make_jail(host, jid=4)
    seen = row()
    fake_host.refusals["facts"] = error
    with pytest.raises(type(error)):
        probe_host(host.pk)
    now = row()
    assert (now.state, now.state_reason) == (state, error.message)
    assert now.tried_at > seen.tried_at
    assert (now.seen_at, now.release, now.facts) == (seen.seen_at, seen.release, seen.facts)
    assert now.offered_key == (SECOND if state == HostState.KEY_CHANGED else "")
    assert list(Jail.objects.values_list("name", "jid")) == [("test", 4)]


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.9, 0.999])
def test_a_probe_that_was_cut_short_changes_no_jail(host, fake_host, row, cut):
    probe_host(host.pk)
    before = list(Jail.objects.order_by("pk").values())
    fake_host.facts = fake_host.facts[: int(len(fake_host.facts) * cut)]
    with pytest.raises(ParseError):
        probe_host(host.pk)
    assert row().state == HostState.UNREADABLE
    assert list(Jail.objects.order_by("pk").values()) == before


@pytest.mark.parametrize(
    "section", ["jails", "jail__files", "jail__roots", "interfaces", "basejail", "ezjail__settings", "sysctl"]
)
def test_a_tool_that_failed_does_not_mean_that_there_is_nothing(host, fake_host, row, section):
    probe_host(host.pk)
    before = list(Jail.objects.order_by("pk").values())
    broken = {section: out("", 1, "Input/output error")}
    if section == "jails":
        broken["jailsv"] = broken["jails"]
    fake_host.says(**broken)
    with pytest.raises(ParseError):
        probe_host(host.pk)
    assert row().state == HostState.UNREADABLE
    assert list(Jail.objects.order_by("pk").values()) == before


def test_an_agent_that_refuses_to_be_asked_is_not_understood(host, fake_host, row):
    fake_host.refusals["facts"] = Answer(64, b"", b"jailpanel-agent: what?\n")
    with pytest.raises(PanelError):
        probe_host(host.pk)
    assert row().state == HostState.UNREADABLE
    assert "what?" in row().state_reason


def test_observers_are_told_what_was_seen_and_when(host, fake_host, told, row):
    facts = probe_host(host.pk)
    ((about, seen),) = told
    assert (about.pk, about.state, about.seen_at) == (host.pk, HostState.ONLINE, row().seen_at)
    assert seen == facts


@pytest.mark.django_db(transaction=True)
def test_an_observer_that_fails_takes_the_whole_probe_back(fake_host, monkeypatch, sent):
    def fails(_host, _facts) -> bool:
        make_jail(Host.objects.get(), "half")
        raise ZeroDivisionError

    host = make_host("alpha", state=HostState.UNREACHABLE)
    monkeypatch.setattr(observers, "_observers", [fails])
    with pytest.raises(ZeroDivisionError):
        probe_host(host.pk)
    assert Host.objects.get().state == HostState.UNREACHABLE
    assert not Jail.objects.exists()
    assert sent.events == []


def test_no_observer_is_told_of_half_a_probe(host, fake_host, told):
    fake_host.facts = fake_host.facts[:-10]
    with pytest.raises(ParseError):
        probe_host(host.pk)
    assert told == []


def probed(host, capture) -> None:
    with capture(execute=True):
        probe_host(host.pk)


def test_a_first_probe_is_told_to_open_pages(host, fake_host, sent, django_capture_on_commit_callbacks):
    probed(host, django_capture_on_commit_callbacks)
    assert sent.topics == {"hosts", "jails", f"host:{host.pk}"}


def test_a_probe_in_which_nothing_changed_is_not(host, fake_host, sent, django_capture_on_commit_callbacks):
    probed(host, django_capture_on_commit_callbacks)
    sent.events.clear()
    fake_host.says(now=out("1795486999\n"), sysctl=kernel(vm__loadavg="{ 3.00 2.00 1.00 }"))
    probed(host, django_capture_on_commit_callbacks)
    assert sent.events == []


@pytest.mark.parametrize(
    "changed",
    [
        {"sysctl": kernel(hw__ncpu="4")},
        {"uname": out("FreeBSD 13.3-RELEASE amd64\n")},
        {"jails": out('{"jail-information": {"jail": []}}')},
        {"_file_six": out(jail_file("six", "six", "lo1|10.0.0.77/24"))},
        {"basejail__release": out('USERLAND_VERSION="13.2-RELEASE-p3"\n')},
        {"ezjail__enable": out("NO\n")},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_whatever_people_see_is_told_when_it_changed(
    host, fake_host, sent, django_capture_on_commit_callbacks, changed
):
    probed(host, django_capture_on_commit_callbacks)
    sent.events.clear()
    fake_host.says(**changed)
    probed(host, django_capture_on_commit_callbacks)
    assert "jails" in sent.topics


def test_going_away_and_coming_back_are_told_once_each(
    host, fake_host, sent, django_capture_on_commit_callbacks
):
    probed(host, django_capture_on_commit_callbacks)
    told = []
    for error in (HostUnreachable("Gone."), HostUnreachable("Gone."), None):
        sent.events.clear()
        fake_host.refusals = {"facts": error} if error else {}
        with django_capture_on_commit_callbacks(execute=True):
            if error:
                with pytest.raises(HostUnreachable):
                    probe_host(host.pk)
            else:
                probe_host(host.pk)
        told.append(bool(sent.events))
    assert told == [True, False, True]


# -- the host's key -----------------------------------------------------------------------------------


@pytest.fixture
def meanwhile(monkeypatch):
    """Have something happen to the host's row between the look and its storing."""

    def change(**values) -> None:
        looked = probe.look

        def look(host):
            try:
                return looked(host)
            finally:
                Host.objects.filter(pk=host.pk).update(**values)

        monkeypatch.setattr(probe, "look", look)

    return change


@pytest.mark.parametrize(
    "change",
    [
        {"state": HostState.KEY_CHANGED, "offered_key": SECOND, "state_reason": "Another key."},
        {"host_key": SECOND, "state": HostState.UNREACHABLE, "state_reason": "It has not been looked at."},
    ],
    ids=["found changed", "accepted"],
)
def test_what_was_said_under_a_key_that_changed_while_looking_is_not_stored(
    host, fake_host, row, meanwhile, change
):
    meanwhile(**change)
    with pytest.raises(HostUnreachable, match="key changed while"):
        probe_host(host.pk)
    stored = row()
    assert {name: getattr(stored, name) for name in change} == change
    assert stored.release == host.release
    assert not Jail.objects.exists()


@pytest.mark.parametrize("error", [HostUnreachable("Nobody there."), HostKeyChanged("Another key.", FIRST)])
def test_a_changed_key_is_not_overwritten_by_what_failed_meanwhile(host, fake_host, row, meanwhile, error):
    change = {"state": HostState.KEY_CHANGED, "offered_key": SECOND, "state_reason": "Another key."}
    meanwhile(**change)
    fake_host.refusals["facts"] = error
    with pytest.raises(type(error)):
        probe_host(host.pk)
    stored = row()
    assert {name: getattr(stored, name) for name in change} == change


@pytest.mark.parametrize("state", [HostState.NEW, HostState.UNVERIFIED])
def test_a_host_whose_key_nobody_confirmed_stays_as_it_is(host, row, state):
    """A message that came late asks for a look; the real way to the host refuses."""
    Host.objects.update(host_key="", offered_key=FIRST, state=state, state_reason="")
    with pytest.raises(HostUnreachable, match="confirmed"):
        probe_host(host.pk)
    assert (row().state, row().offered_key) == (state, FIRST)


# -- hosts that say what cannot be stored ---------------------------------------------------------------

HUGE = "9" * 30
HOSTILE = {
    "a NUL in a name": {"sysctl": kernel(kern__hostname="evil\0name")},
    "a release without end": {"uname": out(f"FreeBSD {'13.2-RELEASE' * 20} amd64\n")},
    "a jail ID without end": {
        "jails": out(whole_probe()["jails"].text.replace('"jid":"1"', f'"jid":"{HUGE}"'))
    },
    "a root without end": {
        "_file_six": out(
            jail_file("six", "six", "lo1|10.0.0.7/24").replace("/usr/jails/six", "/" + "x" * 5000)
        )
    },
    "a name without end": {"_file_six": out(jail_file("x" * 4000, "six", "lo1|10.0.0.7/24"))},
    "an address without end": {"_file_six": out(jail_file("six", "six", "lo1|" + "1" * 4000))},
    "a memory without end": {"sysctl": kernel(hw__physmem=HUGE)},
    "a flavour with a NUL": {"flavours": out("a\0b\n")},
    "no time at all": {"sysctl": kernel(kern__boottime=f"{{ sec = {HUGE}, usec = 0 }}")},
    "a digit that is none": {"sysctl": kernel(hw__ncpu="²")},
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_host_that_says_what_cannot_be_stored_is_not_understood_or_cut_to_size(host, fake_host, row, what):
    """What must not happen is another error, which would leave a job's end to nobody."""
    fake_host.says(**HOSTILE[what])
    try:
        probe_host(host.pk)
    except ParseError:
        assert row().state == HostState.UNREADABLE
        assert not Jail.objects.exists()
    else:
        assert row().state == HostState.ONLINE
        assert Jail.objects.count() == 3


def test_a_look_that_takes_too_long_is_given_up(host, fake_host, row, monkeypatch):
    monkeypatch.setattr(probe, "PROBE_TIMEOUT_S", 0.05)

    async def never(*_words, **_options):
        await asyncio.Event().wait()

    fake_host.request = never
    with pytest.raises(HostUnreachable, match="has not finished answering"):
        probe_host(host.pk)
    assert row().state == HostState.UNREACHABLE


# -- two looks at once ----------------------------------------------------------------------------------


@pytest.fixture
def overtaken(monkeypatch):
    """Have something happen between the first look's answer and its storing."""

    def by(happens) -> None:
        looked = probe.look

        def look(host):
            monkeypatch.setattr(probe, "look", looked)
            try:
                return looked(host)
            finally:
                happens()

        monkeypatch.setattr(probe, "look", look)

    return by


def test_a_look_that_was_overtaken_by_a_later_one_does_not_bring_back_what_was(
    host, fake_host, row, overtaken
):
    """The clock's look began before a jail was stopped; the look after the job was stored first."""

    def stopped_and_looked_at_again() -> None:
        fake_host.says(jails=out('{"jail-information": {"jail": []}}'))
        probe_host(host.pk)

    overtaken(stopped_and_looked_at_again)
    probe_host(host.pk)
    assert set(Jail.objects.values_list("jid", flat=True)) == {None}


def test_a_look_that_failed_late_does_not_take_a_host_away_that_was_seen_since(
    host, fake_host, row, overtaken
):
    fake_host.refusals["facts"] = HostUnreachable("Nobody there.")

    def came_back() -> None:
        fake_host.refusals.clear()
        probe_host(host.pk)

    overtaken(came_back)
    with pytest.raises(HostUnreachable):
        probe_host(host.pk)
    assert (row().state, row().state_reason) == (HostState.ONLINE, "")


def test_what_is_shown_is_as_old_as_the_beginning_of_the_look(host, fake_host, row, monkeypatch):
    looked, ended = probe.look, []

    def look(host):
        facts = looked(host)
        ended.append(timezone.now())
        return facts

    monkeypatch.setattr(probe, "look", look)
    probe_host(host.pk)
    assert row().seen_at < ended[0] < row().tried_at


def test_a_changed_key_counts_however_late_it_is_told(host, fake_host, row, overtaken):
    fake_host.refusals["facts"] = HostKeyChanged("Another key.", SECOND)

    def seen_since() -> None:
        fake_host.refusals.clear()
        probe_host(host.pk)

    overtaken(seen_since)
    with pytest.raises(HostKeyChanged):
        probe_host(host.pk)
    assert (row().state, row().offered_key) == (HostState.KEY_CHANGED, SECOND)


def test_a_clock_that_was_set_back_does_not_end_all_looking(host, fake_host, row):
    Host.objects.update(seen_at=timezone.now() + timedelta(days=1), facts={})
    probe_host(host.pk)
    assert row().facts["hostname"] == "fbsd13"
    assert row().seen_at <= timezone.now()
