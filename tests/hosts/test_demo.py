from __future__ import annotations

import json
import stat

import asyncssh
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from apps.accounts.models import Grant, User
from apps.audit.models import AuditEvent
from apps.freebsd.channel.keys import public_line
from apps.hosts.models import Host, HostState

pytestmark = pytest.mark.django_db


@pytest.fixture
def state(tmp_path, settings):
    settings.STATE_DIR = tmp_path
    (tmp_path / "simulator").mkdir()
    return tmp_path


@pytest.fixture(scope="module")
def host_key():
    return public_line(asyncssh.generate_private_key("ssh-ed25519"))


@pytest.fixture
def listed(state, host_key):
    def write(**ports):
        hosts = [
            {
                "name": name,
                "address": "127.0.0.1",
                "port": port,
                "user": "root",
                "host_key": host_key,
                "control": "",
            }
            for name, port in ports.items()
        ]
        (state / "simulator" / "hosts.json").write_text(json.dumps(hosts))

    return write


def test_accounts_and_hosts_are_made(state, listed, host_key):
    listed(alpha=2201, beta=2202)
    call_command("demo_seed")
    assert {(grant.user.username, grant.role) for grant in Grant.objects.select_related("user")} == {
        ("admin", "admin"),
        ("operator", "operator"),
        ("viewer", "viewer"),
    }
    for host in Host.objects.all():
        assert host.host_key == host_key
        assert host.state == HostState.UNREACHABLE
        assert host.may_be_contacted
    assert set(Host.objects.values_list("name", "port")) == {("alpha", 2201), ("beta", 2202)}


def test_it_leaves_a_record_like_anyone(listed):
    listed(alpha=2201)
    call_command("demo_seed")
    actions = list(AuditEvent.objects.values_list("action", flat=True))
    assert actions.count("account.created") == 3
    assert "host.added" in actions
    assert "host.key_confirmed" in actions


def test_the_passwords_are_for_the_owner_only_and_stay(state, listed):
    listed(alpha=2201)
    call_command("demo_seed")
    path = state / "demo-accounts.json"
    first = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    call_command("demo_seed")
    assert path.read_text() == first
    for name, password in json.loads(first).items():
        assert User.objects.get(username=name).check_password(password)
    assert len(set(json.loads(first).values())) == 3


def test_lost_passwords_are_made_anew(state, listed):
    listed(alpha=2201)
    call_command("demo_seed")
    (state / "demo-accounts.json").unlink()
    call_command("demo_seed")
    for name, password in json.loads((state / "demo-accounts.json").read_text()).items():
        assert User.objects.get(username=name).check_password(password)
    assert User.objects.count() == 3


def test_hosts_may_swap_their_ports(listed):
    listed(alpha=2201, beta=2202)
    call_command("demo_seed")
    listed(alpha=2202, beta=2201)
    call_command("demo_seed")
    assert set(Host.objects.values_list("name", "port")) == {("alpha", 2202), ("beta", 2201)}
    assert set(Host.objects.values_list("address", flat=True)) == {"127.0.0.1"}


def test_a_changed_key_is_not_pinned_over(listed, state, host_key):
    listed(alpha=2201)
    call_command("demo_seed")
    other = public_line(asyncssh.generate_private_key("ssh-ed25519"))
    text = (state / "simulator" / "hosts.json").read_text().replace(host_key, other)
    (state / "simulator" / "hosts.json").write_text(text)
    call_command("demo_seed")
    assert Host.objects.get().host_key == host_key


def test_without_the_simulator_it_says_so(state):
    with pytest.raises(CommandError, match=r"The simulator has not said where its hosts are"):
        call_command("demo_seed")
