"""A whole probe: what is true, what is left over, and what must not be concluded."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.facts import HostFacts, parse_facts
from apps.freebsd.parsers.sections import Section
from tests.freebsd.cases import captured
from tests.freebsd.probes import ROOTS, SETTINGS, jail_file, out, whole_probe


def _facts(**changed: Section | None) -> HostFacts:
    return parse_facts(whole_probe(**changed))


NEEDED = [
    "now", "id", "uname", "version", "sysctl", "interfaces", "ezjail-settings", "jail-files",
    "jail-files-odd", "id-files", "jail-roots", "flavours", "basejail", "basejail-release",
]  # fmt: skip
ALWAYS_SENT = [*NEEDED, "jails", "ezjail-version", "ezjail-enable", "ezjail-conf"]


def test_captured_host():
    facts = _facts()
    assert facts.now == datetime(2026, 11, 24, 2, 15, 10, tzinfo=UTC)
    assert facts.boot_at == datetime(2026, 11, 24, 2, 5, 58, tzinfo=UTC)
    assert (facts.release, facts.userland, facts.machine) == ("13.2-RELEASE", "13.2-RELEASE", "amd64")
    assert (facts.hostname, facts.ncpu, facts.memory_bytes, facts.load) == (
        "fbsd13",
        2,
        3200798720,
        (0.38, 0.25, 0.1),
    )
    assert (facts.racct, facts.zpools, facts.flavours, facts.problems) == (True, None, ("example",), ())
    assert (facts.ezjail.installed, facts.ezjail.version, facts.ezjail.enabled) == (True, "3.4.2", True)
    assert (facts.basejail.complete, facts.basejail.release) == (True, "13.2-RELEASE")


def test_jails_come_from_their_files_and_run_by_their_safe_names():
    shown = [
        (
            jail.name,
            jail.safe_name,
            ",".join(item.text for item in jail.addresses),
            jail.running and jail.running.jid,
        )
        for jail in _facts().jails
    ]
    assert shown == [
        ("six", "six", "lo1|10.0.0.7/24,lo1|fd00::7/64", 3),
        ("test", "test", "lo0|10.0.0.2/24", 1),
        ("two.example", "two_example", "lo1|10.0.0.3/24,vtnet0|192.0.2.10/24", 2),
    ]


def test_captured_host_has_nothing_left_over():
    leftovers = _facts().leftovers
    assert (leftovers.files, leftovers.odd_files, leftovers.roots, leftovers.fstabs) == ((), 0, (), ())
    assert (leftovers.datasets, leftovers.mounts, leftovers.jails) == ((), (), ())


def test_id_file_alone_makes_no_jail_run():
    """The host lost power: the number in a stale id file may be another jail's by now."""
    nothing = out('{"jail-information": {"jail": []}}')
    test = _facts(jails=nothing, id__files=out("test 1\n")).jails[1]
    assert (test.running, test.id_jid) == (None, 1)


def test_jail_without_an_id_file_runs_all_the_same():
    test = _facts(id__files=out("")).jails[1]
    assert test.running is not None
    assert test.id_jid is None


def test_norun_jail_does_not_start_at_boot():
    facts = _facts(_file_test=None, **{"_file_test.norun": _test_file()})
    assert [(jail.safe_name, jail.run_at_boot) for jail in facts.jails] == [
        ("six", True),
        ("test", False),
        ("two_example", True),
    ]


def test_of_two_files_ezjail_goes_by_the_norun_one():
    moved = out(jail_file("test", "test", "lo0|10.0.0.22/24"))
    jails = _facts(**{"_file_test.norun": moved}).jails
    (test,) = [jail for jail in jails if jail.safe_name == "test"]
    assert (test.run_at_boot, test.addresses[0].text) == (False, "lo0|10.0.0.22/24")
    assert "two files" in test.problem


def test_file_that_cannot_be_read_is_a_jail_with_a_problem():
    text = jail_file("two.example", "two_example", "lo1|10.0.0.3/24")
    facts = _facts(_file_two_example=out(text[:400]))
    (two,) = [jail for jail in facts.jails if jail.safe_name == "two_example"]
    assert (two.name, two.root, two.root_exists, two.config_text) == ("two_example", "", None, text[:400])
    assert "cut short" in two.problem
    assert two.running is not None


def test_root_of_a_jail_whose_file_cannot_be_read_is_no_leftover():
    nothing = out('{"jail-information": {"jail": []}}')
    assert _facts(jails=nothing, _file_two_example=out("")).leftovers.roots == ()


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (out("", 1, "not a regular file"), "could not be read: not a regular file"),
        (Section(b"\xff\xfe", b"", 0), "lacks 22 of its 22 variables"),
        (Section(b"\0\0\0", b"", 0), "holds NUL bytes"),
    ],
)
def test_strange_files_say_what_is_strange(file, said):
    test = _facts(_file_test=file).jails[1]
    assert said in test.problem
    assert "\0" not in test.config_text


def test_missing_root_is_told():
    jails = _facts(
        jail__roots=out(ROOTS.replace("root /usr/jails/test yes", "root /usr/jails/test no"))
    ).jails
    assert [jail.root_exists for jail in jails] == [True, False, True]


def test_root_that_the_host_did_not_speak_of_is_unknown():
    assert [jail.root_exists for jail in _facts(jail__roots=out("d test\n")).jails] == [None, None, None]


def test_root_without_a_file_is_left_over():
    """What `ezjail-admin create` leaves when it is cut short, and `delete` without -w always."""
    facts = _facts(
        jail__roots=out(ROOTS + "d gone\nd fulljail\nd ezjailtemp\nd ezjail_archives\nf x.img\nl y\n")
    )
    assert facts.leftovers.roots == ("/usr/jails/gone",)


def test_root_in_which_a_jail_still_runs_is_not_left_over():
    """`delete -wf` of a running norun jail: the file is gone and the jail runs on."""
    facts = _facts(_file_test=None)
    assert facts.leftovers.roots == ()
    assert facts.leftovers.jails == ("test",)


def test_jail_of_someone_else_is_no_jail_of_ezjails():
    alien = '{"jid":"9","name":"bastille1","path":"/b/1","dying":"false","host.hostname":"b"}'
    text = captured("jls")["json-named"]["stdout"].replace('"jail": [', f'"jail": [{alien},')
    facts = _facts(jails=out(text))
    assert facts.leftovers.jails == ("bastille1",)
    assert [jail.safe_name for jail in facts.jails] == ["six", "test", "two_example"]
    assert len(facts.running) == 4


def test_fstab_that_mounts_the_basejail_for_no_jail_is_left_over():
    orphan = out("/usr/jails/basejail /usr/jails/gone/basejail nullfs ro 0 0\n")
    facts = _facts(
        _fstab_gone=orphan, _fstab_backup=out("/dev/ada0p2 / ufs rw 1 1\n"), **{"_fstab_a.bak": orphan}
    )
    assert facts.leftovers.fstabs == ("/etc/fstab.gone",)


def test_image_without_a_jail_is_left_over():
    facts = _facts(jail__roots=out(ROOTS + "f gone.img\nf test.img\nf note\nd dir.img\n"))
    assert facts.leftovers.images == ("/usr/jails/gone.img",)


def test_jail_whose_id_file_does_not_say_that_it_runs_is_told():
    """Killed in the middle of its start: the kernel has it, and ezjail takes it for stopped."""
    assert _facts().leftovers.unmarked == ()
    assert _facts(id__files=out("six 3\ntwo_example 99\n")).leftovers.unmarked == ("test", "two_example")


def test_snapshot_that_a_create_left_on_the_template_is_told():
    left = "tank/ezjail/newjail@_vanilla_newjail_\n"
    zfs = {"zpool": out(""), "zfs": out("")}
    assert _facts(**zfs, zfs__template=out("tank/ezjail/newjail@kept\n" + left)).leftovers.snapshots == (
        left.strip(),
    )
    assert _facts(**zfs, zfs__template=out("", 1, "dataset does not exist")).leftovers.snapshots == ()
    assert _facts().leftovers.snapshots == ()


def test_stray_files_are_no_jails():
    facts = _facts(
        **{"_file_test.AbC123": _test_file(), "_file_test.bak": _test_file()}, jail__files__odd=out("2\n")
    )
    assert facts.leftovers.files == ("test.AbC123", "test.bak")
    assert facts.leftovers.odd_files == 2
    assert len(facts.jails) == 3


def test_mounts_below_the_root_of_a_stopped_jail_are_left_over():
    nothing = out('{"jail-information": {"jail": []}}')
    assert _facts(jails=nothing, _file_six=None, _file_two_example=None).leftovers.mounts == (
        "/usr/jails/test/basejail",
        "/usr/jails/test/dev",
        "/usr/jails/test/dev/fd",
        "/usr/jails/test/proc",
    )


ZFS = "zroot\t1\t2\t3\tnone\t-\toff\nzroot/jails\t1\t2\t3\t/usr/jails\t-\toff\n"


def test_datasets_of_no_jail_are_left_over():
    below = "".join(
        f"zroot/jails/{leaf}\t1\t2\t3\t/usr/jails/{leaf}\t-\toff\n"
        for leaf in ("basejail", "newjail", "fulljail", "test", "gone", "test/data")
    )
    facts = _facts(
        zfs=out(ZFS + below),
        zpool=out("zroot\t100\t50\t50\t50\tONLINE\n"),
        ezjail__settings=out(SETTINGS.replace("jailzfs=", "jailzfs=zroot/jails")),
    )
    assert facts.leftovers.datasets == ("zroot/jails/fulljail", "zroot/jails/gone")
    assert facts.zpools is not None
    assert [pool.name for pool in facts.zpools] == ["zroot"]


def test_kernel_without_one_of_the_parameters_is_asked_in_the_other_form():
    facts = _facts(jails=out("", 1, "jls: unknown parameter: ip6.addr"))
    assert [jail.jid for jail in facts.running] == [1, 2, 3]


def test_host_on_which_jls_fails_is_not_a_host_without_jails():
    failed = out("", 1, "jls: Operation not permitted")
    with pytest.raises(ParseError, match="Operation not permitted"):
        _facts(jails=failed, jailsv=failed)


@pytest.mark.parametrize("key", ALWAYS_SENT)
def test_probe_without_one_of_its_sections_is_refused(key):
    sections = whole_probe()
    del sections[key]
    with pytest.raises(ParseError, match=f"no section “{key}”"):
        parse_facts(sections)


@pytest.mark.parametrize("key", NEEDED)
def test_command_that_failed_never_reads_as_none(key):
    with pytest.raises(ParseError, match="failed on the host with status 1: no such luck"):
        parse_facts({**whole_probe(), key: out("", 1, "no such luck")})


@pytest.mark.parametrize("name", ["kern.hostname", "kern.boottime", "hw.ncpu", "hw.physmem", "vm.loadavg"])
def test_kernel_that_does_not_tell_what_is_needed_is_refused(name):
    text = captured("host")["sysctl-facts"]["stdout"].replace(f"{name}=", "other=")
    with pytest.raises(ParseError, match=name):
        _facts(sysctl=out(text))


@pytest.mark.parametrize("now", ["", "banana", "9" * 30])
def test_clock_that_is_none_is_refused(now):
    with pytest.raises(ParseError):
        _facts(now=out(now))


@pytest.mark.parametrize(("key", "field"), [("df", "filesystems"), ("zpool", "zpools")])
def test_what_is_only_shown_may_fail_on_its_own(key, field):
    facts = parse_facts({**whole_probe(), key: out("", 1, "no such luck")})
    assert getattr(facts, field) is None
    assert facts.problems == (f"“{key}” failed on the host with status 1: no such luck",)


def test_mounts_that_are_not_understood_are_a_problem_and_no_leftovers():
    facts = _facts(mounts=out("banana\n"))
    assert facts.leftovers.mounts == ()
    assert facts.problems == ("mount printed “banana”, which is not understood.",)


@pytest.mark.parametrize(
    ("section", "enabled"),
    [
        (out("YES\n"), True),
        (out("yes\n"), True),
        (out("1\n"), True),
        (out("NO\n"), False),
        (out("", 1, "sysrc: unknown variable 'ezjail_enable'"), False),
        (out("", 1, "sysrc: Exiting due to previous syntax errors"), None),
    ],
)
def test_whether_ezjail_starts_jails_at_boot(section, enabled):
    assert _facts(ezjail__enable=section).ezjail.enabled is enabled


def test_host_without_ezjail():
    facts = _facts(
        ezjail__version=out("", 127, "no ezjail-admin"),
        ezjail__enable=out("", 1, "sysrc: unknown variable 'ezjail_enable'"),
        jails=out('{"jail-information": {"jail": []}}'),
        jail__roots=out(""),
        id__files=out(""),
        flavours=out(""),
        _file_six=None,
        _file_test=None,
        _file_two_example=None,
        _fstab_test=None,
    )
    assert (facts.ezjail.installed, facts.ezjail.version, facts.ezjail.enabled) == (False, "", False)
    assert (facts.jails, facts.flavours, facts.problems) == ((), (), ())


def test_settings_of_ezjail_are_those_in_effect():
    text = "ezjail_jaildir=/jails\n"
    facts = _facts(ezjail__conf=out(text), ezjail__settings=out(SETTINGS.replace("/usr/jails", "/jails")))
    assert facts.ezjail.config_text == text
    assert facts.ezjail.settings.jaildir == "/jails"


@given(st.sampled_from(sorted(whole_probe())), st.binary(max_size=60), st.integers(0, 255))
def test_whatever_a_command_says_the_probe_is_read_or_refused(key, stdout, status):
    try:
        facts = parse_facts({**whole_probe(), key: Section(stdout, b"", status)})
    except ParseError:
        return
    assert {jail.safe_name for jail in facts.jails} == {"six", "test", "two_example"}


def _test_file() -> Section:
    return out(captured("ezjail")["file-test"]["stdout"])


def test_a_comment_in_another_encoding_keeps_no_jail_from_being_read():
    test = _facts(_file_test=Section("# für Müller\n".encode("latin-1") + _file("test"), b"", 0)).jails[1]
    assert (test.name, test.root, test.config_text[:6]) == ("test", "/usr/jails/test", "# f�r ")
    assert "no UTF-8" in test.problem


def test_a_value_in_another_encoding_is_in_doubt():
    data = _file("test").replace(b'fib=""', 'fib="ü"'.encode("latin-1"))
    test = _facts(_file_test=Section(data, b"", 0)).jails[1]
    assert (test.fib, test.root) == ("", "/usr/jails/test")
    assert "fib is not sure: it holds bytes that are no text" in test.problem


def test_what_the_shell_computes_is_not_guessed_and_the_rest_is_read():
    data = (
        _file("test")
        .replace(b'ip="lo0|10.0.0.2/24"', b'ip="$(cat /etc/ip)"')
        .replace(b'imagetype=""', b"imagetype=$TYPE")
    )
    test = _facts(_file_test=Section(data, b"", 0)).jails[1]
    assert (test.addresses, test.kind, test.root) == (None, None, "/usr/jails/test")
    assert "ip, imagetype is not sure" in test.problem


@pytest.mark.parametrize(
    ("section", "text"),
    [
        (out("basejail /usr/jails/test/basejail nullfs ro 0 0\n"), None),
        (None, ""),
        (out("", 1, "denied"), "unread"),
    ],
)
def test_each_jail_has_its_fstab(section, text):
    test = _facts(_fstab_test=section).jails[1]
    expected = {None: section and section.text, "": "", "unread": None}[text]
    assert test.fstab_text == expected


def _file(name: str) -> bytes:
    return whole_probe()[f"file:{name}"].stdout
