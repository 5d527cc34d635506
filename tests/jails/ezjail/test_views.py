"""ezjail's pages: what is shown, what a form makes of what was typed, and that nothing typed is lost."""

from __future__ import annotations

import re
from dataclasses import replace

from django.urls import reverse

from apps.audit.models import AuditEvent
from apps.hosts.models import Host, HostState
from apps.jails.ezjail.kinds import register_kinds
from apps.jobs.models import Job, JobState
from apps.jobs.ports import again, job_kind, next_links
from tests.answers import error_of, hidden, text, words
from tests.jails.ezjail.situations import DONE, FRESH, ON_ZFS, facts

CONF = "# by hand\nezjail_exec_stop='/bin/sh /etc/rc.shutdown jail'\nezjail_frob=1\nezjail_archivedir=$x\n"
OLD = replace(
    DONE,
    config_text=CONF,
    in_effect=DONE.in_effect | {"ezjail_archivedir": "/old"},
)
SETUP = {
    "zfs": "jails",
    "jailzfs": "zroot/ezjail",
    "jaildir": "/usr/jails",
    "mirror": "https://download.freebsd.org",
    "exec_stop": "on",
    "interface": "lo1",
    "address": "10.0.0.1/24",
    "quiet": "on",
}
FIB = {"ezjail_fib": "1", "was-ezjail_fib": ""}


# -- what is shown ----------------------------------------------------------------------------------------


def test_a_host_without_ezjail_is_offered_the_plan_everywhere(browser, host, on):
    on(FRESH)
    link = f'href="{browser.url("ezjail-setup")}"'
    for url in (browser.url("ezjail"), host.get_absolute_url(), "/"):
        assert link in text(browser.client.get(url)), url


def test_all_settings_are_shown_with_what_is_in_effect(browser, on):
    on(OLD)
    page = words(browser.get("ezjail"))
    assert "ezjail_jaildir /usr/jails by default" in page
    assert "ezjail_archivedir set /old" in page
    assert "In the file: $x. The shell computes it. Change it by hand." in page
    assert "Else in ezjail.conf" in page
    assert "ezjail_frob" in page


def test_the_page_follows_what_is_true(browser, on):
    on(OLD)
    page = text(
        browser.client.get(
            browser.url("ezjail", q="fib"), headers={"HX-Request": "true", "HX-Target": "ezjail-body"}
        )
    )
    assert page.strip().startswith('<div class="stack" id="ezjail-body">')
    assert "ezjail_fib</code>" in page


def test_settings_are_found_by_words_of_their_meaning(browser, on):
    on(OLD)
    page = text(browser.get("ezjail", q="Archives written"))
    assert ("ezjail_archivedir</code>" in page, "ezjail_jaildir</code>" in page) == (True, False)
    assert "No setting matches" in text(browser.get("ezjail", q="no such thing"))
    assert browser.get("ezjail", q="\0").status_code == 200


def test_who_may_not_set_up_sees_the_button_greyed_with_the_reason(viewer, host, on):
    on(FRESH)
    page = text(viewer.client.get(reverse("jails:ezjail", args=[host.pk])))
    assert "You may not set up ezjail on this host." in page
    assert browser_link(page) == []


def browser_link(page: str) -> list[str]:
    return re.findall(r'id="set-up" href="([^"]+)"', page)


def test_a_host_that_was_never_read_says_so(browser, host):
    Host.objects.filter(pk=host.pk).update(facts={}, seen_at=None, state=HostState.NEW)
    assert "Not read yet" in text(browser.get("ezjail"))
    assert "has not been read yet" in text(browser.get("ezjail-setup"))


# -- setting up -------------------------------------------------------------------------------------------


def test_the_form_opens_with_a_whole_plan_for_what_is_suggested(browser, on):
    on(ON_ZFS)
    page = text(browser.get("ezjail-setup"))
    assert 'value="zroot/ezjail"' in page
    assert 'value="10.0.0.1/24"' in page
    assert "/usr/sbin/pkg install -y ezjail" in words(browser.get("ezjail-setup"))


def test_what_was_previewed_is_what_is_queued(browser, on):
    on(ON_ZFS)
    page = browser.get("ezjail-setup")
    fields = {name: hidden(page, name) for name in ("plan_hash", "idempotency_key")}
    answers = [browser.post("ezjail-setup", SETUP | fields) for _ in range(2)]
    job = Job.objects.get()
    assert {answer.headers["Location"] for answer in answers} == {job.get_absolute_url()}
    assert (job.kind, job.plan_hash) == ("jails.ezjail_setup", fields["plan_hash"])
    event = AuditEvent.objects.get(action="ezjail.setup_requested")
    assert event.detail["jailzfs"] == "zroot/ezjail"


def test_complaints_stand_at_their_fields_and_nothing_typed_is_lost(browser, on):
    on(ON_ZFS)
    wrong = {"jailzfs": "tank/x", "address": "192.0.2.9/24", "jaildir": "/etc", "mirror": "ftp.x"}
    answer = browser.post("ezjail-setup", SETUP | wrong)
    assert answer.status_code == 422
    assert "no pool tank" in error_of(answer, "id_jailzfs")
    assert "Take another subnet" in error_of(answer, "id_address")
    assert "the system's own" in error_of(answer, "id_jaildir").replace("&#x27;", "'")
    assert "https://" in error_of(answer, "id_mirror")
    assert all(f'value="{value}"' in text(answer) for value in wrong.values())
    for bad in ("10.0.0.1", "x/24", "fe80::1%re0/64", "10.0.0.1/99", "\0"):
        assert browser.post("ezjail-setup", SETUP | {"address": bad}).status_code == 422
    assert not Job.objects.exists()


def test_a_set_up_is_checked_while_it_is_typed(browser, on):
    on(FRESH)
    data = SETUP | {"address": "nonsense", "touched": "address"}
    assert "Write an address" in text(browser.post("ezjail-setup-check", data))
    assert "ifconfig lo1 inet 10.0.0.1/24 alias" in words(browser.post("ezjail-setup-check", SETUP))


def test_a_host_that_lacks_nothing_is_told_so(browser, on):
    on(DONE)
    assert "nothing left to do" in text(browser.get("ezjail-setup"))
    assert browser.post("ezjail-setup", SETUP).status_code == 422
    assert not Job.objects.exists()


def test_without_javascript_the_first_press_shows_the_plan_and_the_second_asks(browser, on):
    on(FRESH)
    first = browser.post("ezjail-setup", SETUP | {"preview": "on", "address": "10.9.0.1/24"})
    assert (first.status_code, Job.objects.exists()) == (200, False)
    assert "ifconfig lo1 inet 10.9.0.1/24 alias" in words(first)
    assert 'name="preview"' not in text(first)
    second = SETUP | {"address": "10.9.0.1/24", "plan_hash": hidden(first, "plan_hash")}
    assert browser.post("ezjail-setup", second).status_code == 302
    on(OLD)
    assert 'name="preview"' in text(browser.get("ezjail-settings"))
    assert "Change what ezjail goes by" in words(browser.post("ezjail-settings", FIB | {"preview": "on"}))
    assert Job.objects.count() == 1


def test_a_plan_for_another_state_than_was_shown_is_not_queued(browser, on):
    on(FRESH)
    plan_hash = hidden(browser.get("ezjail-setup"), "plan_hash")
    on(replace(FRESH, has_pkg=True))
    answer = browser.post("ezjail-setup", SETUP | {"plan_hash": plan_hash})
    assert "state changed since" in text(answer)
    assert not Job.objects.exists()


# -- settings ---------------------------------------------------------------------------------------------


def test_only_what_was_changed_is_written(browser, on):
    on(OLD)
    shown = {"ezjail_exec_stop": "/bin/sh /etc/rc.shutdown jail", "ezjail_jaildir": ""}
    untouched = shown | {f"was-{name}": value for name, value in shown.items()}
    browser.post("ezjail-settings", untouched | FIB)
    job = Job.objects.get()
    assert job.intent == {"changes": {"ezjail_fib": "1"}}
    (change,) = job.stored_plan.commands
    assert change.after == CONF + "ezjail_fib='1'\n" or change.after == CONF + 'ezjail_fib="1"\n'


def test_what_someone_else_changed_meanwhile_stays(browser, on):
    on(replace(OLD, config_text=CONF.replace("shutdown jail", "other")))
    stale = {"ezjail_exec_stop": "/bin/sh /etc/rc.shutdown jail"}
    browser.post("ezjail-settings", stale | {f"was-{name}": value for name, value in stale.items()} | FIB)
    assert Job.objects.get().intent == {"changes": {"ezjail_fib": "1"}}


def test_a_file_that_changed_since_the_preview_asks_again_with_what_was_typed(browser, on):
    on(OLD)
    plan_hash = hidden(browser.post("ezjail-settings-check", FIB), "plan_hash")
    on(replace(OLD, config_text="# new\n" + CONF))
    answer = browser.post("ezjail-settings", FIB | {"plan_hash": plan_hash})
    assert answer.status_code == 422
    assert "state changed since" in text(answer)
    assert 'name="ezjail_fib" value="1"' in text(answer)
    again_hash = hidden(answer, "plan_hash")
    assert browser.post("ezjail-settings", FIB | {"plan_hash": again_hash}).status_code == 302


def test_an_emptied_field_and_a_ticked_box_go_back_to_the_default(browser, on):
    on(OLD)
    emptied = {"ezjail_exec_stop": "", "was-ezjail_exec_stop": "/bin/sh /etc/rc.shutdown jail"}
    assert "− ezjail_exec_stop" not in words(browser.post("ezjail-settings-check", {}))
    for data in (
        emptied,
        {"reset-ezjail_exec_stop": "on", "ezjail_exec_stop": "x", "was-ezjail_exec_stop": "x"},
    ):
        browser.post("ezjail-settings", data)
        assert Job.objects.get().intent == {"changes": {"ezjail_exec_stop": None}}
        Job.objects.all().delete()


def test_a_switch_is_switched_off_and_a_choice_chosen(browser, on):
    on(OLD)
    data = {"ezjail_uglyperlhack": "off", "was-ezjail_uglyperlhack": "", "ezjail_procfs_enable": "NO"}
    browser.post("ezjail-settings", data)
    assert Job.objects.get().intent == {"changes": {"ezjail_uglyperlhack": "", "ezjail_procfs_enable": "NO"}}


def test_bad_values_stay_in_their_fields_with_the_complaint(browser, on):
    on(OLD)
    data = {"ezjail_jailbase": "relative", "ezjail_exec_start": "$(id)", "ezjail_procfs_enable": "maybe"}
    answer = browser.post("ezjail-settings", data)
    assert answer.status_code == 422
    assert "absolute path" in error_of(answer, "id_ezjail_jailbase")
    assert "cannot hold $" in error_of(answer, "id_ezjail_exec_start")
    assert 'value="relative"' in text(answer)
    assert browser.post("ezjail-settings", {"ezjail_fib": "\0"}).status_code == 422
    assert "Nothing was changed" in text(browser.post("ezjail-settings", {}))


def test_a_setting_that_is_locked_cannot_be_posted(browser, on):
    on(OLD)
    browser.post("ezjail-settings", {"ezjail_archivedir": "/x", "was-ezjail_archivedir": ""})
    assert not Job.objects.exists()


def test_nothing_is_asked_of_a_host_that_is_away(browser, on, host):
    on(OLD)
    Host.objects.filter(pk=host.pk).update(state=HostState.UNREACHABLE, state_reason="It is gone.")
    answer = browser.post("ezjail-settings", FIB)
    assert (answer.status_code, "It is gone." in text(answer)) == (422, True)


# -- afterwards -------------------------------------------------------------------------------------------


def test_a_job_is_proven_by_what_the_host_is_afterwards(browser, on, host):
    on(ON_ZFS)
    browser.post("ezjail-setup", SETUP | {"zfs": "no"})
    job = Job.objects.get()
    verify = job_kind("jails.ezjail_setup").verify
    assert "ezjail is not installed." in verify(job)
    on(replace(DONE, pools=ON_ZFS.pools))
    assert verify(job) == []


def test_a_change_is_proven_by_what_is_in_effect(browser, on):
    on(OLD)
    browser.post("ezjail-settings", FIB)
    job = Job.objects.get()
    verify = job_kind("jails.ezjail_settings").verify
    assert verify(job) == ["ezjail_fib is empty, not 1."]
    on(replace(OLD, in_effect=OLD.in_effect | {"ezjail_fib": "1"}))
    assert verify(job) == []


def test_what_failed_is_tried_again_on_the_host_as_it_is_now(browser, on, owner):
    on(ON_ZFS)
    browser.post("ezjail-setup", SETUP)
    Job.objects.update(state=JobState.FAILED)
    job = Job.objects.get()
    on(replace(ON_ZFS, has_pkg=True))
    kind = again(job.kind)
    plan = kind.replan(job)
    assert "bootstrap" not in [word for step in plan.commands for word in step.argv]
    second = kind.ask(job, owner.actor, plan.hash, "again")
    assert (second.origin, second.plan_hash) == (job, plan.hash)
    back = [link.url for link in next_links(job, owner.actor) if link.label == "Back to the form"]
    assert 'value="zroot/ezjail"' in text(browser.client.get(back[0]))


def test_a_change_that_failed_comes_back_as_it_was_typed(browser, on, owner):
    on(OLD)
    data = {"ezjail_fib": "7", "reset-ezjail_exec_stop": "on", "ezjail_uglyperlhack": "off"}
    browser.post("ezjail-settings", data)
    Job.objects.update(state=JobState.FAILED)
    job = Job.objects.get()
    on(replace(OLD, config_text="# new\n" + CONF))
    back = next(link.url for link in next_links(job, owner.actor) if link.label == "Back to the form")
    page = browser.client.get(back)
    assert 'name="ezjail_fib" value="7"' in text(page)
    assert "# new" in text(page)
    assert again(job.kind).replan(job).commands[0].before == "# new\n" + CONF


def test_facts_without_what_newer_agents_say_are_no_trouble(browser, host):
    old = {name: value for name, value in facts(DONE).items() if name != "setup"}
    old["ezjail"] = {"installed": True, "version": "3.4.2", "enabled": True}
    Host.objects.filter(pk=host.pk).update(facts=old)
    for name in ("ezjail", "ezjail-setup", "ezjail-settings"):
        assert browser.get(name).status_code == 200
    register_kinds()
