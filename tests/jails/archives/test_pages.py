"""Pages of archives and snapshots: what is shown is what runs, once, and what is lost is said first."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.hosts.models import Host
from apps.jails.models import Archive, Jail, Snapshot
from apps.jobs.models import Job
from tests.answers import commands, error_of, text, words
from tests.places import FACTS, make_basejail, make_jail

EZJAIL = "/usr/local/bin/ezjail-admin"
DIRECTORY = "/usr/jails/ezjail_archives"
GIB = 2**30
SETTINGS = {"jaildir": "/usr/jails", "archivedir": DIRECTORY, "jailzfs": "tank/ezjail"}
OLD, NEW = "jailpanel-20261101-030000", "jailpanel-20261102-030000"


def dataset(name: str, point: str) -> dict[str, object]:
    return {
        "name": name,
        "used_bytes": 3 * GIB,
        "refer_bytes": 2 * GIB,
        "written_bytes": GIB,
        "mountpoint": point,
    }


@pytest.fixture
def host(host) -> Host:
    host.facts = FACTS | {
        "ezjail": FACTS["ezjail"] | {"settings": SETTINGS},
        "filesystems": [
            {"mounted_on": "/", "available_bytes": 9 * GIB},
            {"mounted_on": "/usr/jails", "available_bytes": GIB},
        ],
        "datasets": [dataset("tank/ezjail/test", "/usr/jails/test"), dataset("tank/ezjail/test/db", "none")],
    }
    host.save()
    return host


@pytest.fixture
def jail(host) -> Jail:
    return make_jail(host, "test", jid=4, kind="Z", config_text="# old\n", fstab_text="f\n")


@pytest.fixture
def snapshots(jail) -> list[Snapshot]:
    now = timezone.now()
    rows = [
        ("tank/ezjail/test", OLD, 48),
        ("tank/ezjail/test/db", OLD, 48),
        ("tank/ezjail/test", NEW, 24),
        ("tank/ezjail/test", "by-hand", 12),
    ]
    return [
        Snapshot.objects.create(
            host=jail.host, dataset=name, name=label, made_at=now - timedelta(hours=age),
            observed_at=now, used_bytes=GIB, refer_bytes=2 * GIB,
        )
        for name, label, age in rows
    ]  # fmt: skip


def archive(host: Host, name: str = "test-202611010300.00.tar.gz", safe: str = "test") -> Archive:
    now = timezone.now()
    return Archive.objects.create(
        host=host, file_name=name, safe_name=safe, size_bytes=GIB, made_at=now, observed_at=now
    )


def url(jail: Jail, name: str, *more: str) -> str:
    return reverse(f"jails:{name}", args=[jail.host_id, jail.safe_name, *more])


def carried(answer) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text(answer)))


def test_a_jail_is_archived_as_it_was_shown(owner, jail):
    shown = owner.client.get(url(jail, "jail-archive"))
    at = carried(shown)["moment"]
    name = f"test-{at[:12]}.{at[12:]}.tar.gz"
    assert commands(shown) == [
        f"{EZJAIL} archive -f -a partial.{name} test",
        f"/usr/bin/gzip -t {DIRECTORY}/partial.{name}",
        f"/bin/link {DIRECTORY}/partial.{name} {DIRECTORY}/{name}",
        f"/bin/unlink {DIRECTORY}/partial.{name}",
    ]
    assert "test runs" in words(shown)
    assert "up to 2 GiB" in words(shown)
    assert "1 GiB That may not fit." in words(shown)
    owner.client.post(url(jail, "jail-archive"), carried(shown))
    owner.client.post(url(jail, "jail-archive"), carried(shown))
    job = Job.objects.get()
    assert job.plan_hash == carried(shown)["plan_hash"]
    assert (job.intent["file_name"], job.intent["config_text"]) == (name, "# old\n")


def test_a_moment_that_is_not_now_is_not_taken(owner, jail):
    for moment in ("19991231235959", "x" * 14, "202611241259", "\0"):
        answer = owner.client.post(url(jail, "jail-snapshot"), {"moment": moment, "plan_hash": "0" * 64})
        assert answer.status_code == 409
    assert not Job.objects.exists()


def test_a_stopped_encrypted_image_cannot_be_archived(owner, host):
    jail = make_jail(host, "safe", kind="E", addresses="lo0|10.0.0.9/24")
    assert "start it first" in text(owner.client.get(url(jail, "jail-archives")))
    assert owner.client.get(url(jail, "jail-archive")).status_code == 422


def test_a_snapshot_takes_what_is_below_along(owner, jail):
    shown = owner.client.get(url(jail, "jail-snapshot"))
    at = carried(shown)["moment"]
    label = f"jailpanel-{at[:8]}-{at[8:]}"
    assert commands(shown) == [f"/sbin/zfs snapshot -r tank/ezjail/test@{label}"]
    owner.client.post(url(jail, "jail-snapshot"), carried(shown))
    assert Job.objects.get().intent["label"] == label


def test_going_back_says_what_is_lost_and_stops_the_jail(owner, jail, snapshots):
    shown = owner.client.get(url(jail, "jail-rollback", OLD))
    assert commands(shown) == [
        f"{EZJAIL} onestop test",
        f"/sbin/zfs rollback -r tank/ezjail/test@{OLD}",
        f"/sbin/zfs rollback -r tank/ezjail/test/db@{OLD}",
        f"{EZJAIL} onestart test",
    ]
    said = words(shown)
    assert "2 newer snapshots are destroyed" in said
    assert f"{NEW}, taken" in said
    assert "by-hand, taken" in said
    assert "1 GiB since the newest snapshot" in said
    refused = owner.client.post(url(jail, "jail-rollback", OLD), carried(shown) | {"typed_name": "other"})
    assert refused.status_code == 422
    assert "test" in error_of(refused, "id_typed_name")
    owner.client.post(url(jail, "jail-rollback", OLD), carried(shown) | {"typed_name": "test"})
    assert Job.objects.get().intent["runs"] is True


def test_going_back_to_the_newest_destroys_none(owner, jail, snapshots):
    Jail.objects.update(jid=None)
    shown = owner.client.get(url(jail, "jail-rollback", "by-hand"))
    assert commands(shown) == ["/sbin/zfs rollback tank/ezjail/test@by-hand"]


def test_a_snapshot_is_destroyed_by_its_name(owner, jail, snapshots):
    shown = owner.client.get(url(jail, "snapshot-remove", NEW))
    assert commands(shown) == [f"/sbin/zfs destroy -r tank/ezjail/test@{NEW}"]
    owner.client.post(url(jail, "snapshot-remove", NEW), carried(shown))
    assert Job.objects.get().kind == "jails.snapshot_remove"
    assert owner.client.get(url(jail, "snapshot-remove", "nothing")).status_code == 404


def test_an_archive_is_deleted_once_its_name_is_typed(owner, jail):
    row = archive(jail.host)
    page = reverse("jails:archive-remove", args=[jail.host_id, row.file_name])
    shown = owner.client.get(page)
    assert commands(shown) == [f"/bin/unlink {DIRECTORY}/{row.file_name}"]
    assert owner.client.post(page, carried(shown)).status_code == 422
    owner.client.post(page, carried(shown) | {"typed_name": row.file_name})
    assert Job.objects.get().subject == row.file_name


def test_lists_tell_jails_apart_whose_names_begin_alike(owner, jail):
    archive(jail.host)
    archive(jail.host, "test2-202611010300.00.tar.gz", "test2")
    archive(jail.host, "partial.test-202611010300.00.tar.gz", "")
    own = text(owner.client.get(url(jail, "jail-archives")))
    assert "test-202611010300.00.tar.gz" in own
    assert "test2-" not in own
    all_of_them = words(owner.client.get(reverse("jails:host-archives", args=[jail.host_id])))
    assert "Not whole" in all_of_them
    assert "1 GiB free" in all_of_them


def test_one_who_may_not_sees_why(viewer, jail, snapshots):
    archive(jail.host)
    page = text(viewer.client.get(url(jail, "jail-archives")))
    assert "You may not archive jails here or take snapshots of them" in page
    assert "You may not restore jails here or roll them back" in page
    assert viewer.client.get(url(jail, "jail-rollback", OLD)).status_code == 403


def restore_page(host: Host, row: Archive) -> str:
    return reverse("jails:archive-restore", args=[host.pk, row.file_name])


CONFIG = """# mine
export jail_test_hostname="test"
export jail_test_ip="lo0|10.0.0.2/24"
export jail_test_rootdir="/usr/jails/test"
export jail_test_parameters="allow.raw_sockets=1"
"""


def test_a_jail_is_restored_beside_the_one_that_is_there(owner, jail):
    make_basejail(jail.host)
    Jail.objects.update(config_text=CONFIG)
    row = archive(jail.host)
    page = restore_page(jail.host, row)
    taken = owner.client.get(page)
    assert "test" in error_of(taken, "id_name")
    assert "lo0|10.0.0.2/24" in text(taken)
    wanted = carried(taken) | {"name": "copy", "addresses": "lo0|10.0.0.9/24"}
    shown = owner.client.post(page, wanted)
    assert shown.status_code == 422
    assert "press Restore again" in words(shown)
    assert commands(shown)[1] == f"{EZJAIL} create -a {DIRECTORY}/{row.file_name} copy 'lo0|10.0.0.9/24'"
    assert "jail_copy_parameters" in text(shown)
    answer = owner.client.post(page, wanted | carried(shown))
    assert answer.status_code == 302
    assert Job.objects.get().kind == "jails.restore"


def test_a_jail_nobody_knows_is_restored_with_a_warning(owner, host):
    make_basejail(host)
    row = archive(host, "gone-202611010300.00.tar.gz", "gone")
    page = restore_page(host, row)
    shown = owner.client.post(page, {"name": "gone", "addresses": "lo0|10.0.0.9/24", "plan_hash": "old"})
    assert "The panel does not know what this jail was set to" in words(shown)
    assert owner.client.post(page, {"name": "../x", "addresses": "nonsense"}).status_code == 422
