"""Archives, datasets and snapshots: read as they are printed, or refused as a whole."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from apps.freebsd.errors import ParseError
from apps.freebsd.parsers.archives import (
    ArchiveFacts,
    DatasetFacts,
    SnapshotFacts,
    parse_archives,
    parse_jail_datasets,
)
from apps.freebsd.parsers.facts import parse_facts
from tests.freebsd.probes import SETTINGS, out, whole_probe

AT = datetime(2026, 11, 24, 2, 15, 10, tzinfo=UTC)
ZFS_LIST = (
    "tank/ezjail\t1795486510\t900\t100\t100\t/usr/jails\n"
    "tank/ezjail/web\t1795486510\t500\t400\t40\t/usr/jails/web\n"
    "tank/ezjail/web@jailpanel-20261124-021510\t1795486510\t60\t390\t390\t-\n"
)


def test_archives_are_read():
    text = "5 1795486510 web-202611240215.10.tar.gz\n0 1795486510 web2.tgz\n"
    assert parse_archives(text) == (
        ArchiveFacts("web-202611240215.10.tar.gz", 5, AT),
        ArchiveFacts("web2.tgz", 0, AT),
    )
    assert parse_archives("") == ()


@pytest.mark.parametrize("text", ["5 web.tar.gz\n", "x 1 web.tar.gz\n", "5 1 a b.tar.gz\n", "-5 1 a.tgz\n"])
def test_another_list_of_archives_is_refused(text):
    with pytest.raises(ParseError):
        parse_archives(text)


def test_datasets_and_snapshots_are_told_apart():
    datasets, snapshots = parse_jail_datasets(ZFS_LIST)
    assert datasets[1] == DatasetFacts("tank/ezjail/web", 500, 400, 40, "/usr/jails/web")
    assert snapshots == (SnapshotFacts("tank/ezjail/web", "jailpanel-20261124-021510", AT, 60, 390),)
    assert parse_jail_datasets("") == ((), ())


@pytest.mark.parametrize(
    "text", ["tank/a\t1\t2\t3\n", "tank/a@b\tx\t1\t1\t1\t-\n", "tank/a\t1\tmany\t1\t1\t/a\n"]
)
def test_another_list_of_datasets_is_refused(text):
    with pytest.raises(ParseError):
        parse_jail_datasets(text)


def test_a_probe_says_what_there_is_to_go_back_to():
    settings = out(SETTINGS.replace("jailzfs=\n", "jailzfs=tank/ezjail\n"))
    sections = whole_probe(
        archives=out("5 1795486510 web.tgz\n"), zfs__jails=out(ZFS_LIST), ezjail__settings=settings
    )
    facts = parse_facts(sections)
    assert facts.archives is not None
    assert [item.name for item in facts.archives] == ["web.tgz"]
    assert facts.datasets is not None
    assert facts.snapshots is not None
    assert (len(facts.datasets), len(facts.snapshots)) == (2, 1)


def test_a_dataset_that_is_still_to_be_made_is_no_problem():
    settings = out(SETTINGS.replace("jailzfs=\n", "jailzfs=tank/ezjail\n"))
    none = out("", 1, "cannot open 'tank/ezjail': dataset does not exist")
    facts = parse_facts(whole_probe(zfs__jails=none, ezjail__settings=settings))
    assert (facts.datasets, facts.snapshots, facts.problems) == ((), (), ())


def test_what_the_host_could_not_say_is_not_taken_for_none():
    facts = parse_facts(whole_probe(archives=out("", 1, "stat: input/output error")))
    assert facts.archives is None
    assert "archives" in facts.problems[0]
    assert parse_facts(whole_probe()).archives is None  # an older agent
