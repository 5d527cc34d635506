"""Changing a basejail that is there: what is offered, what runs, and which jails need a restart after it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.accounts.actor import PANEL
from apps.freebsd.errors import Conflict, InvalidInput, NotAllowed
from apps.freebsd.values import Release
from apps.hosts.models import Host, HostState
from apps.jails import remains
from apps.jails.basejail import services
from apps.jails.basejail.kinds import KIND
from apps.jails.basejail.many import patch_many
from apps.jails.basejail.plans import InstallWish
from apps.jails.basejail.situation import situation_of
from apps.jails.basejail.update_plans import Way
from apps.jails.basejail.update_services import UpdateWish, update_plan, update_request
from apps.jails.models import Basejail, Jail, Snapshot
from apps.jails.repair_kinds import Finding
from apps.jails.services import Agreed
from apps.jobs.batch_rules import Pace
from apps.jobs.models import Job, JobState, StepState
from apps.jobs.ports import job_kind
from apps.updates.models import ReleaseUpdate
from tests.answers import text, words
from tests.places import FACTS, make_basejail, make_host, make_jail

AT = "20261124125900"
ZFS = {"jaildir": "/usr/jails", "use_zfs": True, "jailzfs": "zroot/ezjail"}
pytestmark = pytest.mark.usefixtures("sent")


@pytest.fixture
def ready(host) -> Host:
    make_basejail(host)
    return with_facts(host)


def with_facts(host: Host, **facts: object) -> Host:
    Host.objects.filter(pk=host.pk).update(facts=FACTS | facts)
    return Host.objects.select_related("basejail").get(pk=host.pk)


def on_zfs(host: Host, **facts: object) -> Host:
    return with_facts(host, ezjail=FACTS["ezjail"] | {"settings": ZFS}, **facts)


def lines(host: Host, way: Way, **wish: str) -> list[str]:
    return [" ".join(step.argv) for step in update_plan(host, UpdateWish(way, AT, **wish)).commands]


def asked(host: Host, way: Way = Way.PATCH, **values: object) -> Job:
    wish = UpdateWish(way, AT)
    job = update_request(actor=PANEL, host=host, wish=wish, agreed=Agreed())
    now = timezone.now()
    Job.objects.filter(pk=job.pk).update(**({"state": JobState.SUCCEEDED, "ended_at": now} | values))
    return Job.objects.get(pk=job.pk)


UPDATE = "/usr/sbin/freebsd-update"
PATCHES = [
    f"{UPDATE} --not-running-from-cron -b /usr/jails/{tree} --currently-running 13.2-RELEASE fetch install"
    for tree in ("basejail", "newjail")
]


def test_both_trees_are_patched_with_their_own_release(ready):
    assert lines(ready, Way.PATCH) == PATCHES


def test_where_the_basejail_is_a_dataset_there_is_a_way_back(ready):
    host = on_zfs(ready)
    assert lines(host, Way.PATCH) == [
        "/sbin/zfs snapshot -r zroot/ezjail/basejail@jailpanel-20261124-125900", *PATCHES,
    ]  # fmt: skip
    with pytest.raises(Conflict, match="no snapshot"):
        lines(host, Way.BACK)
    now = timezone.now()
    for number, name in enumerate(("older", "newest")):
        when = now + timedelta(seconds=number)
        Snapshot.objects.create(
            host=host, dataset="zroot/ezjail/basejail", name=name, made_at=when, observed_at=now
        )
    assert lines(host, Way.BACK) == ["/sbin/zfs rollback zroot/ezjail/basejail@newest"]


def test_what_waits_is_finished_tree_by_tree(ready):
    with pytest.raises(Conflict, match="nothing to finish"):
        lines(ready, Way.FINISH)
    host = with_facts(ready, upkeep={"pending": ["basejail", "newjail"]})
    assert lines(host, Way.FINISH) == [
        f"{UPDATE} -b /usr/jails/basejail install", f"{UPDATE} -b /usr/jails/newjail install",
    ]  # fmt: skip


@pytest.mark.parametrize(("release", "last"), [("13.2-RELEASE", "update -P"), ("14.1-RELEASE", "/ports.txz")])
def test_ports_come_with_portsnap_or_from_the_set(ready, release, last):
    Host.objects.filter(pk=ready.pk).update(release=release)
    host = Host.objects.select_related("basejail").get(pk=ready.pk)
    assert lines(host, Way.PORTS)[-1].endswith(last)


def test_sources_come_from_their_proven_set(ready):
    ran = lines(ready, Way.SOURCES)
    assert [line.split()[0].rpartition("/")[2] for line in ran] == [
        "install", "fetch", "sha256", "tar", "unlink",
    ]  # fmt: skip


def test_a_world_is_built_from_the_tree_that_is_named(ready):
    assert lines(ready, Way.BUILD, sources="/data/src") == [
        "/usr/local/bin/ezjail-admin update -s /data/src -b"
    ]
    warnings = " ".join(update_plan(ready, UpdateWish(Way.BUILD, AT)).warnings)
    assert "takes hours" in warnings
    assert "Nobody proves" in warnings
    for bad in ("usr/src", "/usr/../src", "/usr/-x", "/a b", "$(id)", ""):
        with pytest.raises(InvalidInput) as refused:
            lines(ready, Way.BUILD, sources=bad)
        assert refused.value.field == "sources"


def test_where_the_host_is_of_packages_no_world_is_installed(ready):
    host = with_facts(ready, upkeep={"is_packaged": True})
    with pytest.raises(Conflict, match="block installworld"):
        lines(host, Way.WORLD)
    assert lines(host, Way.PATCH) == PATCHES


def test_without_a_basejail_there_is_nothing_to_update(host):
    with pytest.raises(Conflict, match="no basejail"):
        lines(host, Way.PATCH)


def test_who_may_not_install_may_not_update(ready, operator):
    with pytest.raises(NotAllowed):
        update_request(actor=operator.actor, host=ready, wish=UpdateWish(Way.PATCH, AT), agreed=Agreed())


# -- what came of it --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("release", "facts", "problem"),
    [
        ("13.2-RELEASE-p3", {}, ""),
        ("13.2-RELEASE", {}, ""),
        ("13.1-RELEASE-p9", {}, "and it was 13.2-RELEASE before"),
        ("", {}, "unknown release"),
        ("13.2-RELEASE-p3", {"upkeep": {"pending": ["newjail"]}}, "more to install into newjail"),
    ],
)
def test_a_patch_is_proven_by_what_the_probe_saw(ready, release, facts, problem):
    job = asked(ready)
    Basejail.objects.update(release=release)
    with_facts(ready, **facts)
    problems = job_kind(KIND).verify(Job.objects.select_related("host").get(pk=job.pk))
    assert (problem in " ".join(problems)) if problem else problems == []


def test_jails_that_ran_all_along_need_a_restart(ready):
    make_jail(ready, "old", addresses="lo0|10.0.0.3/24", jid=3)
    make_jail(ready, "anew", addresses="lo0|10.0.0.4/24", jid=4)
    make_jail(ready, "stopped", addresses="lo0|10.0.0.5/24")
    asked(ready)
    assert situation_of(ready).stale == []  # nothing newer came
    Basejail.objects.update(release="13.2-RELEASE-p3")
    Jail.objects.filter(name="anew").update(jid=7)
    host = Host.objects.select_related("basejail").get(pk=ready.pk)
    assert [jail.name for jail in situation_of(host).stale] == ["old"]
    Host.objects.filter(pk=host.pk).update(boot_at=timezone.now() + timedelta(minutes=1))
    assert situation_of(Host.objects.select_related("basejail").get(pk=host.pk)).stale == []


def test_the_page_and_the_job_lead_to_their_restart(ready, owner):
    make_jail(ready, "old", jid=3)
    job = asked(ready)
    Basejail.objects.update(release="13.2-RELEASE-p3")
    page = text(owner.client.get(reverse("jails:basejail", args=[ready.pk])))
    assert "1 of 1 running jail still runs what was there" in " ".join(page.split())
    (link, _) = job_kind(KIND).next_links(job, owner.actor)
    assert (link.label, link.url in page) == ("Restart 1 jail", True)
    assert "ezjail-admin onerestart old" in words(owner.client.get(link.url))


def test_so_do_those_of_a_basejail_that_was_laid_over(ready):
    make_jail(ready, "old", jid=3)
    wish = InstallWish(Release.parse("13.2-RELEASE"))
    job = services.basejail_install_request(actor=PANEL, host=ready, wish=wish, agreed=Agreed())
    assert job.intent["jids"] == {"old": 3}
    Job.objects.update(state=JobState.SUCCEEDED, ended_at=timezone.now())
    assert [jail.name for jail in situation_of(ready).stale] == ["old"]


def test_a_jail_whose_root_every_install_wipes_is_in_the_way(ready):
    make_jail(ready, "x", root="/usr/jails/fulljail")
    with pytest.raises(Conflict, match="wipes first"):
        services.basejail_plan(ready, InstallWish(Release.parse("13.2-RELEASE")))


# -- many -------------------------------------------------------------------------------------------------


def test_many_are_patched_and_who_is_left_out_is_told_why(ready):
    away = make_host("away", address="192.0.2.8", state=HostState.UNREACHABLE, state_reason="No answer.")
    newest = make_host("newest", address="192.0.2.9")
    make_host("bare", address="192.0.2.10")
    for host in (away, newest):
        make_basejail(host)
    Basejail.objects.filter(host=newest).update(release="13.2-RELEASE-p12")
    now = timezone.now()
    ReleaseUpdate.objects.create(release="13.2-RELEASE", arch="amd64", patch=12, checked_at=now, tried_at=now)
    hosts = list(Host.objects.select_related("basejail").order_by("name"))
    done = patch_many(actor=PANEL, hosts=hosts, at=AT, pace=Pace(at_once=2), key="once")
    assert [job.host.name for job in done.batch.jobs.select_related("host")] == ["alpha"]
    reasons = {host.name: reason for host, reason in done.left_out}
    assert "newest that is known" in reasons["newest"]
    assert "no basejail" in reasons["bare"]
    assert "No answer" in reasons["away"]


# -- what was cut short -----------------------------------------------------------------------------------


def found(host: Host) -> dict[str, Finding]:
    return {finding.key: finding for finding in remains.host_findings(host)}


def test_a_staging_dataset_that_is_not_mounted_is_in_the_way(ready):
    host = on_zfs(ready, datasets=[{"name": "zroot/ezjail/fulljail"}], basejail={"half_made": []})
    (repair,) = found(host)["staging"].repairs
    assert [step.argv for step in repair.plan.commands] == [
        ("/sbin/zfs", "destroy", "-r", "zroot/ezjail/fulljail")
    ]
    mounted = on_zfs(
        ready, datasets=[{"name": "zroot/ezjail/fulljail"}], basejail={"half_made": ["fulljail"]}
    )
    assert "staging" not in found(mounted)


def test_sets_that_lie_about_can_be_removed(ready):
    host = with_facts(ready, upkeep={"sets": ["13.2-RELEASE/base.txz"]})
    (repair,) = found(host)["sets"].repairs
    assert repair.plan.commands[0].argv[0] == "/bin/unlink"


def test_a_patch_that_perhaps_missed_the_template_is_run_again(ready):
    job = asked(ready, state=JobState.LOST)
    job.steps.filter(position=0).update(state=StepState.SUCCEEDED, started_at=timezone.now(), exit_status=0)
    job.steps.filter(position=1).update(state=StepState.LOST, started_at=timezone.now())
    Basejail.objects.update(release="13.2-RELEASE-p3")
    Host.objects.filter(pk=ready.pk).update(seen_at=timezone.now() + timedelta(seconds=1))
    (finding,) = remains.job_findings(Job.objects.select_related("host__basejail").get(pk=job.pk))
    assert finding.key == "half-patched"
    assert "13.2-RELEASE-p3" in finding.sentence
    assert [step.argv[3] for step in finding.repairs[0].plan.commands] == [
        "/usr/jails/basejail", "/usr/jails/newjail",
    ]  # fmt: skip


# -- the page ---------------------------------------------------------------------------------------------


def test_the_page_offers_what_is_half_done_first(ready, owner):
    with_facts(ready, upkeep={"pending": ["basejail"], "sets": ["13.2-RELEASE/base.txz"]})
    page = text(owner.client.get(reverse("jails:basejail", args=[ready.pk])))
    assert page.index('id="basejail-finish"') < page.index('id="basejail-patch"')
    assert "13.2-RELEASE/base.txz" in page


def test_who_may_only_look_is_told_so(ready, viewer):
    shown = words(viewer.client.get(reverse("jails:basejail", args=[ready.pk])))
    assert "You may not install the basejail" in shown


def test_the_source_tree_is_complained_of_at_its_field(ready, owner):
    url = reverse("jails:basejail-update", args=[ready.pk, "build"])
    answer = owner.client.post(url, {"sources": "usr/src"})
    assert answer.status_code == 422
    assert "A path begins with /" in words(answer)
    looked = owner.client.post(url, {"sources": "/data/src", "look": "1"})
    assert "/data/src" in words(looked)
    assert not Job.objects.exists()


def test_directories_that_no_command_is_given_are_told(ready, owner):
    settings = {"jaildir": "/usr/my jails", "jailbase": "/usr/my jails/basejail"}
    host = with_facts(
        ready, ezjail=FACTS["ezjail"] | {"settings": settings}, upkeep={"pending": ["basejail"]}
    )
    answer = owner.client.get(reverse("jails:basejail", args=[host.pk]))
    assert answer.status_code == 200
    assert "characters that the panel passes to no command" in words(answer)
    assert "pending" not in found(host)
    change = owner.client.get(reverse("jails:basejail-update", args=[host.pk, "patch"]))
    assert "A path begins with /" in words(change)


def test_an_unknown_change_is_no_page(ready, owner):
    assert owner.client.get(reverse("jails:basejail-update", args=[ready.pk, "nonsense"])).status_code == 404


# -- what the panel does not know yet ---------------------------------------------------------------------


def test_a_manifest_that_is_not_read_yet_is_sent_for_and_the_page_looks_again(
    ready, owner, sent, settings, tmp_path
):
    settings.MIRROR_DIR = tmp_path
    page = text(owner.client.get(reverse("jails:basejail-install", args=[ready.pk])))
    assert "The panel is asking its mirror what the sets of 13.2-RELEASE must hash to" in page
    assert 'hx-trigger="load delay:2s"' in page
    assert ("apps.updates.tasks.fetch_manifest", "13.2-RELEASE", "amd64") in sent.tasks
    answer = owner.client.post(
        reverse("jails:basejail-install", args=[ready.pk]), {"release": "13.2-RELEASE"}
    )
    assert "is asking its mirror" in text(answer)
    assert not Job.objects.exists()


def test_sets_that_the_panel_is_to_bring_are_fetched_first(ready, owner, sent):
    url = reverse("jails:basejail-check", args=[ready.pk])
    page = words(owner.client.post(url, {"release": "13.2-RELEASE", "brings": "panel"}))
    assert "The panel is fetching base.txz and lib32.txz" in page
    names = [task[-1] for task in sent.tasks if task[0] == "apps.updates.tasks.fetch_set"]
    assert names == ["base", "lib32"]


def test_a_mirror_is_a_server_over_https(ready, owner):
    url = reverse("jails:basejail-check", args=[ready.pk])
    for bad in ("http://mirror.example", "file:///etc", "mirror.example", "https://x/$(id)"):
        page = words(owner.client.post(url, {"release": "13.2-RELEASE", "mirror": bad, "touched": "mirror"}))
        assert "https" in page
        assert "/usr/bin/fetch" not in page
