"""Every list takes as many queries for many rows as for few, and no page is larger than 200 KB."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.accounts.actor import PANEL
from apps.accounts.models import User
from apps.audit.services import Subject, record
from apps.hosts.models import Host, HostGroup
from apps.jails.bulk import BulkAgreed, bulk_request
from apps.jails.changes import CHANGES
from apps.jails.models import Archive, Drift, Jail, JailAddress, JailPreset, KeptJail, Snapshot
from apps.jails.plans import restart_plan
from apps.jails.services import Agreed
from apps.jobs.batch_rules import Pace
from apps.jobs.lease import claim
from apps.jobs.models import ApprovalPolicy, Batch, Job, JobState
from apps.jobs.output import store_output
from apps.jobs.services import Because, job_create
from apps.network.models import FirewallTable, NatInstance, PortForward, RuleSet
from apps.schedules.models import Schedule
from apps.updates.models import ReleaseUpdate
from tests.conftest import Person
from tests.jails.settings.posts import captured_file
from tests.jobs.conftest import make_job
from tests.network.interfaces.places import furnish as see_network
from tests.network.pools.places import keep, make_pool, see
from tests.network.rulesets.places import furnish, make_rule_set
from tests.places import FACTS, make_basejail, make_host, make_jail
from tests.schedules.conftest import bare_schedule

MOST_BYTES = 200_000
STATES = list(JobState)
NOT_RUNNING = [state for state in STATES if state != JobState.RUNNING]


def hosts(count: int) -> str:
    for number in range(count):
        host = make_host(f"host{number:03}", address=f"198.51.100.{number + 1}")
        make_basejail(host, complete=bool(number % 2))
        jail = make_jail(host, jid=number + 1 if number % 2 else None)
        make_job(host, subject=jail.safe_name)
    return "/hosts/"


def dashboard(count: int) -> str:
    hosts(count)
    for number, job in enumerate(Job.objects.all()):
        Job.objects.filter(pk=job.pk).update(state=STATES[number % len(STATES)])
    return "/"


def jails(count: int) -> str:
    host = make_host(f"alpha{count}")
    fill(host, count)
    for number in range(0, count, 3):
        make_job(host, subject=f"jail{number:04}")
    return "/jails/"


def drift(count: int) -> str:
    jails(count)
    for jail in Jail.objects.all():
        values = {"wanted": "yes", "observed": "no", "first_seen_at": timezone.now()}
        Drift.objects.bulk_create(Drift(jail=jail, field=field, **values) for field in ("running", "fib"))
    return "/drift/"


def leaks(count: int) -> str:
    jails(count)
    JailAddress.objects.filter(position=0).update(address="203.0.113.5")
    return "/jails/leaks/"


def one_host(count: int) -> str:
    jails(count)
    host = Host.objects.get()
    make_basejail(host)
    return host.get_absolute_url()


def host_ezjail(count: int) -> str:
    return f"{one_host(count)}ezjail/"


def host_ezjail_setup(count: int) -> str:
    return f"{one_host(count)}ezjail/setup/"


def half_made(count: int) -> str:
    """A host on which much is half made, most of it by jobs."""
    host = make_host("alpha")
    make_basejail(host, complete=False)
    roots = [f"/usr/jails/gone{number}" for number in range(count)]
    left = FACTS["leftovers"] | {"roots": roots, "unmarked": [f"jail{number}" for number in range(count)]}
    host.facts = FACTS | {"leftovers": left, "basejail": {"present": True, "missing": ["basejail/bin/sh"]}}
    host.save()
    for number in range(count):
        address = f"lo0|10.0.0.{number + 2}/24"
        make_jail(host, f"jail{number}", addresses=address, jid=number + 1, root_exists=bool(number % 2))
        job = make_job(host, subject=f"gone{number}")
        Job.objects.filter(pk=job.pk).update(kind="jails.create", state=JobState.LOST)
    return host.get_absolute_url()


def basejail_with_stale_jails(count: int) -> str:
    """A basejail that was patched while all of its jails ran."""
    host = make_host("alpha")
    make_basejail(host)
    fill(host, count)
    job = make_job(host)
    jids = dict(Jail.objects.filter(jid__isnull=False).values_list("safe_name", "jid"))
    intent, now = {"way": "patch", "was": "13.2-RELEASE-p1", "jids": jids}, timezone.now()
    values = {"kind": "jails.basejail_update", "state": JobState.SUCCEEDED, "intent": intent, "ended_at": now}
    Job.objects.filter(pk=job.pk).update(**values)
    return reverse("jails:basejail", args=[host.pk])


def what_a_job_left(count: int) -> str:
    half_made(count)
    return Job.objects.get(subject="gone0").get_absolute_url()


def one_jail(count: int) -> str:
    host = make_host("alpha")
    jail = make_jail(host, "web", addresses=",".join(f"lo0|10.0.0.{n + 2}/24" for n in range(count)))
    for _ in range(count):
        make_job(host, subject="web")
    return jail.get_absolute_url()


def archived_jail(count: int) -> Jail:
    """A jail with archives and snapshots; every other archive is of another jail."""
    host, sizes = make_host("alpha"), dict.fromkeys(("used_bytes", "refer_bytes", "written_bytes"), 1)
    host.facts = FACTS | {"datasets": [{"name": "tank/web", "mountpoint": "/usr/jails/web"} | sizes]}
    host.save()
    seen = {"host": host, "made_at": timezone.now(), "observed_at": timezone.now()}
    for number in range(count):
        safe = f"jail{number:04}" if number % 2 else "web"
        Archive.objects.create(file_name=f"{number}.tgz", safe_name=safe, size_bytes=1, **seen)
        Snapshot.objects.create(dataset="tank/web", name=f"s{number}", **seen)
    fill(host, count)
    return make_jail(host, "web", addresses="lo0|10.9.9.9/24")


def archives(count: int) -> str:
    return f"/hosts/{archived_jail(count).host_id}/archives/"


def kept_jails(count: int) -> str:
    host, now = make_host("alpha"), timezone.now()
    for number in range(count):
        times = {"deleted_at": now, "keep_until": now}
        KeptJail.objects.create(host=host, name="web", place=str(number), is_dataset=False, **times)
    return f"/hosts/{host.pk}/kept/"


def archives_of_jail(count: int) -> str:
    return f"{archived_jail(count).get_absolute_url()}archives/"


def flavours(count: int) -> str:
    """A host with many flavours, a jail for each."""
    names = [f"flavour{number:03}" for number in range(count)]
    files = [
        {"flavour": name, "path": "etc/rc.conf", "kind": "-", "mode": "rw-r--r--", "size_bytes": 9}
        for name in names
    ]
    host = make_host("alpha", facts=FACTS | {"flavours": names, "flavour_files": files})
    for number, name in enumerate(names):
        make_jail(host, f"jail{number}", addresses=f"lo0|10.0.0.{number + 2}/24", flavour=name)
    return f"/hosts/{host.pk}/flavours/"


def one_flavour(count: int) -> str:
    return f"{flavours(count).removesuffix('flavours/')}flavour/flavour000/"


def jobs(count: int) -> str:
    for number in range(count):
        make_job(make_host(f"host{number:03}", address=f"198.51.100.{number + 1}"))
    return "/jobs/"


def job_bar(count: int) -> str:
    """Jobs in every state, of batches and of none, on as many hosts."""
    batches = [Batch.objects.create(title="Restart", idempotency_key=str(number)) for number in range(count)]
    for number, batch in enumerate(batches):
        host = make_host(f"host{number:03}", address=f"198.51.100.{number + 1}")
        for state in STATES:
            alone, one_of = make_job(host), make_job(host)
            in_state = {"state": state, "ended_at": timezone.now()}
            Job.objects.filter(pk=alone.pk).update(**in_state)
            if state != JobState.RUNNING:
                Job.objects.filter(pk=one_of.pk).update(batch=batch, **in_state)
    return "/jobs/bar/"


def one_job(count: int) -> str:
    job = make_job(make_host("alpha"), *[(f"/bin/step{number}",) for number in range(count)])
    lease = claim(job.host_id)
    for _ in range(count):
        store_output(lease, job.steps.get(position=0), b"a line of output\n")
    return job.get_absolute_url()


def approval(count: int) -> str:
    for number in range(count):
        group = HostGroup.objects.create(name=f"group{number:03}")
        ApprovalPolicy.objects.create(group=group)
        make_job(make_host(f"host{number:03}", address=f"198.51.100.{number + 1}", group=group))
    return "/approval/"


def batch_approval(count: int) -> str:
    """Jobs as they come, of three commands each."""
    ApprovalPolicy.objects.create()
    host = make_host("alpha")
    batch = Batch.objects.create(title="Restart", idempotency_key=str(count))
    for position in range(count):
        plan = restart_plan(make_jail(host, f"jail-number-{position:04}", runs_at_boot=False))
        job_create(
            actor=PANEL, host_id=host.pk, plan=plan, subject="", intent={}, because=Because(batch, position)
        )
    return f"/approval/batch/{batch.pk}/"


def presets(count: int) -> str:
    for number in range(count):
        group = HostGroup.objects.create(name=f"group{number:03}")
        make_host(f"host{number:03}", address=f"198.51.100.{number + 1}", group=group)
        JailPreset.objects.create(name="Web", group=group, choices={"flavour": "web", "clean_stop": True})
    return "/jails/presets/"


def groups(count: int) -> str:
    approval(count)
    return "/hosts/groups/"


def batch_of(host: Host, count: int, key: str) -> Batch:
    """Make a batch with a job for each of a host's jails."""
    fill(host, count + 1)  # the first does not run
    ids = host.jails.values_list("pk", flat=True)
    wish = BulkAgreed(Agreed("", key), Pace(stop_after=0), without=True)
    return bulk_request(actor=PANEL, change=CHANGES["stop"], jail_ids=ids, agreed=wish)


def one_batch(count: int) -> str:
    batch = batch_of(make_host("alpha"), count, "wish")
    for number, job in enumerate(batch.jobs.all()):
        Job.objects.filter(pk=job.pk).update(state=NOT_RUNNING[number % len(NOT_RUNNING)])
    return batch.get_absolute_url()


def batches(count: int) -> str:
    for number in range(count):
        batch_of(make_host(f"host{number:03}", address=f"198.51.100.{number + 1}"), 2, f"wish{number}")
    return "/jobs/batches/"


def jobs_of_batches(count: int) -> str:
    batches(count)
    return "/jobs/"


def before_many(count: int) -> str:
    for number in range(count):
        fill(make_host(f"host{number:03}", address=f"198.51.100.{number + 1}"), 3)
    return "/jails/bulk/stop/?all=jails"


def events(count: int) -> str:
    host = make_host("alpha")
    for number in range(count):
        subject = Subject("jail", f"jail{number}", f"jail{number}", host.pk)
        with transaction.atomic():
            record(actor=PANEL, action="jail.create_requested", subject=subject, number=number)
    return "/record/"


def fill(host: Host, count: int) -> None:
    """Give a host many jails with two addresses each, quickly."""
    now = timezone.now()
    names = [f"jail{number:04}" for number in range(count)]
    made = Jail.objects.bulk_create(
        Jail(
            host=host,
            name=name,
            safe_name=name,
            jid=number or None,
            root=f"/usr/jails/{name}",
            observed_at=now,
        )
        for number, name in enumerate(names)
    )
    JailAddress.objects.bulk_create(
        JailAddress(
            jail=jail,
            position=position,
            interface="lo0",
            address=f"10.{position}.{n // 250}.{n % 250}",
            prefix=24,
        )
        for n, jail in enumerate(made)
        for position in range(2)
    )


def schedules(count: int) -> str:
    user = User.objects.get(username="owner")
    host = make_host("alpha")
    for number in range(count):
        schedule = bare_schedule(user, host, f"schedule {number:03}")
        job = make_job(host)
        Schedule.objects.filter(pk=schedule.pk).update(last_state="ran", last_job=job)
    return "/schedules/"


def host_with_schedules(count: int) -> str:
    schedules(count)
    ReleaseUpdate.objects.create(release="13.2-RELEASE", arch="amd64", patch=11, tried_at=timezone.now())
    return Host.objects.get().get_absolute_url()


def settings_of_one(count: int) -> str:
    host = make_host("alpha")
    fill(host, count)
    Jail.objects.filter(name="jail0000").update(config_text=captured_file("jail0000"))
    return f"/hosts/{host.pk}/jails/jail0000/settings/"


def where_to(count: int) -> str:
    settings = {"jaildir": "/usr/jails", "archivedir": "/usr/jails/ezjail_archives"}
    facts = FACTS | {"ezjail": FACTS["ezjail"] | {"settings": settings}}
    host = make_host("alpha", facts=facts)
    fill(host, 1)
    for number in range(count):
        make_basejail(make_host(f"host{number:03}", address=f"198.51.100.{number + 1}", facts=facts))
    return f"/hosts/{host.pk}/jails/jail0000/move/"


def nat(count: int) -> str:
    host = make_host("alpha")
    RuleSet.objects.create(name="alpha", host=host)
    for number in range(count):
        row, _ = NatInstance.objects.get_or_create(host=host, number=number % 6 + 1, address="203.0.113.1")
        PortForward.objects.create(
            nat=row, kind="port", proto="tcp", public_ports=str(8000 + number), local_address="10.0.0.2",
            local_ports="80",
        )  # fmt: skip
    return f"/hosts/{host.pk}/nat/"


def pools(count: int) -> str:
    for number in range(count):
        host = make_host(f"host{number:03}", address=f"198.51.100.{number + 1}")
        keep(make_pool(f"10.{number}.0.0/24", host=host), f"10.{number}.0.2", host, "web")
        see(host, f"10.{number}.0.3", "db")
        see(host, "192.0.2.9", "two", interface="re0")
    return "/network/pools/"


def one_pool(count: int) -> str:
    """A pool with as large a map as there is; the first address is free: a later one takes more look-ups."""
    host, pool = make_host("alpha"), make_pool("10.0.0.0/22")
    for number in range(2, count + 2):
        keep(pool, f"10.0.1.{number}", host, f"jail{number}")
        see(host, f"10.0.1.{number}", f"jail{number}")
        see(host, f"10.0.2.{number}", f"other{number}")
    return f"/network/pools/{pool.pk}/"


def addresses(count: int) -> str:
    one_pool(count)
    return "/network/addresses/?q=10.0.0.0/16"


def conflicts(count: int) -> str:
    pools(count)
    return "/network/conflicts/"


def rule_sets(count: int) -> str:
    for number in range(count):
        host = make_host(f"alpha{number}", address=f"198.51.100.{number + 1}")
        group = HostGroup.objects.create(name=f"group{number}")
        make_host(f"beta{number}", address=f"203.0.113.{number + 1}", group=group)
        RuleSet.objects.create(name=f"own{number}", host=host)
        RuleSet.objects.create(name=f"of group{number}", group=group)
    return "/firewall/"


def one_rule_set(count: int) -> str:
    """A rule set with many written rules, each with a finding."""
    host = make_host("alpha")
    furnish(host)
    rule = "{} skipto 5 tcp from any to me {} in\n"
    written = "".join(rule.format(600 + number, 1000 + number) for number in range(count))
    made = make_rule_set(host, written=written)
    for number in range(count):
        FirewallTable.objects.create(rule_set=made, name=f"table{number}", entries="10.0.0.0/8\n" * 50)
    return f"/firewall/{made.pk}/"


def written_rules(count: int) -> str:
    return f"{one_rule_set(count)}written/"


def tables(count: int) -> str:
    return f"{one_rule_set(count)}tables/"


def traced(count: int) -> str:
    one_rule_set(count)
    packet = "p=jail:www+tcp+10.0.0.2:51000+198.51.100.7:443+syn"
    return f"/hosts/{Host.objects.get().pk}/trace/?{packet}&p=reply&p=reply&p=reply"


def network(count: int) -> str:
    host = make_host("alpha")
    see_network(host, count)
    return f"/hosts/{host.pk}/network/"


PAGES: dict[str, Callable[[int], str]] = {
    "rule sets": rule_sets,
    "a rule set": one_rule_set,
    "written rules": written_rules,
    "tables of a rule set": tables,
    "a trace": traced,
    "pools": pools,
    "a pool": one_pool,
    "addresses": addresses,
    "addresses in dispute": conflicts,
    "NAT of a host": nat,
    "network of a host": network,
    "where a jail can be moved": where_to,
    "a jail's settings": settings_of_one,
    "hosts": hosts,
    "dashboard": dashboard,
    "jails": jails,
    "drift": drift,
    "leaks": leaks,
    "a host": one_host,
    "ezjail on a host": host_ezjail,
    "setting a host up": host_ezjail_setup,
    "a host with much half made": half_made,
    "a basejail whose jails need a restart": basejail_with_stale_jails,
    "what a job left half made": what_a_job_left,
    "a jail": one_jail,
    "archives of a host": archives,
    "archives of a jail": archives_of_jail,
    "kept jails": kept_jails,
    "flavours": flavours,
    "a flavour": one_flavour,
    "jobs": jobs,
    "the bar of jobs": job_bar,
    "a job": one_job,
    "approval": approval,
    "groups": groups,
    "presets": presets,
    "approving a batch": batch_approval,
    "a batch": one_batch,
    "batches": batches,
    "jobs of batches": jobs_of_batches,
    "before many jails are changed": before_many,
    "the record": events,
    "schedules": schedules,
    "a host with schedules": host_with_schedules,
}


def ask(person: Person, url: str, **headers: str) -> tuple[int, bytes]:
    """Return how many queries a page takes, and the page."""
    person.client.get(url)  # what is made once, is made
    with CaptureQueriesContext(connection) as queries:
        answer = person.client.get(url, headers=headers)
    assert answer.status_code == 200
    return len(queries), answer.content


@pytest.mark.parametrize("page", PAGES)
def test_a_page_takes_as_many_queries_for_60_rows_as_for_3(owner, page):
    needed = {}
    for count in (3, 60):
        with transaction.atomic():
            url = PAGES[page](count)
            for asker in ("", "htmx"):
                headers = {"HX-Request": "true"} if asker else {}
                needed[asker, count], content = ask(owner, url, **headers)
                assert len(content) < MOST_BYTES
            transaction.set_rollback(True)
    assert (needed["", 3], needed["htmx", 3]) == (needed["", 60], needed["htmx", 60])
    assert max(needed.values()) <= 20


@pytest.fixture
def thousand(db) -> None:
    """1,000 jails on 20 hosts, a job open for each tenth."""
    for number in range(20):
        host = make_host(f"host{number:02}", address=f"198.51.100.{number + 1}")
        fill(host, 50)
        for jail in range(0, 50, 10):
            make_job(host, subject=f"jail{jail:04}")


QUERIES = (
    "",
    "?page=20",
    "?sort=-state",
    "?q=10.0.0.4",
    "?q=jail",
    "?state=running&host=host07",
    "?state=unknown",
)


def test_a_list_of_1000_jails_takes_a_few_queries_and_stays_small(owner, thousand):
    for query in QUERIES:
        queries, content = ask(owner, f"/jails/{query}")
        assert (queries <= 12, len(content) < MOST_BYTES) == (True, True), query


def test_a_list_of_1000_jails_takes_as_many_queries_as_one_of_3(owner, thousand):
    many, content = ask(owner, "/jails/")
    assert b">1000</span>" in content
    Jail.objects.exclude(pk__in=Jail.objects.values("pk")[:3]).delete()
    few, _ = ask(owner, "/jails/")
    assert many == few


def test_narrowing_to_some_hosts_takes_no_more_queries(owner, outsider, thousand, other_host):
    fill(other_host, 60)
    assert ask(outsider, "/jails/")[0] <= ask(owner, "/jails/")[0]
