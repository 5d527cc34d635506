"""What sets must hash to: read from the mirror once and kept, or laid there by hand; never guessed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.utils import timezone

from apps.freebsd.errors import InvalidInput
from apps.freebsd.set_mirror import SetMirror
from apps.freebsd.small_file import MirrorAway, NotGenuine, NotOffered, SmallFiles
from apps.freebsd.values import Mirror, Release
from apps.jobs.store import store_has, store_sha256
from apps.simulator import world
from apps.simulator.mirrors import write_manifests
from apps.updates.manifests import manifest_fetch, manifest_known, manifest_want
from apps.updates.models import ReleaseManifest
from apps.updates.sets import set_fetch, set_problem, sets_missing, store_name

RELEASE = Release.parse("13.2-RELEASE")
TEXT = world.manifest("13.2-RELEASE", "amd64")
PLACE = "amd64/amd64/13.2-RELEASE"
NEW = f"https://download.freebsd.org/releases/{PLACE}"
OLD = f"https://archive.freebsd.org/old-releases/{PLACE}"
pytestmark = pytest.mark.django_db


@pytest.fixture
def mirrors(monkeypatch, settings, tmp_path) -> dict[str, bytes | Exception]:
    """What the mirrors give, by address; the panel's own folder is empty."""
    settings.MIRROR_DIR = tmp_path / "mirror"
    settings.STATE_DIR = tmp_path
    cache.clear()
    given: dict[str, bytes | Exception] = {}

    def fetch(_self: SmallFiles, url: str) -> bytes:
        answer = given.get(url, NotOffered("The mirror has nothing for this release."))
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(SmallFiles, "fetch", fetch)
    return given


def test_what_the_mirror_gave_is_kept(mirrors):
    assert manifest_known(RELEASE, "amd64").sets == {}
    mirrors[f"{NEW}/MANIFEST"] = TEXT.encode()
    manifest_fetch(RELEASE, "amd64")
    known = manifest_known(RELEASE, "amd64")
    assert (known.folder, known.problem) == (NEW, "")
    assert set(known.sets) == {"base", "lib32", "ports", "src"}


def test_releases_without_support_are_looked_for_in_the_archive(mirrors):
    mirrors[f"{OLD}/MANIFEST"] = TEXT.encode()
    manifest_fetch(RELEASE, "amd64")
    assert manifest_known(RELEASE, "amd64").folder == OLD


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (MirrorAway("It does not answer."), "does not answer"),
        (NotOffered("Nothing."), "have no sets of 13.2-RELEASE"),
        (b"<html>Welcome to the hotel</html>", "not understood"),
        (b"\xff\xfe", "no MANIFEST"),
        (NotGenuine("Too long."), "Too long"),
    ],
)
def test_why_it_gave_none_is_kept_and_what_was_known_stays(mirrors, answer, problem):
    mirrors[f"{NEW}/MANIFEST"] = TEXT.encode()
    manifest_fetch(RELEASE, "amd64")
    mirrors[f"{NEW}/MANIFEST"] = answer
    manifest_fetch(RELEASE, "amd64")
    known = manifest_known(RELEASE, "amd64")
    assert problem in known.problem
    assert known.sets


def test_what_lies_in_the_panels_folder_comes_first(mirrors, settings):
    write_manifests(settings.MIRROR_DIR, ["13.2-RELEASE"])
    known = manifest_known(RELEASE, "amd64")
    assert known.is_by_hand
    assert known.folder == NEW
    (Path(settings.MIRROR_DIR) / PLACE / "MANIFEST").write_text("nonsense")
    known = manifest_known(RELEASE, "amd64")
    assert not known.sets
    assert "cannot be used" in known.problem


def test_nobody_waits_for_the_mirror_and_nobody_asks_it_all_the_time(mirrors, sent):
    assert manifest_want(RELEASE, "amd64")
    assert sent.tasks == [("apps.updates.tasks.fetch_manifest", "13.2-RELEASE", "amd64")]
    mirrors[f"{NEW}/MANIFEST"] = MirrorAway("Away.")
    manifest_fetch(RELEASE, "amd64")
    assert not manifest_want(RELEASE, "amd64")
    ReleaseManifest.objects.update(tried_at=timezone.now() - timedelta(minutes=1))
    assert manifest_want(RELEASE, "amd64")


@pytest.mark.parametrize(("release", "machine"), [("15.0-CURRENT", "amd64"), ("13.2-RELEASE", "vax")])
def test_what_no_mirror_has_is_not_asked_for(mirrors, release, machine):
    with pytest.raises(InvalidInput):
        manifest_want(Release.parse(release), machine)


def test_the_mirrors_folders_are_those_of_the_project():
    mirror = SetMirror(
        Mirror("https://download.freebsd.org"), Mirror("https://archive.freebsd.org/old-releases")
    )
    assert mirror.folders(RELEASE, "amd64") == (NEW, OLD)
    assert mirror.folders(RELEASE, "arm64")[0].endswith("/releases/arm64/aarch64/13.2-RELEASE")


# -- sets that the panel brings ---------------------------------------------------------------------------


def test_a_set_is_kept_once_it_is_what_the_manifest_says(mirrors, settings, sent):
    write_manifests(settings.MIRROR_DIR, ["13.2-RELEASE"], sets=True)
    assert sets_missing(RELEASE, "amd64", ["base"]) == ["base"]
    assert sent.tasks == [("apps.updates.tasks.fetch_set", "13.2-RELEASE", "amd64", "base")]
    set_fetch(RELEASE, "amd64", "base")
    assert sets_missing(RELEASE, "amd64", ["base"]) == []
    name = store_name(RELEASE, "amd64", "base")
    assert store_sha256(name) == manifest_known(RELEASE, "amd64").sets["base"].sha256


def test_a_forged_set_is_thrown_away_and_said(mirrors, settings):
    write_manifests(settings.MIRROR_DIR, ["13.2-RELEASE"], sets=True)
    (Path(settings.MIRROR_DIR) / PLACE / "base.txz").write_text("forged")
    set_fetch(RELEASE, "amd64", "base")
    assert not store_has(store_name(RELEASE, "amd64", "base"))
    assert "not what the MANIFEST" in set_problem(RELEASE, "amd64", "base")
