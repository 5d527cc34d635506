"""What proves a change or a rename by the look after it, and how one that came to nothing is tried again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.actor import PANEL
from apps.freebsd.errors import Conflict
from apps.freebsd.values import JailName
from apps.jails.models import Jail
from apps.jails.services import Agreed
from apps.jails.settings import kinds, services
from apps.jails.settings.wishes import Wish, prepare
from apps.jobs.models import Job, JobState
from apps.jobs.retries import job_retry, retry_plan
from tests.jails.settings.posts import FILE, FSTAB
from tests.places import make_jail

NEW = JailName.parse("other2")


def ask(jail: Jail, wish: Wish) -> Job:
    return services.jail_change_request(actor=PANEL, jail=jail, wish=wish, agreed=Agreed())


def failed(job: Job) -> Job:
    Job.objects.filter(pk=job.pk).update(state=JobState.FAILED, ended_at=timezone.now() - timedelta(1))
    return Job.objects.select_related("host").get(pk=job.pk)


def seen(**values) -> None:
    Jail.objects.update(**values)


def text_of(job: Job) -> str:
    return next(step.after for step in job.stored_plan.commands if step.argv[0] == "write")


def test_a_change_is_proven_by_the_file_to_the_byte(jail):
    job = ask(jail, Wish({"fib": "1"}))
    assert kinds.changed(job) == ["/usr/local/etc/ezjail/test does not hold what was written there."]
    seen(config_text=text_of(job) + "\n")
    assert len(kinds.changed(job)) == 1
    seen(config_text=text_of(job))
    assert kinds.changed(job) == []
    seen(problem="It is odd.")
    assert kinds.changed(job) == ["It is odd."]


def test_the_start_at_boot_is_proven_by_the_files_name(jail):
    job = ask(jail, Wish(runs_at_boot=False))
    assert [step.argv[1:] for step in job.stored_plan.commands] == [("config", "-r", "norun", "test")]
    assert kinds.changed(job) == ["The host would start it at its next boot."]
    seen(runs_at_boot=False)
    assert kinds.changed(job) == []


def test_a_restart_is_proven_by_a_new_jid(jail):
    seen(jid=4)
    job = ask(jail, Wish({"fib": "1"}, restart=True))
    seen(config_text=text_of(job))
    assert kinds.changed(job) == ["The jail still has its old JID: it was not restarted."]
    seen(jid=None)
    assert kinds.changed(job) == ["jls does not show the jail: it was stopped and does not run again."]
    seen(jid=5)
    assert kinds.changed(job) == []


def test_a_jail_that_is_gone_proves_nothing(jail):
    job = ask(jail, Wish({"fib": "1"}))
    Jail.objects.all().delete()
    assert kinds.changed(job) == ["ezjail knows no such jail on the host."]


# -- a rename ---------------------------------------------------------------------------------------------


@pytest.fixture
def renaming(jail) -> Job:
    seen(config_text=FILE + 'export jail_test_consolelog="/x"\n')
    return services.jail_rename_request(actor=PANEL, jail=jail, new=NEW, agreed=Agreed())


def test_a_rename_is_proven_by_the_new_file_the_root_and_the_old_file(renaming):
    assert kinds.renamed(renaming) == ["ezjail knows no jail other2 on the host."]
    new = make_jail(renaming.host, "other2", config_text=text_of(renaming), fstab_text="x")
    assert kinds.renamed(renaming) == ["ezjail still has a file for test."]
    Jail.objects.filter(safe_name="test").delete()
    assert kinds.renamed(renaming) == []
    Jail.objects.filter(pk=new.pk).update(root="/usr/jails/test", config_text=FILE, name="test")
    assert kinds.renamed(renaming) == [
        "Its file says that it is called test.",
        "Its root directory is not at /usr/jails/other2.",
        "/usr/local/etc/ezjail/other2 does not hold what was written there.",
    ]


def test_what_a_rename_tells_the_rooms_that_follow_it(renaming):
    assert renaming.subject == "test"
    assert renaming.intent["new_safe_name"] == "other2"


def test_a_rename_leads_on_to_the_jail_under_its_new_name(renaming):
    make_jail(renaming.host, "other2")
    (link,) = kinds._to_renamed(renaming, PANEL)
    assert link.url.endswith("/jails/other2/")


def test_a_rename_of_which_only_the_rest_is_missing_is_not_done_twice(renaming):
    job = failed(renaming)
    Jail.objects.filter(safe_name="test").update(
        safe_name="other2", name="other2", config_text=job.stored_plan.commands[1].before
    )
    fresh = retry_plan(job, PANEL)
    assert [step.argv[0] for step in fresh.plan.commands] == ["write"]
    again = job_retry(actor=PANEL, job=job, plan_hash=fresh.plan.hash, idempotency_key="k")
    assert (again.origin, again.kind, again.intent) == (job, "jails.rename", job.intent)


def test_a_rename_after_which_someone_edited_the_file_is_left_to_them(renaming):
    job = failed(renaming)
    Jail.objects.filter(safe_name="test").update(safe_name="other2", name="other2", config_text="edited")
    with pytest.raises(Conflict, match="put back by hand"):
        retry_plan(job, PANEL)


def test_a_rename_that_did_not_begin_is_asked_for_again(renaming):
    fresh = retry_plan(failed(renaming), PANEL)
    assert fresh.plan.hash == renaming.plan_hash


# -- again ------------------------------------------------------------------------------------------------


def test_a_change_is_tried_again_on_the_file_as_it_is_by_now(jail):
    job = failed(ask(jail, Wish({"fib": "1"})))
    seen(config_text=FILE + "# by hand\n")
    fresh = retry_plan(job, PANEL)
    again = job_retry(actor=PANEL, job=job, plan_hash=fresh.plan.hash, idempotency_key="k")
    assert text_of(again) == FILE.replace('fib=""', 'fib="1"') + "# by hand\n"


def test_a_change_that_is_there_by_now_is_not_tried_again(jail):
    job = failed(ask(jail, Wish({"fib": "1"})))
    seen(config_text=text_of(job))
    with pytest.raises(Conflict, match="nothing left to do"):
        retry_plan(job, PANEL)


@pytest.mark.parametrize("of", ["text", "fstab"])
def test_a_text_is_tried_again_only_on_the_file_that_it_was_made_from(jail, of):
    was = FILE if of == "text" else FSTAB
    job = failed(ask(jail, Wish(**{of: was + "# more\n"})))
    assert retry_plan(job, PANEL).plan.hash == job.plan_hash
    seen(config_text=FILE + "# by hand\n", fstab_text=FSTAB + "# by hand\n")
    with pytest.raises(Conflict, match="edit it anew"):
        retry_plan(job, PANEL)


# -- the order of a plan ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("boots", "wanted", "steps"),
    [
        (True, None, ["onestop", "write test", "onestart"]),
        (True, False, ["onestop", "write test", "onestart", "norun"]),
        (False, None, ["run", "onestop", "write test", "onestart", "norun"]),
        (False, True, ["run", "onestop", "write test", "onestart"]),
    ],
)
def test_a_jail_is_stopped_before_and_marked_after_its_file_changes(jail, boots, wanted, steps):
    seen(jid=4, runs_at_boot=boots)
    row = Jail.objects.select_related("host").get()
    plan = prepare(row, Wish({"fib": "1"}, runs_at_boot=wanted, restart=True)).plan
    assert [_short(step.argv) for step in plan.commands] == steps


def test_the_file_of_a_norun_jail_that_stays_so_is_written_under_that_name(jail):
    seen(runs_at_boot=False)
    row = Jail.objects.select_related("host").get()
    plan = prepare(row, Wish({"fib": "1"})).plan
    assert [_short(step.argv) for step in plan.commands] == ["write test.norun"]


def _short(argv: tuple[str, ...]) -> str:
    if argv[0] == "write":
        return f"write {argv[1].rpartition('/')[2]}"
    return argv[3] if argv[1] == "config" else argv[1]
