"""One row for every URL: what each of the cast gets, and what a change leaves behind.

A URL without a row fails. Answers stand in the order owner, operator, viewer, outsider, nobody: a status,
or "in" for being sent to sign in. The outsider may do everything, but on another host.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy, deepcopy
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from apps.accounts.permissions import Role
from apps.audit.models import AuditEvent
from apps.freebsd.channel.agent import Agent
from apps.freebsd.channel.keys import fingerprint
from apps.hosts.models import Host, HostGroup, HostState
from apps.jails.drift.noting import note
from apps.jails.models import Archive, Jail, JailPreset, KeptJail, Snapshot
from apps.jobs.batch_approvals import hash_of
from apps.jobs.models import ApprovalPolicy, Batch, Job, JobState
from apps.network.models import (
    AddressPool,
    FirewallTable,
    HeldAddress,
    HostFirewall,
    Layout,
    NatInstance,
    PortForward,
    ReservedRange,
    RuleSet,
    address_key,
)
from apps.network.rulesets.services import Content, content_mark
from tests.conftest import Person, make_person
from tests.fakehost import FakeHost
from tests.freebsd.probes import out
from tests.hosts.keys import FIRST
from tests.jails.moving.moves import moved_away
from tests.jails.settings import posts as settings_posts
from tests.jobs.conftest import make_job, make_plan
from tests.network.firewall.places import applied, firewall, see
from tests.network.interfaces import places as address_posts
from tests.network.pools.places import keep, make_pool
from tests.places import FACTS, make_basejail, make_host, make_jail
from tests.schedules.conftest import bare_schedule

BATCH_ID = uuid.UUID(int=4)
ROW_ID = 900_001  # of what a row of the table makes: far from what a database's own count has come to
CAST = ("owner", "operator", "viewer", "outsider", "nobody")
NOT_HERE = "405 405 405 405 in"


def as_it_is(_host: Host) -> None:
    """Nothing has to be prepared."""


def key_waits(host: Host) -> None:
    Host.objects.filter(pk=host.pk).update(state=HostState.UNVERIFIED, host_key="", offered_key=FIRST)


def the_job_awaits(host: Host) -> None:
    until = timezone.now() + timedelta(hours=4)
    Job.objects.filter(host=host).update(state=JobState.AWAITING, approval_until=until)


def its_jail_is_an_image(host: Host) -> None:
    Jail.objects.filter(host=host).update(kind="I", jid=None)


def it_is_in_a_group(host: Host) -> None:
    Host.objects.filter(pk=host.pk).update(group=HostGroup.objects.get())


def a_root_is_left_over(host: Host) -> None:
    left = {**FACTS["leftovers"], "roots": ["/usr/jails/gone"]}
    Host.objects.filter(pk=host.pk).update(facts=FACTS | {"leftovers": left, "basejail": {"present": True}})


def it_has_a_flavour(host: Host) -> None:
    files = [{"flavour": "example", "path": "etc/rc.conf", "kind": "-", "mode": "rw-r--r--", "size_bytes": 4}]
    Host.objects.filter(pk=host.pk).update(facts=FACTS | {"flavour_files": files})


def the_job_left_a_root(host: Host) -> None:
    a_root_is_left_over(host)
    Job.objects.filter(host=host).update(kind="jails.create", subject="gone", state=JobState.LOST)


def the_job_failed(host: Host) -> None:
    values = {"kind": "jails.stop", "subject": "test", "state": JobState.FAILED}
    Job.objects.filter(host=host).update(**values)


def a_batch_runs(host: Host) -> None:
    batch = Batch.objects.create(pk=BATCH_ID, kind="tests.work", title="Work", idempotency_key="batch")
    Job.objects.filter(host=host).update(state=JobState.RUNNING, batch=batch, batch_position=0)


def a_batch_awaits(host: Host) -> None:
    a_batch_runs(host)
    the_job_awaits(host)


ARCHIVE, LABEL = "test-202611240300.00.tar.gz", "jailpanel-20261124-030000"


def there_is_something_to_go_back_to(host: Host) -> None:
    now, settings = timezone.now(), {"jaildir": "/usr/jails", "archivedir": "/usr/jails/ezjail_archives"}
    dataset = {"name": "tank/j/test", "mountpoint": "/usr/jails/test"}
    sizes = dict.fromkeys(("used_bytes", "refer_bytes", "written_bytes"), 1)
    facts = FACTS | {"ezjail": FACTS["ezjail"] | {"settings": settings}, "datasets": [dataset | sizes]}
    Host.objects.filter(pk=host.pk).update(facts=facts)
    seen = {"host": host, "made_at": now, "observed_at": now}
    Archive.objects.create(file_name=ARCHIVE, safe_name="test", size_bytes=1, **seen)
    Snapshot.objects.create(dataset="tank/j/test", name=LABEL, **seen)


def it_was_moved(host: Host) -> None:
    moved_away(host, "test")


def it_drifts(host: Host) -> None:
    no_job_is_open(host)
    jail = Jail.objects.get(host=host)
    wanted = {"file": "", "fstab": "", "runs_at_boot": not jail.runs_at_boot, "running": jail.is_running}
    Jail.objects.filter(pk=jail.pk).update(wanted=wanted)
    note([Jail.objects.get(pk=jail.pk)], timezone.now())


KEPT_CONFIG = 'export jail_gone_hostname="gone"\nexport jail_gone_ip="lo0|10.0.0.9/24"\n'


def a_jail_is_kept(host: Host) -> None:
    settings = {"jaildir": "/usr/jails", "jailzfs": "tank/j", "use_zfs_for_jails": True}
    facts = FACTS | {"ezjail": FACTS["ezjail"] | {"settings": settings, "config_text": ""}}
    Host.objects.filter(pk=host.pk).update(facts=facts)
    KeptJail.objects.create(
        pk=ROW_ID, host=host, name="gone", safe_name="gone", place="tank/j/kept-gone-20261124125900",
        is_dataset=True, config_text=KEPT_CONFIG, deleted_at=timezone.now(), keep_until=timezone.now(),
    )  # fmt: skip


def there_is_a_pool(host: Host) -> None:
    pool = make_pool("10.0.0.0/24", host=host, interface="lo0")
    AddressPool.objects.filter(pk=pool.pk).update(id=ROW_ID)
    ends = dict.fromkeys(("first_key", "last_key"), address_key("10.0.0.9"))
    ReservedRange.objects.create(pk=ROW_ID, pool_id=ROW_ID, first="10.0.0.9", last="10.0.0.9", **ends)


def there_is_a_rule_set(host: Host) -> None:
    RuleSet.objects.create(pk=ROW_ID, host=host, name="rules")
    FirewallTable.objects.create(pk=ROW_ID, rule_set_id=ROW_ID, name="shut-out", entries="198.51.100.0/24")


def there_is_a_firewall(host: Host) -> None:
    text = "65000 allow ip from any to any"
    RuleSet.objects.create(pk=ROW_ID, host=host, name="rules", layout=Layout.WRITTEN, written=text)
    see(host, firewall("100 deny tcp from any to me 25", text))
    applied(host, firewall(text), pk=123)


def there_is_nat(host: Host) -> None:
    there_is_a_rule_set(host)
    NatInstance.objects.create(pk=ROW_ID, host=host, address="192.0.2.1")
    PortForward.objects.create(
        pk=ROW_ID, nat_id=ROW_ID, kind="port", proto="tcp", public_ports="80", local_address="10.0.0.2",
        local_ports="80",
    )  # fmt: skip


def nat_was_seen(host: Host) -> None:
    seen = {"rules": [], "nat": ["nat 123 config ip 192.0.2.1"], "tables": {}}
    seen |= {"one_pass": False, "default_allows": False, "disabled_sets": []}
    HostFirewall.objects.create(host=host, observed={"firewall": seen})


def an_address_of_a_pool_is_held(host: Host) -> None:
    there_is_a_pool(host)
    keep(AddressPool.objects.get(), "10.0.0.7", host, "test")
    HeldAddress.objects.update(id=ROW_ID)


def no_job_is_open(_host: Host) -> None:
    Job.objects.update(state=JobState.SUCCEEDED)


@dataclass(frozen=True, slots=True)
class Row:
    """What one URL does.

    Args:
        get: What GET gives each of the cast.
        post: What POST gives them.
        data: What is posted.
        event: The audit action that a POST which works leaves.
        kind: The kind of job that it queues.
        given: Prepares the host.
    """

    get: str
    post: str = NOT_HERE
    data: Mapping[str, str] = field(default_factory=dict)
    event: str = ""
    kind: str = ""
    given: Callable[[Host], None] = as_it_is


EVERYBODY, GONE, ONLY_POST = "200 200 200 200 in", "404 404 404 404 404", NOT_HERE
ON_HOST = "200 200 200 404 in"
OPERATORS, ADMINS = "200 200 403 404 in", "200 403 403 404 in"
OPERATORS_DO, ADMINS_DO = "302 302 403 404 in", "302 403 403 404 in"
OWNER_SEES, OWNER_DOES = "200 403 403 403 in", "302 403 403 403 in"
PLAN_HASH = make_plan(("/bin/step0",)).hash
SEEN = {"seen": hash_of([Job(batch_id=BATCH_ID, batch_position=0, plan_hash=PLAN_HASH)])}
NEW_JAIL = {"name": "web", "interface": "lo0", "address": "10.0.0.9", "prefix": "24"}
BULK = {"all": "jails", "query": "q=test", "confirmed": "yes", "at_once": "1", "stop_after": "1"}
RC_CONF = {"path": "etc/rc.conf"}
NEW_HOST = {"name": "beta", "channel": "ssh", "address": "192.0.2.55", "port": "22", "user": "root"}

EZJAIL_SETUP = {"jaildir": "/usr/jails", "mirror": "https://download.freebsd.org", "exec_stop": "on"}
EZJAIL_SETTINGS = {"ezjail_devfs_ruleset": "4", "was-ezjail_devfs_ruleset": ""}
RULES = {"do": "save", "version": "1", "written": "500 deny tcp from any to me 3306 in"}
RULES |= {"shown": content_mark(Content(written=RULES["written"]))}
CHOICES = {"do": "save", "version": "1", "layout": "article"}
CHOICES |= {"shown": content_mark(Content("article", {"outgoing": [], "host_services": [], "icmp": False}))}
NEW_RULES = {"name": "new", "owner": "host-alpha", "begins": "recommended"}
VALUES = {"outside": "re0", "public_addresses": "192.0.2.1", "jail_networks": "10.0.0.0/24"}
ADD_ADDRESS = address_posts.ADD | {"plan_hash": address_posts.plan().hash}
NEW_NAT = {"number": "123", "address": "192.0.2.1", "options": "same_ports"}
NEW_FORWARD = {"kind": "port", "proto": "tcp", "public_ports": "81", "local_address": "10.0.0.2"}
NEW_POOL = {"name": "new", "network": "10.0.0.0/24", "interface": "lo1", "hosts": "all"}
NEW_SCHEDULE = {"name": "new", "kind": "hosts.probe", "target": "all", "every": "day", "clock": "03:00"}

ROWS = {
    "account_login": Row("302 302 302 302 200", "302 302 302 302 200", {"login": "x", "password": "y"}),
    "account_logout": Row("200 200 200 200 302", "302 302 302 302 302"),
    "account_signup": Row("302 302 302 302 200", "302 302 302 302 200", {"username": "eve"}),
    "account_inactive": Row("200 200 200 200 200", "405 405 405 405 405"),
    "account_change_password": Row(EVERYBODY, EVERYBODY, {"oldpassword": "x", "password1": "y"}),
    "account_reauthenticate": Row(EVERYBODY, EVERYBODY, {"password": "x"}),
    "accounts:setup": Row(GONE, GONE, {"username": "eve"}),
    "accounts:setup-link": Row(GONE, "405 405 405 405 405"),
    "web:dashboard": Row(EVERYBODY),
    "web:host-detail": Row(ON_HOST),
    "hosts:host-list": Row(EVERYBODY),
    "hosts:host-add": Row(
        "200 403 403 403 in", "302 403 403 403 in", NEW_HOST, event="host.added"
    ),
    "hosts:host-probe": Row(ONLY_POST, OPERATORS_DO, event="host.probe_requested"),
    "hosts:host-key-confirm": Row(
        ONLY_POST, ADMINS_DO, {"fingerprint": fingerprint(FIRST)}, event="host.key_confirmed", given=key_waits
    ),
    "hosts:host-key-reject": Row(ONLY_POST, ADMINS_DO, event="host.key_rejected", given=key_waits),
    "hosts:host-remove": Row(
        ADMINS, ADMINS_DO, {"typed_name": "alpha"}, event="host.removed", given=no_job_is_open
    ),
    "hosts:host-group": Row(
        ADMINS, ADMINS_DO, {"group": ""}, event="host.group_changed", given=it_is_in_a_group
    ),
    "hosts:group-list": Row(EVERYBODY),
    "hosts:group-add": Row(OWNER_SEES, OWNER_DOES, {"name": "staging"}, event="group.added"),
    "hosts:group-rename": Row(OWNER_SEES, OWNER_DOES, {"name": "live"}, event="group.renamed"),
    "hosts:group-remove": Row(OWNER_SEES, OWNER_DOES, event="group.removed"),
    "hosts:agent-install": Row("200 200 200 200 200", "405 405 405 405 405"),
    "jails:jail-list": Row(EVERYBODY),
    "jails:jail-bulk": Row(
        "200 200 403 200 in", "302 302 403 422 in", BULK, event="jail.stop_requested", kind="jails.stop"
    ),
    "jails:jail-detail": Row(ON_HOST),
    "jails:jail-start": Row(OPERATORS, OPERATORS_DO, event="jail.start_requested", kind="jails.start"),
    "jails:jail-stop": Row(OPERATORS, OPERATORS_DO, event="jail.stop_requested", kind="jails.stop"),
    "jails:jail-restart": Row(OPERATORS, OPERATORS_DO, event="jail.restart_requested", kind="jails.restart"),
    "jails:jail-delete": Row(
        ADMINS, ADMINS_DO, {"typed_name": "test"}, event="jail.delete_requested", kind="jails.delete"
    ),
    "jails:jail-create": Row(
        ADMINS, ADMINS_DO, NEW_JAIL, event="jail.create_requested", kind="jails.create"
    ),
    "jails:jail-check": Row(ONLY_POST, ADMINS, NEW_JAIL),
    "jails:jail-image": Row(
        OPERATORS, OPERATORS_DO, event="jail.image_attach_requested", kind="jails.image_attach",
        given=its_jail_is_an_image,
    ),
    "jails:preset-list": Row(EVERYBODY),
    "jails:preset-add": Row(
        "200 403 403 200 in", "302 403 403 422 in", {"name": "Web", "group": ""}, event="preset.added"
    ),
    "jails:preset-change": Row(OWNER_SEES, OWNER_DOES, {"name": "Web", "group": ""}, event="preset.changed"),
    "jails:preset-remove": Row(OWNER_SEES, OWNER_DOES, event="preset.removed"),
    "jails:host-archives": Row(ON_HOST, given=there_is_something_to_go_back_to),
    "jails:jail-archives": Row(ON_HOST, given=there_is_something_to_go_back_to),
    "jails:jail-archive": Row(
        OPERATORS, OPERATORS_DO, event="jail.archive_requested", kind="jails.archive",
        given=there_is_something_to_go_back_to,
    ),
    "jails:jail-snapshot": Row(
        OPERATORS, OPERATORS_DO, event="jail.snapshot_requested", kind="jails.snapshot",
        given=there_is_something_to_go_back_to,
    ),
    "jails:jail-rollback": Row(
        ADMINS, ADMINS_DO, {"typed_name": "test"}, event="jail.rollback_requested", kind="jails.rollback",
        given=there_is_something_to_go_back_to,
    ),
    "jails:snapshot-remove": Row(
        ADMINS, ADMINS_DO, event="jail.snapshot_remove_requested", kind="jails.snapshot_remove",
        given=there_is_something_to_go_back_to,
    ),
    "jails:archive-restore": Row(
        ADMINS, ADMINS_DO, {"name": "copy", "addresses": "lo0|10.0.0.9/24"},
        event="jail.restore_requested", kind="jails.restore", given=there_is_something_to_go_back_to,
    ),
    "jails:archive-remove": Row(
        ADMINS, ADMINS_DO, {"typed_name": ARCHIVE}, event="archive.remove_requested",
        kind="jails.archive_remove", given=there_is_something_to_go_back_to,
    ),
    "jails:jail-inside": Row(OPERATORS),
    "jails:jail-service": Row(
        "422 403 403 404 in",
        ADMINS_DO,
        {"do": "onestart", "name": "sshd"},
        event="jail.service_requested",
        kind="jails.inside_service",
    ),
    "jails:jail-packages": Row(
        ADMINS,
        ADMINS_DO,
        {"do": "install", "names": "nginx", "confirmed": "yes"},
        event="jail.packages_requested",
        kind="jails.inside_packages",
    ),
    "jails:jail-command": Row(
        ADMINS,
        ADMINS_DO,
        {"line": "uptime", "confirmed": "yes"},
        event="jail.command_requested",
        kind="jails.command",
    ),
    "jails:jail-move": Row(ADMINS, ADMINS),
    "jails:jail-move-check": Row(ONLY_POST, "404 403 403 404 in"),
    "jails:jail-take-back": Row(
        ADMINS,
        ADMINS_DO,
        event="jail.move_back_requested",
        kind="jails.move_back",
        given=it_was_moved,
    ),
    "jails:flavour-copy": Row(ADMINS, ADMINS, given=it_has_a_flavour),
    "jails:archive-copy": Row(ADMINS, ADMINS, given=there_is_something_to_go_back_to),
    "jails:flavour-list": Row(ON_HOST, given=it_has_a_flavour),
    "jails:flavour-detail": Row(ON_HOST, given=it_has_a_flavour),
    "jails:flavour-new": Row(
        ADMINS,
        ADMINS_DO,
        {"name": "mine", "source": "empty", "confirmed": "yes"},
        event="flavour.new_requested",
        kind="jails.flavour_new",
        given=it_has_a_flavour,
    ),
    "jails:flavour-delete": Row(
        ADMINS,
        ADMINS_DO,
        {"typed_name": "example"},
        event="flavour.delete_requested",
        kind="jails.flavour_delete",
        given=it_has_a_flavour,
    ),
    "jails:flavour-file": Row(
        "422 403 403 404 in",
        ADMINS_DO,
        RC_CONF | {"content": "new", "confirmed": "yes"},
        event="flavour.file_write_requested",
        kind="jails.flavour_edit",
        given=it_has_a_flavour,
    ),
    "jails:flavour-file-new": Row(
        ADMINS,
        ADMINS_DO,
        {"path": "etc/motd", "content": "new", "confirmed": "yes"},
        event="flavour.file_write_requested",
        kind="jails.flavour_edit",
        given=it_has_a_flavour,
    ),
    "jails:flavour-file-remove": Row(
        "422 403 403 404 in",
        ADMINS_DO,
        RC_CONF,
        event="flavour.file_remove_requested",
        kind="jails.flavour_edit",
        given=it_has_a_flavour,
    ),
    "jails:flavour-file-mode": Row(
        "422 403 403 404 in",
        ADMINS_DO,
        RC_CONF,
        event="flavour.file_mode_requested",
        kind="jails.flavour_edit",
        given=it_has_a_flavour,
    ),
    "jails:leak-list": Row(EVERYBODY),
    "jails:leak-look": Row(OPERATORS),
    "jails:drift-list": Row(EVERYBODY),
    "jails:drift-adopt-shown": Row(
        "200 403 403 200 in", "302 403 403 422 in", {}, "jail.drift_adopted", given=it_drifts
    ),
    "jails:jail-drift": Row(ON_HOST),
    "jails:drift-apply": Row(
        ADMINS, ADMINS_DO, {}, "jail.apply_wanted_requested", "jails.apply_wanted", given=it_drifts
    ),
    "jails:drift-adopt": Row(ADMINS, ADMINS_DO, {}, "jail.drift_adopted", given=it_drifts),
    "jails:jail-settings": Row(
        ON_HOST, ADMINS_DO, settings_posts.FIB, event="jail.change_requested", kind="jails.change",
        given=settings_posts.it_has_a_file,
    ),
    "jails:jail-settings-check": Row(
        ONLY_POST, ADMINS, settings_posts.FIB, given=settings_posts.it_has_a_file
    ),
    "jails:jail-text": Row(
        ON_HOST, ADMINS_DO, settings_posts.TEXT, event="jail.change_requested", kind="jails.change",
        given=settings_posts.it_has_a_file,
    ),
    "jails:jail-text-check": Row(ONLY_POST, ADMINS, settings_posts.TEXT, given=settings_posts.it_has_a_file),
    "jails:jail-rename": Row(
        ON_HOST, ADMINS_DO, settings_posts.NAME, event="jail.rename_requested", kind="jails.rename",
        given=settings_posts.it_has_a_file,
    ),
    "jails:jail-rename-check": Row(
        ONLY_POST, ADMINS, settings_posts.NAME, given=settings_posts.it_has_a_file
    ),
    "jails:kept-jails": Row(ON_HOST, given=a_jail_is_kept),
    "jails:kept-bring-back": Row(
        ADMINS, ADMINS_DO, event="jail.restore_requested", kind="jails.restore", given=a_jail_is_kept
    ),
    "jails:kept-remove": Row(
        ADMINS, ADMINS_DO, {"typed_name": "gone"}, event="kept_jail.remove_requested",
        kind="jails.kept_remove", given=a_jail_is_kept,
    ),
    "jails:keep-policies": Row(
        OWNER_SEES, OWNER_DOES, {"group": "", "days": "7"}, event="keep_policy.set"
    ),
    "jails:repair": Row(
        ADMINS,
        ADMINS_DO,
        {"typed_name": "gone"},
        event="repair.requested",
        kind="jails.repair",
        given=a_root_is_left_over,
    ),
    "jails:finding-leave": Row(ONLY_POST, OPERATORS_DO, event="repair.left", given=the_job_left_a_root),
    "jails:basejail-install": Row(
        ADMINS,
        ADMINS_DO,
        {"release": "13.2-RELEASE"},
        event="basejail.install_requested",
        kind="jails.basejail_install",
    ),
    "jails:basejail-check": Row(ONLY_POST, ADMINS, {"release": "13.2-RELEASE"}),
    "jails:basejail": Row(ON_HOST),
    "jails:basejail-update": Row(
        ADMINS, ADMINS_DO, event="basejail.update_requested", kind="jails.basejail_update"
    ),
    "jails:ezjail": Row(ON_HOST),
    "jails:ezjail-setup": Row(
        ADMINS, ADMINS_DO, EZJAIL_SETUP, event="ezjail.setup_requested", kind="jails.ezjail_setup"
    ),
    "jails:ezjail-setup-check": Row(ONLY_POST, ADMINS, EZJAIL_SETUP),
    "jails:ezjail-settings": Row(
        ADMINS, ADMINS_DO, EZJAIL_SETTINGS, event="ezjail.settings_requested", kind="jails.ezjail_settings"
    ),
    "jails:ezjail-settings-check": Row(ONLY_POST, ADMINS, EZJAIL_SETTINGS),
    "jobs:job-list": Row(EVERYBODY),
    "jobs:job-bar": Row(EVERYBODY),
    "jobs:batch-list": Row(EVERYBODY),
    "jobs:batch-detail": Row(ON_HOST, given=a_batch_runs),
    "jobs:batch-stop": Row(OPERATORS, OPERATORS_DO, event="batch.stop_requested", given=a_batch_runs),
    "jobs:batch-cancel": Row(OPERATORS, OPERATORS_DO, event="batch.cancel_requested", given=a_batch_runs),
    "jobs:job-detail": Row(ON_HOST),
    "jobs:job-status": Row(ON_HOST),
    "jobs:job-output": Row(ON_HOST),
    "jobs:job-download": Row(ON_HOST),
    "jobs:job-cancel": Row(OPERATORS, OPERATORS_DO, event="job.cancel_requested"),
    "jobs:job-retry": Row(
        OPERATORS, OPERATORS_DO, event="jail.stop_requested", kind="jails.stop", given=the_job_failed
    ),
    "jobs:job-answer": Row("409 403 403 404 in", "409 403 403 404 in", {"passphrase": "x"}),
    "jobs:job-approve": Row(
        ONLY_POST,
        ADMINS_DO,
        {"plan_hash": PLAN_HASH},
        event="job.approved",
        given=the_job_awaits,
    ),
    "jobs:job-reject": Row(
        ADMINS, ADMINS_DO, {"reason": "Not today."}, event="job.rejected", given=the_job_awaits
    ),
    "jobs:batch-approve": Row(ADMINS, ADMINS_DO, SEEN, event="batch.approved", given=a_batch_awaits),
    "jobs:batch-reject": Row(
        ADMINS, ADMINS_DO, SEEN | {"reason": "No."}, event="batch.rejected", given=a_batch_awaits
    ),
    "jobs:policy-list": Row(EVERYBODY),
    "jobs:policy-add": Row(
        OWNER_SEES, OWNER_DOES, {"group": "", "kind": "jails.stop", "valid_h": "8"}, event="policy.added"
    ),
    "jobs:policy-change": Row(OWNER_SEES, OWNER_DOES, {"valid_h": "8"}, event="policy.changed"),
    "jobs:policy-remove": Row(OWNER_SEES, OWNER_DOES, event="policy.removed"),
    "schedules:schedule-list": Row(EVERYBODY),
    "schedules:schedule-add": Row(
        "200 403 403 200 in", "302 403 403 422 in", NEW_SCHEDULE, event="schedule.added"
    ),
    "schedules:schedule-check": Row(ONLY_POST, "200 403 403 200 in", NEW_SCHEDULE),
    "schedules:schedule-detail": Row(ON_HOST),
    "schedules:schedule-change": Row(ADMINS, ADMINS_DO, NEW_SCHEDULE, event="schedule.changed"),
    "schedules:schedule-switch": Row(ONLY_POST, ADMINS_DO, event="schedule.switched_off"),
    "schedules:schedule-run": Row(ONLY_POST, ADMINS_DO, event="schedule.run_requested"),
    "schedules:schedule-remove": Row(ADMINS, ADMINS_DO, event="schedule.removed"),
    "network:pool-list": Row(EVERYBODY),
    "network:pool-add": Row("200 403 403 200 in", "302 403 403 422 in", NEW_POOL, event="pool.added"),
    "network:pool-detail": Row(ON_HOST, given=an_address_of_a_pool_is_held),
    "network:pool-change": Row(ADMINS, ADMINS_DO, NEW_POOL, event="pool.changed", given=there_is_a_pool),
    "network:pool-remove": Row(ADMINS, ADMINS_DO, event="pool.removed", given=there_is_a_pool),
    "network:pool-take-over": Row(ADMINS, ADMINS_DO, event="pool.taken_over", given=there_is_a_pool),
    "network:pool-reserve": Row(
        ADMINS, ADMINS_DO, {"first": "10.0.0.5"}, event="pool.range_reserved", given=there_is_a_pool
    ),
    "network:pool-unreserve": Row(ADMINS, ADMINS_DO, event="pool.range_freed", given=there_is_a_pool),
    "network:address-hold": Row(
        ADMINS, ADMINS_DO, {"address": "10.0.0.5", "note": "printer"}, event="address.held",
        given=there_is_a_pool,
    ),
    "network:address-release": Row(
        ADMINS, ADMINS_DO, event="address.released", given=an_address_of_a_pool_is_held
    ),
    "network:address-list": Row(EVERYBODY),
    "network:address-conflicts": Row(EVERYBODY),
    "network:rules-list": Row(EVERYBODY),
    "network:rules-add": Row("200 403 403 200 in", "302 403 403 422 in", NEW_RULES, event="rule_set.added"),
    "network:rules-detail": Row(ON_HOST, given=there_is_a_rule_set),
    "network:rules-choices": Row(
        ON_HOST, ADMINS_DO, CHOICES, event="rule_set.changed", given=there_is_a_rule_set
    ),
    "network:rules-written": Row(
        ON_HOST, ADMINS_DO, RULES, event="rule_set.changed", given=there_is_a_rule_set
    ),
    "network:rules-layouts": Row(ON_HOST, given=there_is_a_rule_set),
    "network:rules-describe": Row(
        ADMINS, ADMINS_DO, {"name": "other"}, event="rule_set.described", given=there_is_a_rule_set
    ),
    "network:rules-remove": Row(ADMINS, ADMINS_DO, event="rule_set.removed", given=there_is_a_rule_set),
    "network:rules-tables": Row(ON_HOST, given=there_is_a_rule_set),
    "network:rules-table-add": Row(
        ADMINS, ADMINS_DO, {"name": "new"}, event="rule_set.table_added", given=there_is_a_rule_set
    ),
    "network:rules-table-change": Row(
        ADMINS, ADMINS_DO, {"name": "new"}, event="rule_set.table_changed", given=there_is_a_rule_set
    ),
    "network:rules-table-remove": Row(
        ADMINS, ADMINS_DO, event="rule_set.table_removed", given=there_is_a_rule_set
    ),
    "network:host-firewall-values": Row(ADMINS, ADMINS_DO, VALUES, event="host.firewall_values_set"),
    "network:host-firewall": Row(ON_HOST, given=there_is_a_firewall),
    "network:host-firewall-apply": Row(
        ADMINS, ADMINS_DO, event="firewall.apply_requested", kind="network.firewall_apply",
        given=there_is_a_firewall,
    ),
    "network:host-firewall-adopt": Row(
        ADMINS, ADMINS_DO, event="firewall.adopted", given=there_is_a_firewall
    ),
    "network:host-firewall-applied": Row(ON_HOST, given=there_is_a_firewall),
    "network:trace-host": Row(ON_HOST),
    "network:host-network": Row(ON_HOST, given=address_posts.furnish),
    "network:host-address-add": Row(
        ADMINS, ADMINS_DO, ADD_ADDRESS, event="host.address_requested", kind="network.address_add",
        given=address_posts.furnish,
    ),
    "network:host-nat": Row(ON_HOST, given=there_is_nat),
    "network:host-nat-add": Row(ADMINS, ADMINS_DO, NEW_NAT, event="nat.added"),
    "network:host-nat-change": Row(ADMINS, ADMINS_DO, NEW_NAT, event="nat.changed", given=there_is_nat),
    "network:host-nat-remove": Row(ADMINS, ADMINS_DO, event="nat.removed", given=there_is_nat),
    "network:host-nat-take-over": Row(ONLY_POST, ADMINS_DO, event="nat.taken_over", given=nat_was_seen),
    "network:host-nat-forward-add": Row(
        ADMINS, ADMINS_DO, NEW_FORWARD, event="nat.forward_added", given=there_is_nat
    ),
    "network:host-nat-forward-change": Row(
        ADMINS, ADMINS_DO, NEW_FORWARD, event="nat.forward_changed", given=there_is_nat
    ),
    "network:host-nat-forward-remove": Row(
        ADMINS, ADMINS_DO, event="nat.forward_removed", given=there_is_nat
    ),
    "audit:event-list": Row("200 403 403 200 in"),
}  # fmt: skip
CHANGING = [name for name, row in ROWS.items() if row.event]
POSTABLE = [name for name, row in ROWS.items() if "405" not in row.post]


@dataclass(frozen=True, slots=True)
class World:
    """A host with a basejail, a running jail and a job, another host, and someone at each browser."""

    host: Host
    other: Host
    owner: Person
    clients: dict[str, Client]
    ids: dict[str, Any]

    def url(self, name: str, **other: Any) -> str:
        wanted = known_urls()[name]
        return reverse(name, kwargs={key: (self.ids | other)[key] for key in wanted})

    @contextmanager
    def ask(self, name: str, who: str, method: str, **headers: str) -> Iterator[Any]:
        """Give an answer, and then take back all that it did."""
        client, data = self.clients[who], ROWS[name].data if method == "post" else {}
        cookies = deepcopy(client.cookies)
        with transaction.atomic():
            yield getattr(client, method)(self.url(name), data, headers=headers)
            transaction.set_rollback(True)
        client.cookies = cookies


@pytest.fixture(autouse=True)
def _no_earlier_attempts() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def _hosts_answer(monkeypatch) -> None:
    """Pages that ask a host something before they are rendered find one that answers."""
    there = FakeHost()
    there.files["/usr/jails/flavours/example/etc/rc.conf"] = b"old\n"
    there.inside = dict.fromkeys(("processes", "ports", "users"), out(""))
    for module in ("apps.jails.flavours.reading", "apps.jails.inside.looking"):
        monkeypatch.setattr(f"{module}.agent_of", lambda _host: Agent(there))


@pytest.fixture(scope="module")
def made(django_db_setup, django_db_blocker) -> Iterator[World]:
    """Make the world once for all tests: each one's changes to it are taken back."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_world()
        transaction.set_rollback(True)


@pytest.fixture
def world(made, db) -> World:
    """The world with browsers that nobody has used yet."""
    clients = {who: another(client) for who, client in made.clients.items()}
    owner = Person(made.owner.user, clients["owner"])
    return replace(made, host=copy(made.host), other=copy(made.other), owner=owner, clients=clients)


@pytest.fixture
def other_host(world) -> Host:
    return world.other


def another(client: Client) -> Client:
    """Return a browser in which the same person is signed in."""
    fresh = Client(**client.defaults)
    fresh.cookies = deepcopy(client.cookies)
    return fresh


def make_world() -> World:
    host, other = make_host("alpha"), make_host("omega", address="198.51.100.77")
    make_basejail(host)
    make_jail(host, "test", jid=4)
    job = make_job(host, subject="other")
    policy = ApprovalPolicy.objects.create(kind="tests.other")
    group = HostGroup.objects.create(name="production")
    people = {
        "owner": make_person("owner", (Role.ADMIN, None)),
        "operator": make_person("operator", (Role.OPERATOR, host)),
        "viewer": make_person("viewer", (Role.VIEWER, host)),
        "outsider": make_person("outsider", (Role.ADMIN, other)),
    }
    clients = {name: person.client for name, person in people.items()}
    clients["nobody"] = Client(REMOTE_ADDR="192.0.2.66")
    schedule = bare_schedule(people["owner"].user, host)
    ids = {
        "schedule_id": schedule.pk,
        "host_id": host.pk,
        "safe_name": "test",
        "job_id": job.pk,
        "token": "x" * 43,
    }
    ids |= {"key": "remains-gone", "way": "finish", "change": "patch"}
    ids |= {"file_name": ARCHIVE, "label": LABEL, "kept_id": ROW_ID}
    ids |= {"of": "file"}
    preset = JailPreset.objects.create(name="Database")
    ids |= {"policy_id": policy.pk, "group_id": group.pk, "preset_id": preset.pk, "image_verb": "attach"}
    ids |= {"flavour": "example"}
    ids |= {"number": 123, "forward_id": ROW_ID}
    ids |= {
        "pool_id": ROW_ID,
        "held_id": ROW_ID,
        "range_id": ROW_ID,
        "rule_set_id": ROW_ID,
        "table_id": ROW_ID,
    }
    return World(host, other, people["owner"], clients, ids | {"verb": "stop", "batch_id": BATCH_ID})


def known_urls() -> dict[str, set[str]]:
    """Every URL's name with the names of its parts, as the resolver has them."""
    found: dict[str, set[str]] = {}

    def walk(patterns: list[URLPattern | URLResolver], namespace: str) -> None:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                walk(
                    pattern.url_patterns,
                    f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace,
                )
            else:
                found[f"{namespace}{pattern.name}"] = set(pattern.pattern.converters)

    walk(get_resolver().url_patterns, "")
    return found


def everything() -> dict[str, list[Any]]:
    """All rows of the panel's own tables, and how much waits to be sent; sessions and their events aside."""
    models = [
        model
        for label in (
            "accounts",
            "hosts",
            "updates",
            "network",
            "jails",
            "schedules",
            "django_celery_beat",
            "jobs",
        )
        for model in apps.get_app_config(label).get_models()
    ]
    rows = {model.__name__: rows_of(model) for model in models}
    return rows | {"AuditEvent": list(events().values()), "to be sent": connection.run_on_commit[:]}


def rows_of(model: type[Model]) -> list[Any]:
    """Return a table as it is stored, past the models: it is asked for thousands of times."""
    quoted = connection.ops.quote_name
    fields = [field for field in model._meta.concrete_fields if field.name != "last_login"]
    columns = ", ".join(quoted(field.column) for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {quoted(model._meta.db_table)} ORDER BY 1")  # noqa: S608
        return cursor.fetchall()


def events():
    return AuditEvent.objects.exclude(action__startswith="session.").order_by("sequence")


def given(answer: Any) -> str:
    """The status; "in" for being sent to sign in."""
    if answer.status_code == 302 and answer.headers["Location"].startswith("/account/sign-in/?next="):
        return "in"
    return str(answer.status_code)


def left_behind(before: dict[str, list[Any]]) -> list[str]:
    """The tables that differ from before."""
    now = everything()
    return [table for table in now if now[table] != before[table]]


each = pytest.mark.parametrize("name", ROWS)


# -- the table ------------------------------------------------------------------------------------------


def test_every_url_has_a_row_and_every_row_a_url():
    assert set(known_urls()) == set(ROWS)


@each
def test_each_gets_their_answer_and_only_a_post_that_is_let_through_changes_anything(world, name):
    row = ROWS[name]
    row.given(world.host)
    before = everything()
    for method, wanted in (("get", row.get), ("post", row.post)):
        answers = []
        for who, expected in zip(CAST, wanted.split(), strict=True):
            with world.ask(name, who, method) as answer:
                answers.append(given(answer))
                changes = method == "post" and bool(row.event) and expected == "302"
                assert bool(left_behind(before)) == changes, (method, who)
        assert " ".join(answers) == wanted, method


# -- what a change leaves behind ------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHANGING)
def test_a_change_is_recorded_with_person_address_and_job(world, name):
    row = ROWS[name]
    row.given(world.host)
    jobs = set(Job.objects.values_list("pk", flat=True))
    with world.ask(name, "owner", "post"):
        # A batch and its jobs have events of their own.
        (event,) = (found for found in events() if found.action == row.event)
        made = Job.objects.exclude(pk__in=jobs)
        assert (event.action, event.actor_name, event.address) == (row.event, "owner", "192.0.2.99")
        assert event.actor_id == world.owner.user.pk
        assert event.request_id
        assert [job.kind for job in made] == ([row.kind] if row.kind else [])
        about = world.ids["job_id"] if "job_id" in known_urls()[name] else None
        assert event.job_id == (made.get().pk if row.kind else about)


@pytest.mark.parametrize("name", CHANGING)
def test_a_change_is_told_to_workers_or_pages_after_the_commit(
    world, name, sent, django_capture_on_commit_callbacks
):
    ROWS[name].given(world.host)
    with django_capture_on_commit_callbacks(execute=True):
        world.clients["owner"].post(world.url(name), ROWS[name].data)
        assert (sent.tasks, sent.events) == ([], [])
    assert sent.tasks or sent.events
    if ROWS[name].kind:
        assert sent.tasks == [("apps.jobs.tasks.advance_lane", str(world.host.pk))]


# -- forged and mistaken requests -----------------------------------------------------------------------


@pytest.mark.parametrize("name", POSTABLE)
def test_a_post_without_its_token_is_refused_and_changes_nothing(world, name):
    ROWS[name].given(world.host)
    before = everything()
    for who in ("owner", "nobody"):
        world.clients[who].handler.enforce_csrf_checks = True
        with world.ask(name, who, "post") as answer:
            assert answer.status_code == 403
            assert "The browser sent a form without a valid token" in answer.content.decode()
            assert left_behind(before) == []


@each
def test_other_methods_do_nothing(world, name):
    ROWS[name].given(world.host)
    before = everything()
    for method in ("put", "patch", "delete", "head", "options"):
        with world.ask(name, "owner", method) as answer:
            assert answer.status_code < 500
            assert left_behind(before) == []


@each
def test_htmx_gets_the_same_answer_as_anyone_and_is_sent_to_sign_in_as_a_whole_page(world, name):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/hosts/"}
    for method, answers in (("get", ROWS[name].get), ("post", ROWS[name].post)):
        with world.ask(name, "nobody", method, **headers) as answer:
            if answers.endswith(" in"):
                assert answer.status_code == 204
                assert answer.headers["HX-Redirect"] == "/account/sign-in/?next=%2Fhosts%2F"
            else:
                assert "sign-in" not in answer.headers.get("HX-Redirect", "") or name == "account_logout"
    with (
        world.ask(name, "viewer", "get") as plain,
        world.ask(name, "viewer", "get", **{"HX-Request": "true"}) as asked,
    ):
        assert asked.status_code == (204 if plain.status_code == 302 else plain.status_code)


@pytest.mark.parametrize(
    "name", [name for name, parts in known_urls().items() if {"host_id", "job_id", "batch_id"} & parts]
)
def test_what_does_not_exist_is_not_there_for_anyone(world, name):
    url = world.url(name, host_id=uuid.uuid4(), job_id=uuid.uuid4(), batch_id=uuid.uuid4())
    owner = world.clients["owner"]
    assert {owner.get(url).status_code, owner.post(url, ROWS[name].data).status_code} <= {404, 405}


@pytest.mark.parametrize("name", [name for name, parts in known_urls().items() if "safe_name" in parts])
def test_a_jail_is_not_there_on_another_host(world, name, other_host):
    ask = world.clients["owner"].post if ROWS[name].get == ONLY_POST else world.clients["owner"].get
    assert ask(world.url(name, host_id=other_host.pk)).status_code == 404


@pytest.mark.parametrize("name", POSTABLE)
def test_no_text_in_a_form_breaks_a_page(world, name):
    ROWS[name].given(world.host)
    fields = {
        *ROWS[name].data,
        "idempotency_key",
        "plan_hash",
        "next",
        "typed_name",
        "touched",
        "release",
        "flavour",
    }
    for text in (
        "\0",
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
        "x" * 5000,
        "🦊",
        "-{{ 7 }}%00",
    ):
        answer = world.clients["owner"].post(world.url(name), dict.fromkeys(fields, text))
        assert answer.status_code < 500, (text, answer.content[:500])


@each
def test_no_text_in_an_address_breaks_a_page(world, name):
    ROWS[name].given(world.host)
    for text in ("\0", "🦊", "-1", "9" * 3000):
        query = dict.fromkeys(
            ("q", "sort", "page", "state", "after", "next", "wipe", "again", "host", "kind"), text
        )
        assert world.clients["owner"].get(world.url(name), query).status_code < 500, text


# -- foreign ids in form fields ---------------------------------------------------------------------------


@pytest.fixture
def own_jail(other_host) -> Jail:
    """A jail on the host that is the outsider's own."""
    make_basejail(other_host)
    return make_jail(other_host, "mine", jid=7)


@pytest.mark.parametrize("verb", ["start", "stop", "restart", "delete"])
def test_ids_of_others_in_a_form_do_nothing(world, own_jail, other_host, verb):
    foreign_jail = Jail.objects.get(name="test")
    foreign_job = world.ids["job_id"]
    url = reverse(f"jails:jail-{verb}", args=[other_host.pk, "mine"])
    answer = world.clients["outsider"].post(
        url,
        {
            "host": str(world.host.pk), "host_id": str(world.host.pk), "jail": str(foreign_jail.pk),
            "jail_id": str(foreign_jail.pk), "safe_name": "test", "job": str(foreign_job),
            "typed_name": "mine",
        },
    )  # fmt: skip
    assert answer.status_code == 302
    (job,) = Job.objects.exclude(pk=foreign_job)
    assert (job.host, job.subject) == (other_host, "mine")


def test_a_key_that_someone_else_used_makes_a_job_of_ones_own(world, own_jail, other_host):
    for who, host, name in (("owner", world.host, "test"), ("outsider", other_host, "mine")):
        url = reverse("jails:jail-stop", args=[host.pk, name])
        assert world.clients[who].post(url, {"idempotency_key": "wish"}).status_code == 302
    assert Job.objects.filter(kind="jails.stop").count() == 2


def test_a_form_that_asks_for_a_foreign_job_again_is_empty(world, own_jail, other_host):
    Job.objects.update(kind="jails.create", intent={"name": "their-jail", "addresses": "lo0|10.0.0.77/24"})
    url = reverse("jails:jail-create", args=[other_host.pk])
    text = world.clients["outsider"].get(url, {"again": str(world.ids["job_id"])}).content.decode()
    assert "their-jail" not in text
    assert "10.0.0.77" not in text


def test_a_new_jail_does_not_land_on_a_foreign_host(world, own_jail, other_host):
    url = reverse("jails:jail-create", args=[other_host.pk])
    answer = world.clients["outsider"].post(
        url, NEW_JAIL | {"host": str(world.host.pk), "host_id": str(world.host.pk)}
    )
    assert answer.status_code == 302
    assert Jail.objects.get(name="web").host == other_host


def test_lists_name_nothing_that_one_may_not_see(world, own_jail, other_host):
    Job.objects.update(title="Hidden work")
    for name in (
        "web:dashboard",
        "hosts:host-list",
        "jails:jail-list",
        "jobs:job-list",
        "schedules:schedule-list",
        "audit:event-list",
    ):
        text = world.clients["outsider"].get(reverse(name)).content.decode()
        assert "alpha" not in text, name
        assert "Hidden work" not in text, name
        assert str(world.host.pk) not in text, name
