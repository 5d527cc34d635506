"""The pages of a jail's settings: the plan first, nothing lost, nothing asked for that was not shown."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from apps.accounts.permissions import Role
from apps.audit.models import AuditEvent
from apps.jails.models import Jail
from apps.jobs.models import Job
from tests.answers import commands, error_of, hidden, text
from tests.conftest import make_person
from tests.jails.settings.posts import FILE, FSTAB, as_shown
from tests.places import make_jail


@pytest.fixture
def browser(owner, jail):
    """The owner's browser at the settings of the jail test."""

    class Browser:
        client = owner.client

        def url(self, name: str = "jail-settings", *more: str) -> str:
            return reverse(f"jails:{name}", args=[jail.host_id, jail.safe_name, *more])

        def get(self):
            return self.client.get(self.url())

        def post(self, **changed):
            return self.client.post(self.url(), as_shown() | changed)

        def check(self, **changed):
            return self.client.post(self.url("jail-settings-check"), as_shown() | changed)

        def save(self, **changed):
            """Look at the plan first, and then agree."""
            shown = self.post(**changed)
            assert shown.status_code == 200, text(shown)
            return self.post(**changed, plan_hash=hidden(shown, "plan_hash"), idempotency_key="key")

    return Browser()


def written(job: Job) -> str:
    (change,) = [step for step in job.stored_plan.commands if step.argv[0] == "write"]
    return change.after


def test_what_nobody_touches_changes_nothing(browser):
    answer = browser.post()
    assert answer.status_code == 422
    assert "Nothing is changed: this is what the host has." in text(answer)
    assert not Job.objects.exists()


def test_the_plan_is_shown_before_anything_is_asked_for(browser):
    answer = browser.post(**{"v-fib": "1"})
    assert answer.status_code == 200
    assert 'export jail_test_fib="1"' in text(answer).replace("&quot;", '"')
    assert not Job.objects.exists()


def test_what_was_shown_becomes_a_job_once(browser):
    answer = browser.save(
        **{"v-fib": "1", "p-allow-raw_sockets": "1", "v-exec_afterstart": "/bin/a\r\n/bin/b"}
    )
    job = Job.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, job.get_absolute_url())
    assert (job.kind, job.subject) == ("jails.change", "test")
    assert [line for line in written(job).splitlines() if line not in FILE.splitlines()] == [
        'export jail_test_fib="1"',
        'export jail_test_parameters="allow.raw_sockets=1"',
        'export jail_test_exec_afterstart0="/bin/a"',
        'export jail_test_exec_afterstart1="/bin/b"',
    ]
    record = AuditEvent.objects.get(action="jail.change_requested")
    assert record.detail["was"]["fib"] == ""
    assert record.detail["changes"]["fib"] == "1"
    again = browser.post(**{"v-fib": "1"}, plan_hash=job.plan_hash, idempotency_key="key")
    assert again.headers["Location"] == job.get_absolute_url()
    assert Job.objects.count() == 1


def test_another_plan_than_was_shown_is_shown_first(browser):
    shown = browser.post(**{"v-fib": "1"})
    answer = browser.post(**{"v-fib": "2"}, plan_hash=hidden(shown, "plan_hash"))
    assert answer.status_code == 422
    assert "This is not what was shown to you" in text(answer)
    assert not Job.objects.exists()


def test_bad_input_is_said_at_its_field_and_nothing_is_lost(browser):
    answer = browser.post(**{"v-fib": "many", "v-cpuset": "0-1", "v-exec_stop": 'a"b'})
    assert answer.status_code == 422
    assert error_of(answer, "id_v-fib") == "“many” is no whole number."
    assert "cannot hold" in error_of(answer, "id_v-exec_stop")
    assert re.search(r'name="v-cpuset"[^>]*value="0-1"', text(answer))


def test_what_the_file_says_and_no_field_shows_is_kept_and_shown(browser, jail):
    more = 'export jail_test_unheard_of="x"\nlogger hello\nexport jail_test_ip_multi0="10.9.9.9"\n'
    Jail.objects.update(config_text=FILE.replace('parameters=""', 'parameters="odd.one=1"') + more)
    page = text(browser.get())
    for said in ("unheard_of", "logger hello", "odd.one=1", "ip_multi0", "10.9.9.9"):
        assert said in page


def test_a_value_that_may_be_set_elsewhere_is_read_only_with_the_reason(browser):
    Jail.objects.update(config_text=FILE + "test -f /x && jail_test_fib=1\n")
    page = text(browser.get())
    assert re.search(r'name="v-fib"[^>]*disabled', page)
    assert "is shell that may change it" in page
    assert not re.search(r'name="v-cpuset"[^>]*disabled', page)
    answer = browser.post(**{"v-fib": "7", "v-cpuset": "1"})
    assert 'jail_test_cpuset="1"' in text(answer).replace("&quot;", '"')
    assert 'fib="7"' not in text(answer).replace("&quot;", '"')


# -- the file changes on the host meanwhile ---------------------------------------------------------------


def base(browser) -> str:
    return hidden(browser.get(), "base").replace("&quot;", '"')


def test_what_nobody_touched_follows_the_host_and_what_was_typed_stays(browser):
    seen = base(browser)
    Jail.objects.update(config_text=FILE.replace('cpuset=""', 'cpuset="3"'))
    answer = browser.post(**{"v-fib": "1"}, base=seen)
    page = text(answer).replace("&quot;", '"')
    assert "CPUs: changed on the host since you opened this page. It is shown as the host has it." in page
    assert '<ins class="diff-new">export jail_test_fib="1"' in page
    assert '<del class="diff-gone">export jail_test_cpuset' not in page


def test_what_both_changed_keeps_what_was_typed_and_says_so(browser):
    seen = base(browser)
    Jail.objects.update(config_text=FILE.replace('fib=""', 'fib="5"'))
    page = text(browser.post(**{"v-fib": "1"}, base=seen))
    assert "The host has “5” now; what you typed is kept." in page
    assert re.search(r'name="v-fib"[^>]*value="1"', page)


def test_a_plan_for_a_file_that_is_another_by_now_is_not_asked_for(browser):
    shown = browser.post(**{"v-fib": "1"})
    Jail.objects.update(config_text=FILE + "# by hand\n")
    answer = browser.post(**{"v-fib": "1"}, plan_hash=hidden(shown, "plan_hash"))
    assert answer.status_code == 422
    assert "This is not what was shown to you" in text(answer)
    assert not Job.objects.exists()


@pytest.mark.parametrize("base", ["", "[]", "{", "[" * 5000, '{"v-fib": ["x"]}', '{"nobody": "x"}'])
def test_a_base_that_is_none_does_no_harm(browser, base):
    assert browser.post(**{"v-fib": "1"}, base=base).status_code == 200


# -- addresses --------------------------------------------------------------------------------------------


def rows(*parts: str) -> dict[str, list[str]]:
    cells = [re.split(r"[|/]", part) for part in parts]
    return {name: [row[at] for row in cells] for at, name in enumerate(("interface", "address", "prefix"))}


def test_a_second_address_is_added_and_the_first_stays_to_the_byte(browser):
    Jail.objects.update(config_text=FILE.replace("lo0|10.0.0.2/24", "lo0|10.0.0.2/255.255.255.0"))
    answer = browser.post(**rows("lo0|10.0.0.2/255.255.255.0", "lo0|10.0.0.9/24"))
    assert "lo0|10.0.0.2/255.255.255.0,lo0|10.0.0.9/24" in text(answer)


@pytest.mark.parametrize(
    ("row", "field", "why"),
    [
        ("lo0|10.0.0.1/24", "address-1", "the host&#x27;s own address"),
        ("em7|10.0.0.9/24", "interface-1", "The host has no interface em7"),
        ("lo0|10.0.0/24", "address-1", "no IPv4 or IPv6"),
        ("lo0|10.0.0.2/25", "address-1", "is given twice"),
        ("lo0|10.0.0.9/99", "prefix-1", "from 1 to 32"),
    ],
)
def test_the_rules_for_new_jails_hold_for_new_addresses(browser, row, field, why):
    answer = browser.post(**rows("lo0|10.0.0.2/24", row))
    assert answer.status_code == 422
    assert why in text(answer).partition(f'id="{field}_error"')[2][:400]


def test_a_public_first_address_needs_a_reason_that_is_recorded(browser):
    public = rows("re0|192.0.2.10/24")
    refused = browser.post(**public)
    assert "The first address is public" in error_of(refused, "id_public_first")
    assert 'name="public_first_reason"' in text(refused)
    reason = {"public_first": "on", "public_first_reason": "A mail server"}
    browser.save(**public, **reason)
    assert Job.objects.get().intent["public_first_reason"] == "A mail server"


def test_no_address_at_all_is_refused(browser):
    answer = browser.post(**rows("lo0|/24"))
    assert "A jail needs at least one address, or a network stack of its own" in text(answer)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("v-fib", "-1", "fib is from 0 to 65535."),
        ("v-cpuset", "0-4", "The host has 4 CPUs, numbered from 0: there is no 4."),
        ("p-securelevel", "4", "securelevel is from -1 to 3."),
        ("p-vnet", "new", "A jail with a network stack of its own cannot have addresses here"),
    ],
)
def test_what_would_keep_the_jail_from_starting_is_refused(browser, field, value, why):
    answer = browser.post(**{field: value})
    assert answer.status_code == 422
    assert why in error_of(answer, f"id_{field}")


def test_a_jail_with_its_own_network_stack_gives_up_its_addresses(browser):
    answer = browser.post(**rows("lo0|/24"), **{"p-vnet": "new"})
    assert answer.status_code == 200
    assert 'jail_test_ip=""' in text(answer).replace("&quot;", '"')


def test_a_parameter_that_the_host_is_too_old_for_is_greyed(browser):
    page = text(browser.get())
    assert re.search(r'name="p-allow-nfsd"[^>]*disabled', page)
    assert "no such parameter" in page


def test_a_row_is_added_without_javascript(browser):
    answer = browser.post(add_row="1", **{"v-fib": "1"})
    assert answer.status_code == 200
    assert re.search(r'name="v-fib"[^>]*value="1"', text(answer))
    assert text(answer).partition("<template")[0].count('name="address"') == 2


# -- a jail that runs -------------------------------------------------------------------------------------


def test_addresses_of_a_running_jail_need_a_restart(browser):
    Jail.objects.update(jid=4)
    refused = browser.post(**rows("lo0|10.0.0.9/24"))
    assert "can only be changed together with a restart" in error_of(refused, "id_restart")
    browser.save(**rows("lo0|10.0.0.9/24"), restart="on")
    assert [step.argv[:3] for step in Job.objects.get().stored_plan.commands][::2] == [
        ("/usr/local/bin/ezjail-admin", "onestop", "test"),
        ("/usr/local/bin/ezjail-admin", "onestart", "test"),
    ]


def test_other_settings_of_a_running_jail_wait_for_its_next_start(browser):
    Jail.objects.update(jid=4)
    answer = browser.post(**{"v-fib": "1"})
    assert "all of this counts from its next start on" in text(answer)


# -- who may what -----------------------------------------------------------------------------------------


@pytest.fixture
def manager(browser, jail):
    """The same pages for someone who may change jails, and neither the host nor what runs inside."""
    browser.client = make_person("manager", (Role.MANAGER, jail.host)).client
    return browser


def test_commands_of_the_host_are_greyed_with_the_reason(manager):
    page = text(manager.get())
    for name in ("v-exec_prestart", "v-post_start_script", "v-consolelog", "v-exec_afterstart"):
        assert re.search(rf'name="{name}"[^>]*disabled', page), name
    assert "It takes the right to set up ezjail on this host." in page


@pytest.mark.parametrize(
    ("field", "value", "lacks"),
    [
        ("v-exec_start", "/bin/sh -c id", "run commands inside jails here"),
        ("v-devfs_ruleset", "0", "set up ezjail on this host"),
        ("p-devfs_ruleset", "1", "set up ezjail on this host"),
    ],
)
def test_what_reaches_further_takes_a_right_of_its_own(manager, field, value, lacks):
    answer = manager.post(**{field: value})
    assert answer.status_code == 422
    assert lacks in text(answer)


def test_the_usual_commands_can_be_chosen_by_who_may_change_jails(manager):
    manager.save(**{"v-exec_stop": "/bin/sh /etc/rc.shutdown jail"})
    assert Job.objects.get().kind == "jails.change"


def test_a_field_that_is_greyed_is_not_read(manager):
    answer = manager.post(**{"v-post_start_script": "/tmp/evil", "v-fib": "1"})
    assert "/tmp/evil" not in text(answer)


def test_a_change_of_the_host_is_a_kind_of_job_of_its_own(browser):
    browser.save(**{"v-post_start_script": "/root/after.sh"})
    assert Job.objects.get().kind == "jails.change_host"


def test_one_who_may_only_look_sees_all_of_it_greyed(operator, browser):
    browser.client = operator.client
    page = text(browser.get())
    assert "You may not change jails here." in page
    assert '<fieldset class="settings-fields" disabled>' in page
    assert browser.post(**{"v-fib": "1"}).status_code == 403


# -- as text ----------------------------------------------------------------------------------------------


def test_the_file_is_edited_as_text(browser):
    url, lines = browser.url("jail-text", "file"), FILE.replace('fib=""', 'fib="1"').replace("\n", "\r\n")
    shown = browser.client.post(url, {"text": lines})
    assert shown.status_code == 200
    assert not Job.objects.exists()
    browser.client.post(url, {"text": lines, "plan_hash": hidden(shown, "plan_hash")})
    assert written(Job.objects.get()) == FILE.replace('fib=""', 'fib="1"')


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('ip="lo0|10.0.0.2/24"', 'ip="lo0|10.0.0.1/24"', "own address"),
        ('ip="lo0|10.0.0.2/24"', 'ip="re0|192.0.2.9/24"', "The first address is public"),
        ('fib=""', 'fib="$(id)"', "compute"),
        ("# BEFORE", "reboot\n# BEFORE", "no assignment of plain text"),
    ],
)
def test_the_text_has_the_rules_of_the_form(browser, old, new, why):
    lines = FILE.replace(old, new)
    answer = browser.client.post(browser.url("jail-text", "file"), {"text": lines})
    assert answer.status_code == 422
    assert why in error_of(answer, "id_text")
    assert new.replace('"', "&quot;") in text(answer)


@pytest.mark.parametrize(
    "line",
    [
        'export jail_test_exec_prestart0="/bin/x"',
        'export jail_test_unheard_of="1"',
        'export jail_test_parameters="exec.prestart=/x"',
        'export jail_test_parameters="osrelease=13;exec.prestart=/x"',
        'export jail_test_parameters="allow.mount;exec.prestart=/x"',
        'export jail_test_parameters="vnet.interface=re0"',
        'export jail_test_fstab="/tmp/fstab"',
        'export jail_test_program="/tmp/x"',
    ],
)
def test_the_text_takes_the_same_rights_as_the_form(manager, line):
    answer = manager.client.post(manager.url("jail-text", "file"), {"text": f"{FILE}{line}\n"})
    assert answer.status_code == 422
    assert "set up ezjail on this host" in error_of(answer, "id_text") + text(answer)


def test_a_text_whose_file_changed_meanwhile_is_kept_and_says_so(browser):
    url = browser.url("jail-text", "file")
    seen, lines = hidden(browser.client.get(url), "seen"), FILE.replace('fib=""', 'fib="1"')
    Jail.objects.update(config_text=FILE + "# by hand\n")
    answer = browser.client.post(url, {"text": lines, "seen": seen})
    assert "The file was changed on the host since you opened this page." in text(answer)
    assert '<del class="diff-gone"># by hand</del>' in text(answer)


def test_the_fstab_is_edited_as_text_within_the_rules(manager):
    url = manager.url("jail-text", "fstab")
    wrong = manager.client.post(url, {"text": f"{FSTAB}tmpfs /etc tmpfs rw 0 0\n"})
    assert "Line 2 mounts outside the jail" in error_of(wrong, "id_text")
    foreign = manager.client.post(url, {"text": f"{FSTAB}/data /usr/jails/test/data nullfs ro 0 0\n"})
    assert "gives the jail /data of the host" in error_of(foreign, "id_text")
    fine = f"{FSTAB}tmpfs /usr/jails/test/tmp tmpfs rw 0 0\n"
    shown = manager.client.post(url, {"text": fine})
    manager.client.post(url, {"text": fine, "plan_hash": hidden(shown, "plan_hash")})
    assert written(Job.objects.get()) == fine


@pytest.mark.parametrize("now", ["", FILE.replace("\n", "\r\n"), FILE + "\N{REPLACEMENT CHARACTER}"])
def test_a_file_that_a_browser_would_not_keep_is_not_edited_as_text(browser, now):
    Jail.objects.update(config_text=now)
    answer = browser.client.post(browser.url("jail-text", "file"), {"text": FILE})
    assert answer.status_code == 422
    assert "has not seen this file" in text(answer) or "edit it by hand" in text(answer)


@pytest.mark.parametrize("broken", ["", FILE[:300], FILE + 'export jail_test_x="'])
def test_a_file_that_is_broken_is_shown_and_nothing_of_it_can_be_changed_in_the_form(browser, broken):
    Jail.objects.update(config_text=broken)
    assert browser.get().status_code == 200
    browser.post(**{"v-fib": "1"})
    assert not Job.objects.exists()


def test_a_file_that_was_cut_can_be_made_whole_as_text(browser):
    Jail.objects.update(config_text=FILE[:-10])
    url = browser.url("jail-text", "file")
    shown = browser.client.post(url, {"text": FILE})
    browser.client.post(url, {"text": FILE, "plan_hash": hidden(shown, "plan_hash")})
    assert written(Job.objects.get()) == FILE


def test_there_is_no_other_file(browser):
    assert browser.client.get(browser.url("jail-text", "passwd")).status_code == 404


# -- a name -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("test", "It is called test already."),
        ("fulljail", "own directories"),
        ("-x", "begins with a letter"),
        ("taken.one", "There is a jail called taken.one"),
        ("taken-one", "ezjail would take taken-one for the jail taken.one"),
    ],
)
def test_a_name_that_is_taken_is_refused_before_ezjail_moves_the_root(browser, jail, name, why):
    make_jail(jail.host, "taken.one", addresses="lo0|10.0.0.3/24")
    answer = browser.client.post(browser.url("jail-rename"), {"name": name})
    assert answer.status_code == 422
    assert why in error_of(answer, "id_name")


def test_a_running_jail_is_not_renamed(browser):
    Jail.objects.update(jid=3)
    answer = browser.client.post(browser.url("jail-rename"), {"name": "other2"})
    assert "stop it first" in text(answer)
    assert answer.status_code == 422


def test_a_rename_is_checked_while_it_is_typed(browser):
    answer = browser.client.post(browser.url("jail-rename-check"), {"name": "other2", "touched": "name"})
    assert commands(answer) == ["/usr/local/bin/ezjail-admin config -n other2 test"]
    assert not Job.objects.exists()


# -- while one types --------------------------------------------------------------------------------------


def test_a_check_says_what_would_change_and_asks_for_nothing(browser):
    answer = browser.check(**{"v-fib": "1"}, touched="v-fib")
    assert answer.status_code == 200
    assert "plan_hash" in text(answer)
    wrong = browser.check(**{"v-fib": "x"}, touched="v-fib")
    assert 'id="id_v-fib_error"' in text(wrong)
    assert "no whole number" in text(wrong)
    assert not Job.objects.exists()
