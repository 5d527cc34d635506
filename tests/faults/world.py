"""A whole panel: Redis, two workers, beat, a database, hosts; and the jobs of a round."""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from tests.faults import programs
from tests.faults.databases import Database, Postgres, Sqlite
from tests.faults.farm import Farm

if TYPE_CHECKING:
    from apps.hosts.models import Host
    from apps.jobs.models import Job

SETTINGS = "tests.faults.settings"
JAILS = ("stopped", "doomed", "running", "spare")


@dataclass
class Wanted:
    """A job of a round, by its row's id."""

    job_id: object
    host: str
    title: str


@dataclass
class World:
    """Everything that one database's rounds run on. Made once; each round has jails of its own."""

    database: Database
    folder: Path
    broker: programs.Broker
    environment: dict[str, str]
    farm: Farm
    workers: list[programs.Program]
    beat: programs.Program
    web: programs.Program
    listener: socket.socket
    is_short: bool = False
    address: int = 1

    @property
    def programs(self) -> list[programs.Program]:
        return [*self.workers, self.beat, self.web]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    @property
    def password(self) -> str:
        accounts = json.loads((self.folder / "state" / "demo-accounts.json").read_text())
        return str(accounts["admin"])

    def hosts(self) -> list[Host]:
        from apps.hosts.models import Host

        return list(Host.objects.order_by("name"))


def build(kind: str, hosts: int) -> World:
    """Start everything. Django is set up in this process on the way, for this database."""
    folder = Path(tempfile.mkdtemp(prefix="jp-faults-"))
    state = folder / "state"
    state.mkdir()
    database = Postgres() if kind == "postgresql" else Sqlite(state)
    database.start()
    broker = programs.Broker(folder)
    broker.start()
    environment = _environment(state, database, broker)
    _set_django_up(environment)
    farm = Farm(folder / "farm", hosts)
    _fill(state, farm)
    listener = socket.create_server(("127.0.0.1", 0))
    workers = [programs.worker(number, environment, folder) for number in (1, 2)]
    beat, web = programs.beat(environment, folder), programs.web(listener, environment, folder)
    for program in (*workers, beat, web):
        program.start(wait=False)
    for worker in workers:
        worker.wait_ready()
    return World(database, folder, broker, environment, farm, workers, beat, web, listener)


def _environment(state: Path, database: Database, broker: programs.Broker) -> dict[str, str]:
    given = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "PORT"}}
    ours = {"JAILPANEL_VAR": str(state), "REDIS_URL": broker.url, "DJANGO_SETTINGS_MODULE": SETTINGS}
    return {**given, **ours, **({"DATABASE_URL": database.url} if database.url else {})}


def _set_django_up(environment: dict[str, str]) -> None:
    import django
    from django.core.management import call_command

    os.environ.pop("DATABASE_URL", None)
    os.environ.update(environment)
    django.setup()
    call_command("migrate", verbosity=0)


def _fill(state: Path, farm: Farm) -> None:
    """Add the hosts as a person would, at their wires' ports, with the panel's key let in."""
    from apps.accounts.demo import demo_accounts_ensure
    from apps.hosts.demo import DemoHost, demo_hosts_ensure
    from apps.hosts.panel_key import public_key_line

    demo_accounts_ensure(state / "demo-accounts.json")
    for name in farm.names:
        farm.host(name).authorize(public_key_line())
    entries = [farm.entry(name) for name in farm.names]
    demo_hosts_ensure(
        [
            DemoHost(str(e["name"]), "127.0.0.1", farm.wires[str(e["name"])].port, "root", str(e["host_key"]))
            for e in entries
        ]
    )


def prepare_jails(world: World, number: int) -> None:
    """Have jails on each host: one not to run at boot, one to delete, one that runs, and one to spare."""
    for name in world.farm.names:
        # What the round before left of its limits is not this one's.
        world.farm.on_wire(world.farm.wires[name].cut_after([]))
        for part in ("stopped", "spare") if world.is_short else JAILS:
            world.address += 1
            where = f"10.{world.address >> 16 & 255}.{world.address >> 8 & 255}.{world.address & 255}"
            world.farm.prompt(name, f"ezjail-admin create {part}{number} 'lo0|{where}/32'")
        world.farm.prompt(name, f"ezjail-admin config -r norun stopped{number}")
        if not world.is_short:
            world.farm.prompt(name, f"ezjail-admin onestart running{number}")
    for host in world.hosts():
        _look(host)


def _look(host: Host) -> None:
    """Probe a host; a connection that was just cut may be noticed only now."""
    from apps.freebsd.errors import HostUnreachable
    from apps.hosts.probe import probe_host

    for _ in range(3):
        with suppress(HostUnreachable):
            probe_host(host.pk)
            return
    probe_host(host.pk)


def forget_jails(world: World, number: int) -> None:
    """Take away what is left of a round's jails, whatever became of them."""
    for name in world.farm.names:
        world.farm.run(world.farm.host(name).clear_faults())
        for part in (*JAILS, "new"):
            jail = f"{part}{number}"
            with suppress(AssertionError):
                world.farm.prompt(name, f"ezjail-admin config -r run {jail}")
            with suppress(AssertionError):
                world.farm.prompt(name, f"ezjail-admin delete -wf {jail}")


def ask(world: World, number: int, rng: Random) -> list[Wanted]:
    """Ask for four jobs on each host (two, in short), six commands together, in an order of chance."""
    from apps.accounts.models import User
    from apps.accounts.queries import actor_for

    actor = actor_for(User.objects.get(username="admin"), address="192.0.2.9", request_id="faults")
    found = []
    for host in world.hosts():
        makers = [_start, _create] if world.is_short else [_start, _create, _delete, _restart]
        rng.shuffle(makers)
        for make in makers:
            job = make(actor, host, number, world)
            found.append(Wanted(job.pk, host.name, job.title))
    return found


def _jail(host: Host, name: str):
    from apps.jails.models import Jail

    return Jail.objects.get(host=host, name=name)


def _start(actor, host: Host, number: int, _world: World) -> Job:
    from apps.jails import services

    jail = _jail(host, f"stopped{number}")
    return services.jail_start_request(actor=actor, jail=jail, agreed=services.Agreed())


def _restart(actor, host: Host, number: int, _world: World) -> Job:
    from apps.jails import services

    jail = _jail(host, f"running{number}")
    return services.jail_restart_request(actor=actor, jail=jail, agreed=services.Agreed())


def _delete(actor, host: Host, number: int, _world: World) -> Job:
    from apps.jails import services

    jail = _jail(host, f"doomed{number}")
    return services.jail_delete_request(
        actor=actor, jail=jail, wipe=True, typed_name=jail.name, agreed=services.Agreed()
    )


def _create(actor, host: Host, number: int, world: World) -> Job:
    from apps.freebsd.values import JailAddresses, JailName
    from apps.jails import services

    world.address += 1
    where = f"10.{world.address >> 16 & 255}.{world.address >> 8 & 255}.{world.address & 255}"
    wanted = services.NewJail(JailName.parse(f"new{number}"), JailAddresses.parse(f"lo0|{where}/32"))
    return services.jail_create_request(actor=actor, host=host, wanted=wanted, agreed=services.Agreed())


def end(world: World) -> None:
    """Stop everything by the ids of its processes, and leave nothing behind."""
    from django.db import connections

    programs.finish()
    with suppress(Exception):
        connections.close_all()
    for program in (world.web, world.beat, *world.workers, world.broker):
        program.kill()
    world.listener.close()
    world.farm.end()
    world.database.stop()
    if not os.environ.get("FAULTS_KEEP"):
        shutil.rmtree(world.folder, ignore_errors=True)
