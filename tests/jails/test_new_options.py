"""The folded part of a new jail: the commands that it becomes, what it refuses, and how it is proven."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.http import QueryDict
from django.utils import timezone

from apps.accounts.permissions import Role
from apps.freebsd.commands import FileChange
from apps.freebsd.commands.new_jail import CreateOptions, Storage
from apps.freebsd.errors import InvalidInput, NotAllowed
from apps.freebsd.values import JailAddresses, JailName
from apps.jails.forms import JailForm
from apps.jails.models import Archive
from apps.jails.new_options import NewJailOptions
from apps.jails.new_proof import wrong_of_options
from apps.jails.options_form import as_typed
from apps.jails.services import Agreed, NewJail, jail_create_request
from apps.jobs.models import Job
from tests.conftest import make_person
from tests.places import FACTS, make_basejail, make_jail

EZJAIL, ZFS = "/usr/local/bin/ezjail-admin", "/sbin/zfs"
WISH = {"name": "web", "interface": "lo0", "address": "10.0.0.7", "prefix": "24"}
IP = "lo0|10.0.0.7/24"
SETTINGS = {"jaildir": "/usr/jails", "archivedir": "/usr/jails/ezjail_archives"}


def with_zfs(host, *, for_jails: bool = False, conf: str = ""):
    """Say of a host that it has a pool, and how its ezjail is set."""
    settings = SETTINGS | {"jailzfs": "tank/ezjail", "use_zfs": True, "use_zfs_for_jails": for_jails}
    ezjail = FACTS["ezjail"] | {"settings": settings, "config_text": conf}
    host.facts = FACTS | {"zpools": [{"name": "tank"}], "ezjail": ezjail, "flavours": ["example", "web"]}
    host.save()
    return host


def filled(host, **fields) -> JailForm:
    data = QueryDict(mutable=True)
    for name, value in (WISH | fields).items():
        data.setlist(name, value if isinstance(value, list) else [value])
    form = JailForm(host, data)
    form.is_valid()
    return form


def steps(form: JailForm) -> list[tuple[str, ...]]:
    assert not form.errors, form.errors
    return [step.argv for step in form.wanted.plan(form.host).commands]


BUILT = {
    "a root elsewhere": (
        {"root": "/data/jails/web"},
        [(EZJAIL, "create", "-r", "/data/jails/web", "web", IP)],
    ),
    "flavours in order": (
        {"flavour": "example", "more_flavours": ["web"]},
        [(EZJAIL, "create", "-f", "example web", "web", IP)],
    ),
    "an image": (
        {"storage": "image", "size": "10g", "blocking": "on"},
        [(EZJAIL, "create", "-i", "-s", "10g", "-b", "web", IP)],
    ),
    "a dataset": (
        {"storage": "zfs", "quota": "20g", "compression": "lz4", "keep_snapshot": "on"},
        [
            (EZJAIL, "create", "-z", "tank/ezjail", "-k", "web", IP),
            (ZFS, "set", "compression=lz4", "tank/ezjail/web"),
            (ZFS, "set", "quota=20g", "tank/ezjail/web"),
        ],
    ),
    "another dataset above": (
        {"storage": "zfs", "parent": "tank/customers", "reservation": "1g"},
        [
            (EZJAIL, "create", "-z", "tank/customers", "web", IP),
            (ZFS, "set", "reservation=1g", "tank/customers/web"),
        ],
    ),
    "started, and not at boot": (
        {"start": "on", "norun": "on"},
        [
            (EZJAIL, "create", "web", IP),
            (EZJAIL, "onestart", "web"),
            (EZJAIL, "config", "-r", "norun", "web"),
        ],
    ),
}


@pytest.mark.parametrize("case", BUILT)
def test_what_is_chosen_becomes_exactly_these_commands(host, case):
    fields, argvs = BUILT[case]
    assert steps(filled(with_zfs(host), **fields)) == argvs


def test_what_create_has_no_option_for_is_written_into_its_file(host):
    form = filled(host, clean_stop="on", parameters="allow.raw_sockets sysvshm='new'", cpuset="0-1", fib="1")
    _create, change = form.wanted.plan(host).commands
    assert isinstance(change, FileChange)
    assert change.path == "/usr/local/etc/ezjail/web"
    assert [line for line in change.after.splitlines() if line not in change.before.splitlines()] == [
        'export jail_web_exec_stop="/bin/sh /etc/rc.shutdown jail"',
        'export jail_web_cpuset="0-1"',
        'export jail_web_fib="1"',
        'export jail_web_parameters="allow.raw_sockets=1 sysvshm=new"',
    ]
    assert any(warning.startswith("allow.raw_sockets: ") for warning in form.wanted.plan(host).warnings)


def test_a_host_that_makes_datasets_of_all_jails_gives_properties_to_them(host):
    form = filled(with_zfs(host, for_jails=True), quota="5g")
    assert steps(form)[1] == (ZFS, "set", "quota=5g", "tank/ezjail/web")


REFUSED = {
    "root of the system": ({"root": "/etc/jails"}, "root"),
    "root that is the disk": ({"root": "/"}, "root"),
    "root of one step": ({"root": "/data"}, "root"),
    "root with a way up": ({"root": "/usr/jails/../../etc/x"}, "root"),
    "root with shell": ({"root": "/data/$(id)"}, "root"),
    "root with NUL": ({"root": "/data/a\0b"}, "root"),
    "root of ezjail": ({"root": "/usr/jails/flavours/x"}, "root"),
    "root of another jail": ({"root": "/usr/jails/test/in"}, "root"),
    "root around another jail": ({"root": "/srv/jails"}, "root"),
    "image without size": ({"storage": "image"}, "size"),
    "size without image": ({"size": "10g"}, "size"),
    "no size": ({"storage": "image", "size": "ten"}, "size"),
    "unknown storage": ({"storage": "bde", "size": "1g"}, "storage"),
    "dataset as option": ({"storage": "zfs", "parent": "-x"}, "parent"),
    "quota of a directory": ({"quota": "10g"}, "quota"),
    "quota of nothing": ({"storage": "zfs", "quota": "0g"}, "quota"),
    "unknown flavour": ({"flavour": "example", "more_flavours": ["other"]}, "more_flavours"),
    "the same flavour twice": ({"flavour": "example", "more_flavours": ["example"]}, "more_flavours"),
    "only further flavours": ({"more_flavours": ["web"]}, "more_flavours"),
    "unknown archive": ({"archive": "other.tar.gz"}, "archive"),
    "archive elsewhere": ({"archive": "../../etc/passwd"}, "archive"),
    "unknown parameter": ({"parameters": "allow.everything=1"}, "parameters"),
    "hook": ({"parameters": "exec.prestart=/bin/sh"}, "parameters"),
    "path": ({"parameters": "path=/"}, "parameters"),
    "shell in a parameter": ({"parameters": "host.domainname=$(id)"}, "parameters"),
    "more CPUs than there are": ({"cpuset": "0-4"}, "cpuset"),
    "no CPUs": ({"cpuset": "a"}, "cpuset"),
    "routing table below 0": ({"fib": "-1"}, "fib"),
    "snapshot of a directory": ({"keep_snapshot": "on"}, "keep_snapshot"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_ezjail_would_get_wrong_is_refused_at_its_field(host, case):
    fields, field = REFUSED[case]
    make_jail(host)
    make_jail(host, "deep", addresses="lo0|10.0.0.9/24", root="/srv/jails/deep")
    form = filled(with_zfs(host), **fields)
    assert field in form.errors, form.errors
    assert form.wanted is None


def test_an_archive_of_the_host_fills_a_jail_and_takes_no_flavour(host):
    now = timezone.now()
    Archive.objects.create(host=host, file_name="old.tar.gz", size_bytes=1, made_at=now, observed_at=now)
    with_zfs(host)
    path = "/usr/jails/ezjail_archives/old.tar.gz"
    assert steps(filled(host, archive="old.tar.gz")) == [(EZJAIL, "create", "-a", path, "web", IP)]
    assert "archive" in filled(host, archive="old.tar.gz", flavour="example").errors


def test_where_ezjail_conf_computes_values_settings_are_left_to_the_jails_own_page(host):
    with_zfs(host, conf="ezjail_exec_start=$(cat /etc/start)\n")
    form = filled(host, cpuset="0")
    assert form.wanted is None
    assert "foretold" in str(form.errors)
    assert "ezjail.conf computes" in form.clean_stop_note
    assert steps(filled(host)) == [(EZJAIL, "create", "web", IP)]


ALL = NewJailOptions(
    CreateOptions(storage=Storage.ZFS, parent="tank/ezjail", blocking=True),
    (("exec_stop", "/bin/sh /etc/rc.shutdown jail"), ("cpuset", "0")),
    (("quota", "5g"),),
    runs_at_boot=False,
    starts=True,
)


def test_options_survive_the_job_that_keeps_them_and_fill_the_form_again(host):
    assert NewJailOptions.from_json(ALL.to_json()) == ALL
    assert NewJailOptions().to_json() == {}
    again = filled(with_zfs(host), **as_typed(ALL.to_json()))
    assert again.wanted.options == ALL


@pytest.mark.parametrize(
    "settings",
    [{"exec_stop": "/bin/sh /root/x"}, {"exec_start": "x"}, {"parameters": 'a="b"'}, {"cpuset": ""}],
)
def test_no_other_variable_or_value_gets_into_the_file(settings):
    with pytest.raises(InvalidInput):
        replace(ALL, settings=tuple(settings.items()))


def test_who_may_not_start_jails_has_none_started(host, owner, outsider):
    make_basejail(host)
    wanted = NewJail(JailName.parse("web"), JailAddresses.parse(IP), None, "", NewJailOptions(starts=True))
    with pytest.raises(NotAllowed):
        jail_create_request(actor=outsider.actor, host=host, wanted=wanted, agreed=Agreed())
    job = jail_create_request(actor=owner.actor, host=host, wanted=wanted, agreed=Agreed())
    assert job.intent["options"]["starts"] is True


@pytest.mark.parametrize("parameters", ["vnet.interface=em0", "devfs_ruleset=1"])
def test_a_parameter_that_reaches_the_host_takes_the_right_that_changing_it_takes(host, owner, parameters):
    make_basejail(host)
    manager = make_person("manager", (Role.MANAGER, host))
    options = NewJailOptions(settings=(("parameters", parameters),))
    wanted = NewJail(JailName.parse("web"), JailAddresses.parse(IP), None, "", options)
    with pytest.raises(InvalidInput, match="can reach the host") as refused:
        jail_create_request(actor=manager.actor, host=host, wanted=wanted, agreed=Agreed())
    assert refused.value.field == "parameters"
    job = jail_create_request(actor=owner.actor, host=host, wanted=wanted, agreed=Agreed())
    assert parameters in str(job.plan)


FILE = 'export jail_web_exec_stop="/bin/sh /etc/rc.shutdown jail"\nexport jail_web_cpuset="0"\n'


@pytest.fixture
def made(host):
    """Store a jail as a probe saw it; say what is not as ALL asks for."""
    with_zfs(host)

    def look(filesystems=({"mounted_on": "/usr/jails/web"},), **values):
        host.facts |= {"filesystems": None if filesystems is None else list(filesystems)}
        seen = {"kind": "Z", "jid": 3, "runs_at_boot": False, "config_text": FILE}
        jail = make_jail(host, "web", addresses=IP, **(seen | values))
        return wrong_of_options(Job(host=host, intent={"options": ALL.to_json()}), jail)

    return look


def test_a_jail_that_is_all_that_was_asked_for_is_proven(made):
    assert made() == []


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"kind": "D"}, "It is kept as directory, not as ZFS dataset."),
        ({"jid": None}, "It does not run."),
        ({"runs_at_boot": True}, "The host would start it when it boots."),
        ({"config_text": FILE.replace('"0"', '""')}, "Its file says cpuset=, not 0."),
        ({"filesystems": ()}, "No dataset is mounted at /usr/jails/web: zfs failed, and ezjail went on."),
    ],
)
def test_what_did_not_come_true_is_said(made, values, problem):
    assert made(**values) == [problem]


def test_a_host_that_cannot_say_what_is_mounted_is_believed(made):
    assert made(filesystems=None) == []
