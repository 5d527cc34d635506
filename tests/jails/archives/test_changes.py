"""Archives and snapshots of many jails: by the bulk bar, and on schedule with thinning of old ones."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.jails.archives import changes
from apps.jails.bulk import bulk_of
from apps.jails.models import Jail, Snapshot
from apps.jobs.models import Batch, Job
from apps.schedules.models import Target
from apps.schedules.runs import run_schedule
from tests.answers import text, words
from tests.places import FACTS, make_host, make_jail
from tests.schedules.conftest import make_schedule

AT = "20261124030000"


def filled(name: str, count: int) -> list[Jail]:
    host = make_host(name, address=f"198.51.100.{count}")
    sizes = dict.fromkeys(("used_bytes", "refer_bytes", "written_bytes"), 1)
    settings = {"jaildir": "/usr/jails", "archivedir": "/usr/jails/ezjail_archives"}
    host.facts = FACTS | {
        "ezjail": FACTS["ezjail"] | {"settings": settings},
        "datasets": [{"name": f"t/j{n}", "mountpoint": f"/usr/jails/j{n}"} | sizes for n in range(count - 1)],
    }
    host.save()
    return [make_jail(host, f"j{n}", addresses=f"lo0|10.0.1.{n + 2}/24") for n in range(count)]


def pks(jails: list[Jail]) -> str:
    return ",".join(str(jail.pk) for jail in jails)


def test_many_jails_are_archived_as_it_was_shown(owner):
    jails = filled("many", 3)
    shown = owner.client.post("/jails/bulk/archive/", {"jails": pks(jails)})
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text(shown)))
    at = form["moment"]
    assert f"j0-{at[:12]}.{at[12:]}.tar.gz" in text(shown)
    answer = owner.client.post("/jails/bulk/archive/", form | {"at_once": "1", "stop_after": "1"})
    assert answer.status_code == 302
    jobs = Batch.objects.get().jobs.all()
    assert {job.intent["at"] for job in jobs} == {at}
    assert {job.kind for job in jobs} == {"jails.archive"}


def test_what_is_no_dataset_takes_no_part_in_snapshots(owner):
    jails = filled("many", 3)
    shown = words(owner.client.post("/jails/bulk/snapshot/", {"jails": pks(jails)}))
    assert "Its root is no ZFS dataset of its own." in shown
    assert "1 left out" in shown


@pytest.mark.parametrize(
    "change", [changes.archive_at(AT), changes.snapshot_at(AT)], ids=["archive", "snapshot"]
)
def test_planning_many_takes_as_many_queries_as_few(owner, change):
    counted = []
    for name, count in (("few", 3), ("many", 40)):
        jails = filled(name, count)
        actor = owner.actor
        with CaptureQueriesContext(connection) as queries:
            bulk = bulk_of(actor=actor, change=change, jail_ids=[jail.pk for jail in jails])
            assert [change.intent(part.jail) for part in bulk.parts]
        counted.append(len(queries))
    assert counted == [3, 3]


def taken(jail: Jail, label: str, days: int) -> None:
    when = timezone.now() - timedelta(days=days)
    Snapshot.objects.create(
        host=jail.host, dataset=f"t/{jail.name}", name=label, made_at=when, observed_at=timezone.now()
    )


def own(days: int) -> str:
    return f"jailpanel-202611{days:02}-030000"


def test_old_snapshots_of_the_panels_own_go_and_the_newest_stay(owner):
    first, second, _ = filled("alpha", 3)
    for days in (20, 15, 10, 2, 1):
        taken(first, own(30 - days), days)
    taken(first, "by-hand", 25)
    for days in (20, 15):
        taken(second, own(30 - days), days)
    schedule = make_schedule(owner, kind="jails.snapshot_thin_7")
    run_schedule(schedule.pk)
    job = Job.objects.get()
    assert job.subject == "j0"
    assert [step.argv[-1] for step in job.steps.all()] == [f"t/j0@{own(15)}", f"t/j0@{own(10)}"]


def test_a_schedule_archives_all_and_leaves_out_what_cannot_be(owner):
    jails = filled("alpha", 3)
    Jail.objects.filter(pk=jails[0].pk).update(kind="E")
    schedule = make_schedule(owner, kind="jails.archive")
    run_schedule(schedule.pk)
    assert sorted(Job.objects.values_list("subject", flat=True)) == ["j1", "j2"]
    schedule.refresh_from_db()
    assert "1 could not take part" in schedule.last_message


def test_a_schedule_takes_a_snapshot_of_one_jail(owner):
    jail = filled("alpha", 3)[0]
    schedule = make_schedule(owner, kind="jails.snapshot", target=Target.JAIL, host=jail.host, jail="j0")
    run_schedule(schedule.pk)
    assert Job.objects.get().intent["label"].startswith("jailpanel-")


def test_a_schedule_with_nothing_to_do_says_so(owner):
    filled("alpha", 1)
    schedule = make_schedule(owner, kind="jails.snapshot")
    run_schedule(schedule.pk)
    schedule.refresh_from_db()
    assert schedule.last_message.startswith("Nothing to do")
