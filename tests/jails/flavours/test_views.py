"""Pages of flavours: what they show, what they ask for, and what hostile files do to them."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.audit.models import AuditEvent
from apps.freebsd.commands import FileChange
from apps.jails.models import Jail, Snapshot
from apps.jobs.models import Job
from tests.answers import commands, error_of, hidden, text, words
from tests.jails.flavours.conftest import DIRECTORY, RC_CONF
from tests.places import make_jail


def url(host, name: str, *args: str) -> str:
    return reverse(f"jails:flavour-{name}", args=[host.pk, *args])


def keep_snapshot(jail: Jail) -> None:
    """As ezjail's create -k leaves it."""
    now = timezone.now()
    values = {"dataset": f"zroot/ezjail/{jail.name}", "name": "_vanilla_newjail_", "made_at": now}
    Snapshot.objects.create(host=jail.host, observed_at=now, **values)


def agreed(answer) -> dict[str, str]:
    return {name: hidden(answer, name) for name in ("plan_hash", "idempotency_key", "confirmed")}


# -- what is there ------------------------------------------------------------------------------------------


def test_the_list_says_how_much_each_holds_and_who_was_made_with_it(viewer, flavoured):
    make_jail(flavoured, "one", flavour="example")
    make_jail(flavoured, "two", addresses="lo0|10.0.0.3/24", flavour="web example")
    said = words(viewer.client.get(url(flavoured, "list")))
    assert "example calls pkg_add 3 files, 64 KiB 2 jails" in said
    assert "web 0 files, 0 B 1 jail" in said


def test_a_viewer_sees_the_tree_and_no_way_to_what_the_files_hold(viewer, owner, flavoured):
    page = text(viewer.client.get(url(flavoured, "detail", "example")))
    assert "ezjail.flavour.example" in page
    assert "flavour/example/file" not in page
    assert "?path=etc%2Frc.conf" in text(owner.client.get(url(flavoured, "detail", "example")))


def test_large_files_and_links_cannot_be_opened(owner, flavoured, there):
    page = text(owner.client.get(url(flavoured, "detail", "example")))
    assert "etc%2Fbig" not in page
    assert "etc%2Flink" not in page
    assert owner.client.get(url(flavoured, "file", "example"), {"path": "etc/link"}).status_code == 404


def test_the_shipped_examples_trap_is_told(owner, flavoured):
    assert "packages that it is to install never come" in words(
        owner.client.get(url(flavoured, "detail", "example"))
    )


def test_a_flavour_that_is_not_there_is_not_found(owner, flavoured, there):
    for name in ("detail", "delete", "file-new"):
        assert owner.client.get(url(flavoured, name, "gone")).status_code == 404


# -- a file ------------------------------------------------------------------------------------------------


def test_a_file_is_shown_as_it_is_on_the_host_now(owner, flavoured, there):
    answer = owner.client.get(url(flavoured, "file", "example"), {"path": "etc/rc.conf"})
    assert "sendmail_enable=&quot;NO&quot;" in text(answer)


def test_what_changes_is_shown_line_by_line_before_it_is_saved(owner, flavoured, there):
    form = {"path": "etc/rc.conf", "content": 'sendmail_enable="NO"\r\nsshd_enable="YES"\r\n'}
    shown = owner.client.post(url(flavoured, "file", "example"), form)
    assert '<ins class="diff-new">sshd_enable=&quot;YES&quot;</ins>' in text(shown)
    assert not Job.objects.exists()
    answer = owner.client.post(
        url(flavoured, "file", "example"), form | agreed(shown) | {"content": hidden(shown, "content")}
    )
    job = Job.objects.get()
    assert answer.headers["Location"] == job.get_absolute_url()
    (change,) = job.stored_plan.commands
    assert isinstance(change, FileChange)
    assert (change.path, change.before) == (RC_CONF, 'sendmail_enable="NO"\n')
    assert change.after == 'sendmail_enable="NO"\nsshd_enable="YES"\n'


def test_a_file_that_changed_after_it_was_shown_is_not_written(owner, flavoured, there):
    form = {"path": "etc/rc.conf", "content": "x\n"}
    shown = owner.client.post(url(flavoured, "file", "example"), form)
    there.files[RC_CONF] = b"someone else's\n"
    answer = owner.client.post(url(flavoured, "file", "example"), form | agreed(shown))
    assert answer.status_code == 409
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('sendmail_enable="NO"\n', "Nothing is changed"),
        ("a\x1b[31mred", "control characters"),
        ("é" * 40000, "at most 64 KiB"),
        ("x" * 70000, "at most 65536 characters"),
    ],
    ids=["same", "control", "bytes", "characters"],
)
def test_what_cannot_be_saved_is_told_at_the_field_and_kept(owner, flavoured, there, content, said):
    form = {"path": "etc/rc.conf", "content": content, "confirmed": "yes"}
    answer = owner.client.post(url(flavoured, "file", "example"), form)
    assert answer.status_code == 422
    assert said in error_of(answer, "id_content")
    assert content[:20].strip("\x1b") in answer.context["form"]["content"].value()
    assert not Job.objects.exists()


def test_what_is_no_small_text_is_not_opened(owner, flavoured, there):
    for data in (b"\xff\xfe", b"a\rb", b"\0", b"x" * 65537):
        there.files[RC_CONF] = data
        answer = owner.client.get(url(flavoured, "file", "example"), {"path": "etc/rc.conf"})
        assert answer.status_code == 200
        assert "to be edited here" in words(answer) or "cannot be edited here" in words(answer)
        assert "<textarea" not in text(answer)


def test_a_host_that_is_away_is_told_on_the_page(owner, flavoured, there):
    there.away = 1
    answer = owner.client.get(url(flavoured, "file", "example"), {"path": "etc/rc.conf"})
    assert "The host does not answer." in words(answer)


def test_hostile_text_in_a_file_stays_text(owner, flavoured, there):
    there.files[RC_CONF] = b"</textarea><script>alert(1)</script>\n"
    page = text(owner.client.get(url(flavoured, "file", "example"), {"path": "etc/rc.conf"}))
    assert "<script>alert" not in page


def test_no_path_leads_out_of_the_flavour(owner, flavoured, there):
    for path in ("../../etc/passwd", "/etc/passwd", "etc/../x", "", "etc/none", "a\0b", "-x/.."):
        for name in ("file", "file-remove", "file-mode"):
            shown = owner.client.get(url(flavoured, name, "example"), {"path": path})
            asked = owner.client.post(url(flavoured, name, "example"), {"path": path, "confirmed": "yes"})
            assert {shown.status_code, asked.status_code} <= {404, 422}, path
    assert not Job.objects.exists()
    assert not [words for words in there.requests if words[0] == "read"]


def test_a_new_file_gets_its_directories_first(owner, flavoured, there):
    form = {"path": "usr/local/etc/sudoers", "content": "x\n", "confirmed": "yes"}
    owner.client.post(url(flavoured, "file-new", "web"), form)
    directory, change = Job.objects.get().stored_plan.commands
    assert directory.argv == ("/usr/bin/install", "-d", "-m", "755", f"{DIRECTORY}/web/usr/local/etc")
    assert (change.path, change.before) == (f"{DIRECTORY}/web/usr/local/etc/sudoers", None)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("etc/rc.conf", "has this already"),
        ("etc/rc.conf/x", "no directory"),
        ("etc/link/x", "no directory"),
        ("../x", "names with slashes between"),
        ("a b", "names with slashes between"),
        ("", "required"),
    ],
)
def test_a_new_files_path_is_checked(owner, flavoured, there, path, said):
    answer = owner.client.post(url(flavoured, "file-new", "example"), {"path": path, "content": "x"})
    assert answer.status_code == 422
    assert said in error_of(answer, "id_path")


def test_a_file_is_removed_and_made_executable_in_exact_forms(owner, flavoured, there):
    removing = owner.client.get(url(flavoured, "file-remove", "example"), {"path": "etc/rc.conf"})
    assert commands(removing) == [f"/bin/rm {RC_CONF}"]
    running = owner.client.get(url(flavoured, "file-mode", "example"), {"path": "etc/rc.conf"})
    assert commands(running) == [f"/bin/chmod 755 {RC_CONF}"]
    plain = owner.client.get(
        url(flavoured, "file-mode", "example"), {"path": "etc/rc.conf", "executable": "no"}
    )
    assert commands(plain) == [f"/bin/chmod 644 {RC_CONF}"]


# -- whole flavours ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "argv"),
    [
        ("empty", f"/usr/bin/install -d -m 755 {DIRECTORY}/mine"),
        ("flavour:example", f"/bin/cp -Rp {DIRECTORY}/example {DIRECTORY}/mine"),
        ("jail:db_one", "/usr/local/bin/ezjail-admin freeze db.one mine"),
    ],
)
def test_a_flavour_is_made_of_nothing_another_or_a_jail(owner, flavoured, source, argv):
    keep_snapshot(make_jail(flavoured, "db.one", kind="Z"))
    form = {"name": "mine", "source": source}
    shown = owner.client.post(url(flavoured, "new"), form)
    assert commands(shown) == [argv]
    assert ("Look through the flavour" in words(shown)) == source.startswith("jail")
    owner.client.post(url(flavoured, "new"), form | agreed(shown))
    job = Job.objects.get()
    assert (job.kind, job.intent) == ("jails.flavour_new", {"flavour": "mine", "source": source})
    event = AuditEvent.objects.get(action="flavour.new_requested")
    assert event.job_id == job.pk


@pytest.mark.parametrize(
    ("form", "field", "said"),
    [
        ({"name": "example", "source": "empty"}, "name", "already"),
        ({"name": "../x", "source": "empty"}, "name", "A flavour's name is"),
        ({"name": "-x", "source": "empty"}, "name", "A flavour's name is"),
        ({"name": "mine", "source": "flavour:gone"}, "source", "not one of the available choices"),
        ({"name": "mine", "source": "jail:plain"}, "source", "not one of the available choices"),
        ({"name": "mine", "source": "jail:zfs"}, "source", "not one of the available choices"),
    ],
)
def test_what_cannot_be_made_is_told_at_its_field(owner, flavoured, form, field, said):
    keep_snapshot(make_jail(flavoured, "plain"))
    make_jail(flavoured, "zfs", addresses="lo0|10.0.0.3/24", kind="Z")
    answer = owner.client.post(url(flavoured, "new"), form | {"confirmed": "yes"})
    assert answer.status_code == 422
    assert said in error_of(answer, f"id_{field}")
    assert not Job.objects.exists()


def test_a_flavour_goes_only_when_its_name_is_typed(owner, flavoured):
    wrong = owner.client.post(url(flavoured, "delete", "example"), {"typed_name": "exampl"})
    assert error_of(wrong, "id_typed_name") == "Type the flavour's name, example, to confirm."
    assert commands(wrong) == [f"/bin/rm -R {DIRECTORY}/example"]
    owner.client.post(url(flavoured, "delete", "example"), {"typed_name": "example"})
    assert Job.objects.get().kind == "jails.flavour_delete"


def test_deleting_the_hosts_default_warns(owner, flavoured):
    flavoured.facts["ezjail"] = {"installed": True, "settings": {"default_flavour": "web"}}
    flavoured.save()
    assert "each new jail without a choice fails" in words(owner.client.get(url(flavoured, "delete", "web")))


def test_jails_with_odd_names_are_not_offered_for_freezing(owner, flavoured):
    keep_snapshot(make_jail(flavoured, "fine", kind="Z"))
    assert "jail:fine" in text(owner.client.get(url(flavoured, "new")))
    Jail.objects.update(name="$(id)")
    Snapshot.objects.update(dataset="zroot/ezjail/$(id)")
    assert "jail:fine" not in text(owner.client.get(url(flavoured, "new")))
