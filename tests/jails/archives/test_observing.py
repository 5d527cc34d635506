"""Rows of archives and snapshots follow the host, and stay where it could not say."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.freebsd.parsers.archives import ArchiveFacts, SnapshotFacts
from apps.jails.archives.observing import observe
from apps.jails.models import Archive, Snapshot

AT = datetime(2026, 11, 24, tzinfo=UTC)


def facts(archives=None, snapshots=None):
    return SimpleNamespace(archives=archives, snapshots=snapshots, now=AT)


def named(count: int, size: int = 5):
    return tuple(ArchiveFacts(f"web-2026112400{n:02}.00.tar.gz", size, AT) for n in range(count))


def taken(count: int, used: int = 1):
    return tuple(SnapshotFacts("tank/web", f"s{n}", AT, used, 2) for n in range(count))


def test_archives_and_snapshots_follow_the_host(host):
    assert observe(host, facts(named(3), taken(2)))
    assert not observe(host, facts(named(3), taken(2)))
    assert observe(host, facts(named(2, size=9), taken(1, used=7)))
    assert list(Archive.objects.values_list("size_bytes", flat=True)) == [9, 9]
    assert set(Archive.objects.values_list("safe_name", flat=True)) == {"web"}
    assert [row.used_bytes for row in Snapshot.objects.all()] == [7]
    assert observe(host, facts((), ()))
    assert not Archive.objects.exists()
    assert not Snapshot.objects.exists()


def test_what_the_host_could_not_say_stays(host):
    observe(host, facts(named(1), taken(1)))
    assert not observe(host, facts())
    assert (Archive.objects.count(), Snapshot.objects.count()) == (1, 1)


def test_jails_whose_names_begin_alike_are_told_apart(host):
    names = ("web2-202611240000.00.tar.gz", "web_2-202611240000.00.tar.gz", "web-mine.tar.gz", "web.tgz")
    observe(host, facts(tuple(ArchiveFacts(name, 1, AT) for name in names)))
    rows = dict(Archive.objects.values_list("file_name", "safe_name"))
    assert [rows[name] for name in names] == ["web2", "web_2", "", ""]


def test_many_take_as_many_queries_as_few(host):
    counted = []
    for count in (3, 60):
        Archive.objects.all().delete()
        Snapshot.objects.all().delete()
        with CaptureQueriesContext(connection) as queries:
            observe(host, facts(named(count), taken(count)))
        counted.append(len(queries))
    assert counted[0] == counted[1] <= 8
