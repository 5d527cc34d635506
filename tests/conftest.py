"""What all tests share: the cast of people, what is sent out, and a record that can be emptied in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.management.commands import flush
from django.db import connections
from django.test import Client
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from xdist.scheduler import LoadScopeScheduling

from apps.accounts.actor import Actor
from apps.accounts.models import Grant, User
from apps.accounts.permissions import Role
from apps.accounts.queries import actor_for
from apps.audit import triggers
from apps.hosts.models import Host
from tests.places import make_host

# How long one example takes says something of the machine, not of what is tested. Each run tries others.
hypothesis_settings.register_profile(
    "panel", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("panel")


# What waits most for browsers and processes: begun last, one worker would be at it long after the others.
SLOW_FIRST = (
    *("tests/faults/", "tests/e2e/", "tests/project/", "tests/contract/", "tests/web/"),
    "tests/hosts/agent/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the slow folders; within them the order stays as random as it was."""
    items.sort(key=lambda item: next((n for n, d in enumerate(SLOW_FIRST) if item.nodeid.startswith(d)), 9))


class ByFile(LoadScopeScheduling):
    """Gives each worker whole files; those of one folder share a panel, and so go to the same worker."""

    def _split_scope(self, nodeid: str) -> str:
        return "tests/e2e" if nodeid.startswith("tests/e2e/") else nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Share the run out by file."""
    return ByFile(config, log)


@pytest.fixture(scope="session", autouse=True)
def _record_can_be_emptied() -> Iterator[None]:
    """Take the append-only triggers away for as long as a transactional test's database is flushed."""
    flushed = flush.Command.handle

    def handle(self: flush.Command, **options: Any) -> None:
        connection = connections[options["database"]]
        triggers.remove(connection)
        try:
            flushed(self, **options)
        finally:
            triggers.install(connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush.Command, "handle", handle)
        yield


@dataclass(frozen=True, slots=True)
class Person:
    """Someone of the cast: an account, its actor, and a browser that is signed in."""

    user: User
    client: Client

    @property
    def actor(self) -> Actor:
        return actor_for(self.user, address="192.0.2.99", request_id="test")


def make_person(name: str, *roles: tuple[Role, Host | None]) -> Person:
    user = User.objects.create_user(name, password=password_of(name))
    for role, host in roles:
        Grant.objects.create(user=user, role=role, host=host)
    client = Client(REMOTE_ADDR="192.0.2.99")
    client.force_login(user, backend="apps.accounts.backends.GrantBackend")
    return Person(user, client)


def password_of(name: str) -> str:
    return f"{name} has a long password"


@pytest.fixture
def host(db: None) -> Host:
    """A host that is online, without a basejail."""
    return make_host("alpha")


@pytest.fixture
def other_host(db: None) -> Host:
    return make_host("omega", address="198.51.100.77")


@pytest.fixture
def owner(db: None) -> Person:
    """May do everything everywhere."""
    return make_person("owner", (Role.ADMIN, None))


@pytest.fixture
def operator(host: Host) -> Person:
    """May start and stop jails on `host`."""
    return make_person("operator", (Role.OPERATOR, host))


@pytest.fixture
def viewer(host: Host) -> Person:
    """May look at `host`."""
    return make_person("viewer", (Role.VIEWER, host))


@pytest.fixture
def outsider(other_host: Host) -> Person:
    """May do everything on another host."""
    return make_person("outsider", (Role.ADMIN, other_host))


@pytest.fixture
def nobody() -> Client:
    """Has not signed in."""
    return Client(REMOTE_ADDR="192.0.2.66")


@dataclass(slots=True)
class Sent:
    """What left the panel's process: Celery messages as (task, arguments …), events as "topic id"."""

    tasks: list[tuple[str, ...]] = field(default_factory=list)
    events: list[str] = field(default_factory=list)

    def publish(self, _channel: str, event: str) -> None:
        self.events.append(event)

    def send_task(self, task: str, *, args: tuple[str, ...], **_options: Any) -> None:
        self.tasks.append((task, *args))

    @property
    def topics(self) -> set[str]:
        return {event.partition(" ")[0] for event in self.events}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """Catch what would go to Redis."""
    caught = Sent()
    monkeypatch.setattr("jailpanel.celery.app.send_task", caught.send_task)
    monkeypatch.setattr("apps.jobs.events._client", lambda _url: caught)
    return caught
