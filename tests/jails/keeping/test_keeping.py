"""Deleted jails that are kept: what is shown first, how they are had back, and when they go."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.freebsd.errors import Conflict, InvalidInput, NotAllowed
from apps.hosts.models import Host, HostGroup
from apps.jails.keeping import queries, services
from apps.jails.models import Archive, Jail, KeepPolicy, KeptJail
from apps.jails.services import Agreed, jail_delete_request
from apps.jobs.models import Job
from tests.answers import commands, text, words
from tests.places import FACTS, make_basejail, make_jail

EZJAIL, DIRECTORY = "/usr/local/bin/ezjail-admin", "/usr/jails/ezjail_archives"
SETTINGS = {
    "jaildir": "/usr/jails",
    "archivedir": DIRECTORY,
    "jailzfs": "tank/j",
    "jailbase": "/usr/jails/base",
}
CONFIG = """# mine
export jail_web_hostname="web"
export jail_web_ip="lo0|10.0.0.2/24"
export jail_web_rootdir="/usr/jails/web"
"""


@pytest.fixture
def host(host) -> Host:
    make_basejail(host)
    sizes = dict.fromkeys(("used_bytes", "refer_bytes", "written_bytes"), 2**30)
    settings = SETTINGS | {"use_zfs_for_jails": True}
    host.facts = FACTS | {
        "ezjail": FACTS["ezjail"] | {"settings": settings, "config_text": ""},
        "datasets": [{"name": "tank/j/web", "mountpoint": "/usr/jails/web"} | sizes],
    }
    host.save()
    return host


@pytest.fixture
def jail(host) -> Jail:
    return make_jail(host, "web", jid=4, kind="Z", config_text=CONFIG)


def carried(answer) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text(answer)))


def page(jail: Jail) -> str:
    return f"{reverse('jails:jail-delete', args=[jail.host_id, jail.safe_name])}?wipe=yes"


def test_without_a_rule_what_goes_is_gone(owner, jail):
    shown = owner.client.get(page(jail))
    assert commands(shown) == [f"{EZJAIL} onestop web", f"{EZJAIL} delete -w -f web"]
    assert "Goes tank/j/web, 1 GiB" in words(shown)
    assert "There is no archive of it" in words(shown)


def test_a_dataset_is_put_aside_and_named(owner, jail):
    KeepPolicy.objects.create(days=5)
    shown = owner.client.get(page(jail))
    at = carried(shown)["moment"]
    assert commands(shown) == [
        f"{EZJAIL} onestop web",
        "/sbin/zfs set mountpoint=none tank/j/web",
        f"{EZJAIL} delete web",
        f"/sbin/zfs rename tank/j/web tank/j/kept-web-{at}",
    ]
    assert "can be brought back for 5 days" in words(shown)
    wrong = owner.client.post(page(jail), carried(shown) | {"typed_name": "other"})
    assert wrong.status_code == 422
    owner.client.post(page(jail), carried(shown) | {"typed_name": "web"})
    job = Job.objects.get()
    assert (job.kind, job.intent["days"], job.intent["config_text"]) == ("jails.delete", 5, CONFIG)


def test_no_other_way_destroys_what_is_to_be_kept(owner, jail):
    KeepPolicy.objects.create(days=5)
    with pytest.raises(Conflict, match="kept for 5 days"):
        jail_delete_request(actor=owner.actor, jail=jail, wipe=True, typed_name="web", agreed=Agreed())
    assert jail_delete_request(actor=owner.actor, jail=jail, wipe=False, typed_name="web", agreed=Agreed())


def test_what_is_no_dataset_is_archived_first(owner, host):
    KeepPolicy.objects.create(days=1)
    jail = make_jail(host, "plain", addresses="lo0|10.0.0.7/24", config_text=CONFIG)
    shown = owner.client.get(page(jail))
    at = carried(shown)["moment"]
    name = f"kept.plain-{at[:12]}.{at[12:]}.tar.gz"
    assert commands(shown) == [
        f"{EZJAIL} archive -a partial.{name} plain",
        f"/usr/bin/gzip -t {DIRECTORY}/partial.{name}",
        f"/bin/link {DIRECTORY}/partial.{name} {DIRECTORY}/{name}",
        f"/bin/unlink {DIRECTORY}/partial.{name}",
        f"{EZJAIL} delete -w -f plain",
    ]
    assert "for a day" in words(shown)


def test_the_rule_of_a_group_counts_before_the_one_for_all(host):
    assert queries.keep_days(host) == 0
    KeepPolicy.objects.create(days=5)
    group = HostGroup.objects.create(name="production")
    host.group = group
    assert queries.keep_days(host) == 5
    KeepPolicy.objects.create(group=group, days=30)
    assert queries.keep_days(host) == 30


def test_rules_are_set_and_taken_away_by_those_who_may(owner, operator):
    services.keep_policy_set(actor=owner.actor, group=None, days=3)
    services.keep_policy_set(actor=owner.actor, group=None, days=4)
    assert KeepPolicy.objects.get().days == 4
    with pytest.raises(InvalidInput):
        services.keep_policy_set(actor=owner.actor, group=None, days=-1)
    with pytest.raises(NotAllowed):
        services.keep_policy_set(actor=operator.actor, group=None, days=0)
    answer = owner.client.post("/jails/keeping/", {"group": "", "days": "0"})
    assert answer.status_code == 302
    assert not KeepPolicy.objects.exists()
    assert owner.client.post("/jails/keeping/", {"group": "", "days": "x"}).status_code == 422


def kept(host: Host, **values) -> KeptJail:
    now = timezone.now()
    defaults = {
        "name": "web", "safe_name": "web", "place": "tank/j/kept-web-20261124125900", "is_dataset": True,
        "config_text": CONFIG, "deleted_at": now, "keep_until": now + timedelta(days=1),
    }  # fmt: skip
    return KeptJail.objects.create(host=host, **(defaults | values))


def test_a_kept_dataset_is_had_back_with_its_settings(owner, host):
    row = kept(host)
    shown = owner.client.get(reverse("jails:kept-bring-back", args=[host.pk, row.pk]))
    assert commands(shown)[:3] == [
        "/sbin/zfs rename tank/j/kept-web-20261124125900 tank/j/web",
        "/sbin/zfs set mountpoint=/usr/jails/web tank/j/web",
        f"{EZJAIL} create -x web 'lo0|10.0.0.2/24'",
    ]
    assert "# mine" in text(shown)


def test_a_kept_archive_is_had_back_from_it(owner, host):
    name, now = "kept.web-202611241259.00.tar.gz", timezone.now()
    row = kept(host, place=name, is_dataset=False)
    url = reverse("jails:kept-bring-back", args=[host.pk, row.pk])
    assert owner.client.get(url).status_code == 409
    Archive.objects.create(host=host, file_name=name, size_bytes=1, made_at=now, observed_at=now)
    assert (
        commands(owner.client.get(url))[1] == f"{EZJAIL} create -a {DIRECTORY}/{name} web 'lo0|10.0.0.2/24'"
    )


def test_a_file_that_was_no_text_is_not_written_anew(owner, host):
    row = kept(host, config_text=CONFIG + "# \N{REPLACEMENT CHARACTER}\n")
    shown = owner.client.get(reverse("jails:kept-bring-back", args=[host.pk, row.pk]))
    assert len(commands(shown)) == 3
    assert "bytes that are no text" in words(shown)


def test_what_nobody_knows_is_not_brought_back_blindly(owner, host):
    row = kept(host, config_text="")
    url = reverse("jails:kept-bring-back", args=[host.pk, row.pk])
    assert owner.client.get(url).status_code == 409


def test_a_name_that_is_taken_by_now_is_refused(owner, jail):
    row = kept(jail.host)
    url = reverse("jails:kept-bring-back", args=[jail.host_id, row.pk])
    assert owner.client.post(url, carried(owner.client.get(url))).status_code == 422
    assert not Job.objects.exists()


def test_only_what_has_run_out_goes_and_hosts_that_are_away_wait(host, other_host):
    now = timezone.now()
    kept(host, keep_until=now - timedelta(minutes=1))
    kept(host, place="tank/j/kept-db-20261124125900", name="db", safe_name="db")
    kept(other_host, keep_until=now - timedelta(days=1))
    Host.objects.filter(pk=other_host.pk).update(state="unreachable")
    assert services.remove_run_out(now) == 1
    job = Job.objects.get()
    assert [step.argv for step in job.steps.all()] == [
        ["/sbin/zfs", "destroy", "-r", "tank/j/kept-web-20261124125900"]
    ]
    assert services.remove_run_out(now) == 1
    assert Job.objects.count() == 1
