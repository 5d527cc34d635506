"""`manage.py drift` and `manage.py import_host`: what they print, and their exit status."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from apps.audit.models import AuditEvent
from apps.freebsd.errors import HostUnreachable
from apps.hosts.models import Host, HostState
from apps.hosts.probe import keep
from apps.jails.models import Jail
from apps.jobs.models import Job
from tests.freebsd.probes import out
from tests.jails.conftest import facts
from tests.jails.drift.conftest import SIX, drifts, jail
from tests.jails.drift.test_drift_seen import FILE_GONE

FIB = SIX.replace('fib=""', 'fib="1"')


@pytest.fixture(autouse=True)
def _is_root(monkeypatch):
    monkeypatch.setattr("os.getuid", lambda: 0)


def run(*words: str) -> tuple[int, str]:
    printed, status = io.StringIO(), 0
    try:
        call_command(*words, stdout=printed, stderr=printed, no_color=True)
    except SystemExit as end:
        status = int(end.code or 0)
    return status, printed.getvalue()


@pytest.fixture
def drifted(host, look) -> None:
    Host.objects.filter(pk=host.pk).update(state=HostState.ONLINE)
    look()
    look(_file_six=out(FIB))


def test_nothing_differs_is_status_0(look):
    look()
    assert run("drift") == (0, "Every jail is as it is wanted.\n")


def test_what_differs_is_listed_with_status_1(host, drifted):
    status, printed = run("drift", "--host", host.name)
    assert status == 1
    line = printed.splitlines()[1]
    assert line.split()[:2] == [host.name, "six"]
    assert line.endswith("  fib: nothing is wanted, 1 was seen")


def test_another_host_has_none(drifted, other_host):
    assert run("drift", "--host", other_host.name)[0] == 0


@pytest.mark.parametrize("words", [("--host", "no"), ("--apply", "no"), ("--adopt", "no")])
def test_what_is_not_there_is_an_error(drifted, words):
    with pytest.raises(CommandError, match="There is no"):
        run("drift", *words)


def test_a_name_on_two_hosts_needs_its_host(look, drifted, other_host):
    look(on=other_host)
    with pytest.raises(CommandError, match="--host"):
        run("drift", "--adopt", "six")
    with pytest.raises(CommandError, match="nothing to adopt"):
        run("drift", "--adopt", "six", "--host", other_host.name)


def test_apply_shows_the_steps_and_asks(drifted, monkeypatch):
    answers = iter(["n", "y"])
    monkeypatch.setattr("builtins.input", lambda _question: next(answers))
    status, printed = run("drift", "--apply", "six")
    assert status == 1
    assert '- export jail_six_fib="1"\n' in printed
    assert '+ export jail_six_fib=""\n' in printed
    assert not Job.objects.exists()
    assert run("drift", "--apply", "six")[0] == 0
    assert Job.objects.get().kind == "jails.apply_wanted"


def test_apply_with_yes_does_not_ask(drifted):
    status, printed = run("drift", "--apply", "six", "--yes")
    assert (status, "manage.py jobs follow" in printed) == (0, True)


def test_adopt_agrees_as_the_system_user(drifted):
    status, printed = run("drift", "--adopt", "six")
    assert (status, printed) == (0, f"six on {jail().host.name} is wanted as it is: fib.\n")
    assert AuditEvent.objects.get().actor_name == "root (command line)"
    assert drifts() == {}


def test_adopting_a_missing_jail_forgets_it(look):
    look()
    look(**FILE_GONE)
    assert "is forgotten" in run("drift", "--adopt", "six")[1]
    assert not Jail.objects.filter(safe_name="six").exists()


def test_importing_says_what_was_taken_over_and_what_is_odd(host, monkeypatch):
    odd = SIX + 'export jail_six_mine="a"\n' + 'export jail_six_consolelog="/var/log/$X"\n'
    _probe_gives(monkeypatch, lambda: facts(_file_six=out(odd), _file_test=out(SIX[:90])))
    status, printed = run("import_host", host.name)
    assert status == 0
    assert printed.startswith(f"{host.name}: 3 jails, 3 of them taken over now.\n  + six ")
    assert "cut short" in printed
    assert '        export jail_six_mine="a"\n' in printed
    assert "What consolelog is, only the shell knows" in printed
    assert "3 jails, 0 of them taken over now." in run("import_host", host.name)[1]


def test_importing_names_what_is_missing(host, monkeypatch):
    _probe_gives(monkeypatch, facts)
    run("import_host", host.name)
    _probe_gives(monkeypatch, lambda: facts(**FILE_GONE))
    assert "! six: ezjail has no file for it any more" in run("import_host", host.name)[1]


def test_a_host_that_is_away_is_an_error(host, monkeypatch):
    def away():
        raise HostUnreachable("It does not answer.")

    _probe_gives(monkeypatch, away)
    with pytest.raises(CommandError, match="does not answer"):
        run("import_host", host.name)


def _probe_gives(monkeypatch, read) -> None:
    def probe(host_id):
        return keep(Host.objects.get(pk=host_id), timezone.now(), read)

    monkeypatch.setattr("apps.jails.drift.command_line.probe_host", probe)
