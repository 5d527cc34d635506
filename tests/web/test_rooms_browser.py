"""The rooms' pages in a real browser: on a phone, by keyboard, without JavaScript, while output comes."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from apps.accounts.models import Grant, User
from apps.accounts.permissions import Role
from apps.accounts.queries import actor_for
from apps.hosts.models import HostState
from apps.jails.models import Jail
from apps.jails.services import Agreed, jail_stop_request
from apps.jobs.events import publish
from apps.jobs.models import Job, JobState
from jailpanel.asgi import application
from tests.places import HOST_KEY, make_basejail, make_host, make_jail
from tests.services import serving

pytestmark = pytest.mark.e2e
LONG = "build-runner-for-the-continuous-integration-of.long.example.org"
ADDRESSES = "lo0|10.0.0.5/24,re0|192.0.2.14/24,re0|2001:db8:85a3:8d3:1319:8a2e:370:7348/64"


@pytest.fixture(autouse=True, scope="module")
def _database_beside_the_browser():
    """Let tests use the database in the thread in which the browser's event loop runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def host(transactional_db, monkeypatch):
    """A host that is online, with two jails and a waiting job; nothing runs jobs."""
    monkeypatch.setattr("apps.jobs.services.wake_lane", lambda _host_id: None)
    host = make_host("alpha")
    make_basejail(host)
    make_jail(host, LONG, addresses=ADDRESSES, jid=4, root_exists=False, runs_at_boot=False)
    make_jail(host, "web", addresses="lo0|10.0.0.6/24", jid=5)
    return host


@pytest.fixture
def admin(host):
    user = User.objects.create_user("ada", password="correct horse battery")
    Grant.objects.create(user=user, role=Role.ADMIN, host=None)
    return user


@pytest.fixture
def job(host, admin):
    jail = Jail.objects.get(name="web")
    return jail_stop_request(actor=actor_for(admin), jail=jail, agreed=Agreed())


@pytest.fixture
def url(redis_server, host):
    with serving(application) as url:
        yield url


def is_complaint(line) -> bool:
    """Tell a page's fault from the browser's note that a form was answered with 422, as it should be."""
    return line.type == "error" and "status of 422" not in line.text


@pytest.fixture
def open_browser(chromium, url, admin):
    """Open a window in which the administrator is signed in; nothing may complain in its console."""
    contexts, problems = [], []
    client = Client()
    client.force_login(admin, backend="apps.accounts.backends.GrantBackend")

    def open_window(**options):
        context = chromium.new_context(
            base_url=url, **({"viewport": {"width": 1280, "height": 800}} | options)
        )
        context.set_default_timeout(5000)
        session = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}
        context.add_cookies([session])
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if is_complaint(line) else None)
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def page(open_browser):
    return open_browser()


def pages(host, job) -> list[str]:
    jails = Jail.objects.all()
    return [
        "/", "/hosts/", "/hosts/add/", "/jails/", "/jobs/", "/record/",
        *(row.get_absolute_url() for row in (*type(host).objects.all(), *jails, job)),
        reverse("jails:jail-create", args=[host.pk]),
        reverse("jails:basejail-install", args=[host.pk]),
        reverse("jails:jail-delete", args=[host.pk, jails[0].safe_name]),
        reverse("hosts:host-remove", args=[host.pk]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("scripts", "widths"), [(True, (1280, 768, 390)), (False, (360,))], ids=["scripts", "no scripts"]
)
def test_nothing_is_wider_than_a_window(open_browser, host, job, scripts, widths):
    make_host(
        "other-key.example.org", address="2001:db8::5", state=HostState.KEY_CHANGED, offered_key=HOST_KEY
    )
    make_host("no-agent", address="203.0.113.2", state=HostState.AGENT_MISSING, seen_at=None, facts={})
    page = open_browser(java_script_enabled=scripts)
    for address in pages(host, job):
        page.goto(address)
        for width in widths:
            page.set_viewport_size({"width": width, "height": 800})
            sizes = page.locator("html").evaluate("root => [root.scrollWidth, root.clientWidth]")
            assert sizes[0] <= sizes[1], (address, width)


def test_the_focus_stays_where_it_was_when_a_row_is_refreshed(page, host):
    page.goto(host.get_absolute_url())
    expect(page.locator("#live-state")).to_have_text("Live")
    for button in (f"#stop-{Jail.objects.get(name='web').pk}", "#host-probe"):
        page.focus(button)
        with page.expect_response(lambda answer: answer.url.endswith(host.get_absolute_url())):
            publish(f"host:{host.pk}", str(host.pk))
        expect(page.locator(button)).to_be_focused()


def test_what_someone_opened_stays_open_when_it_is_refreshed(page, host):
    page.goto(host.get_absolute_url())
    expect(page.locator("#live-state")).to_have_text("Live")
    page.get_by_text("Interfaces").click()
    type(host).objects.update(release="13.3-RELEASE")
    publish(f"host:{host.pk}", str(host.pk))
    expect(page.locator("#host-body")).to_contain_text("13.3-RELEASE")
    expect(page.locator("#facts-interfaces")).to_have_attribute("open", "")


def test_a_dialog_is_answered_by_keyboard_and_gives_the_focus_back(page, host):
    page.goto("/jails/")
    expect(page.locator("#live-state")).to_have_text("Live")
    stop = f"#stop-{Jail.objects.get(name='web').pk}"
    page.focus(stop)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_focused()
    Jail.objects.filter(name="web").update(runs_at_boot=False)
    publish("jails", "a")
    expect(page.locator("tr[data-jail=web]")).to_contain_text("norun")
    page.keyboard.press("Escape")
    expect(page.locator(stop)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    assert Job.objects.count() == 0


def test_a_button_that_was_just_refreshed_still_opens_its_dialog(page, host):
    page.goto("/jails/")
    expect(page.locator("#live-state")).to_have_text("Live")
    page.evaluate(
        """button => document.addEventListener("htmx:afterSwap", () => {
            setTimeout(() => document.querySelector(button).click());
        }, { once: true })""",
        f"#stop-{Jail.objects.get(name='web').pk}",
    )
    publish("jails", "a")
    expect(page.get_by_role("dialog").get_by_role("button", name="Stop", exact=True)).to_be_visible()


def test_the_name_to_type_has_the_focus_in_a_dialog(page, host):
    page.goto("/jails/?q=web")
    page.get_by_role("link", name="Delete web").click()
    expect(page.locator("#id_typed_name")).to_be_focused()
    page.keyboard.type("web")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert Job.objects.get().kind == "jails.delete"


def test_enter_in_a_field_makes_the_jail_and_not_another_row(page, host):
    page.goto(reverse("jails:jail-create", args=[host.pk]))
    page.locator("#address-0").fill("10.0.0.7")
    page.get_by_label("Name").fill("fresh")
    page.get_by_label("Name").press("Enter")
    expect(page.locator("#job-status")).to_have_attribute("data-job-state", "queued")
    expect(page.get_by_role("heading", name="Create the jail fresh")).to_be_visible()


def test_rows_are_added_and_taken_away_with_the_focus_at_hand(page, host):
    page.goto(reverse("jails:jail-create", args=[host.pk]))
    expect(page.get_by_role("button", name="Take this address away")).to_have_count(0)
    page.get_by_role("button", name="Another address").click()
    expect(page.locator("#address-1")).to_be_focused()
    page.get_by_role("button", name="Take this address away").last.click()
    expect(page.locator("#address-0")).to_be_focused()


def test_a_new_plan_is_said_in_one_sentence(page, host):
    page.goto(reverse("jails:jail-create", args=[host.pk]))
    page.get_by_label("Name").fill("fresh")
    page.locator("#address-0").fill("10.0.0.7")
    page.locator("#address-0").blur()
    expect(page.locator("body > [role=status]")).to_have_text("The plan has 2 commands.")


def test_the_end_of_a_job_is_said_in_one_sentence(page, host, job):
    page.goto(job.get_absolute_url())
    expect(page.locator("#live-state")).to_have_text("Live")
    Job.objects.update(state=JobState.FAILED, outcome="No.")
    publish(f"host:{host.pk}", str(job.pk))
    expect(page.locator("body > [role=status]")).to_have_text("Stop the jail web: failed.")


# -- output ---------------------------------------------------------------------------------------------


@pytest.fixture
def tell(job):
    """Have the job print something, as a worker stores it."""
    step = job.steps.get()
    Job.objects.update(state=JobState.RUNNING)

    def write(text: str) -> None:
        step.refresh_from_db()
        step.chunks.create(offset=step.output_bytes, data=text.encode())
        type(step).objects.update(output_bytes=step.output_bytes + len(text.encode()))
        publish(f"job:{job.pk}", str(job.pk))

    return write


def lines(page) -> list[str]:
    return "".join(page.locator("#output pre").all_text_contents()).splitlines()


def hidden_below(page) -> int:
    """How many pixels of output are below what is in sight."""
    return page.locator("#output").evaluate("box => box.scrollHeight - box.scrollTop - box.clientHeight")


def test_output_is_followed_until_someone_scrolls_up_and_again_from_its_end(page, job, tell):
    tell("".join(f"line {number}\n" for number in range(200)))
    page.goto(job.get_absolute_url())
    expect(page.locator("#live-state")).to_have_text("Live")
    expect(page.locator("#output")).to_contain_text("line 199")
    assert hidden_below(page) < 5

    tell("more\n")
    expect(page.locator("#output")).to_contain_text("more")
    assert hidden_below(page) < 5
    expect(page.get_by_role("button", name="To the end")).to_have_count(0)

    page.locator("#output").evaluate("box => { box.scrollTop = 100 }")
    expect(page.get_by_role("button", name="To the end")).to_be_visible()
    tell("and more\n")
    expect(page.locator("#output")).to_contain_text("and more")
    assert page.locator("#output").evaluate("box => box.scrollTop") == 100

    page.get_by_role("button", name="To the end").click()
    assert hidden_below(page) < 5
    expect(page.locator("#output")).to_be_focused()


def test_a_line_that_comes_in_pieces_is_one_line(page, job, tell):
    page.goto(job.get_absolute_url())
    expect(page.locator("#live-state")).to_have_text("Live")
    for piece in ("fetching ba", "se.txz: 14", " %\ndone", "\n", "\nthe end\n"):
        tell(piece)
        expect(page.locator("#output-pieces")).to_contain_text(piece.strip().rpartition("\n")[2])
    expect(page.locator("#output-pieces")).to_contain_text("the end")
    assert lines(page) == ["fetching base.txz: 14 %", "done", "", "the end"]
    heights = page.locator("#output pre").evaluate_all(
        "all => all.map(pre => pre.getBoundingClientRect().height)"
    )
    line = page.locator("#output pre").first.evaluate("pre => parseFloat(getComputedStyle(pre).lineHeight)")
    assert round(sum(heights) / line) == 4


# What static/output.js does with more than fits is tested in tests/jobs/test_output_browser.py.


# -- without JavaScript -----------------------------------------------------------------------------------


@pytest.fixture
def plain_page(open_browser):
    return open_browser(java_script_enabled=False, viewport={"width": 390, "height": 800})


def test_a_jail_with_two_addresses_is_made_without_javascript(plain_page, host):
    page = plain_page
    page.goto("/")
    page.get_by_role("link", name="Hosts", exact=True).click()
    page.get_by_role("link", name="alpha", exact=True).click()
    page.get_by_role("link", name="New jail").click()
    page.get_by_label("Name").fill("fresh")
    page.locator("#address-0").fill("10.0.0.7")
    page.get_by_role("button", name="Another address").click()
    page.locator("#interface-1").select_option("re0")
    page.locator("#address-1").fill("192.0.2.99")
    page.locator("#prefix-1").fill("24")
    page.get_by_role("button", name="Create the jail").click()
    expect(page.locator("#job-status")).to_contain_text("create fresh 'lo0|10.0.0.7/24,re0|192.0.2.99/24'")
    assert Job.objects.get().intent["addresses"] == "lo0|10.0.0.7/24,re0|192.0.2.99/24"


@pytest.mark.parametrize(("verb", "kind"), [("Stop", "jails.stop"), ("Restart", "jails.restart")])
def test_a_jail_is_stopped_without_javascript(plain_page, host, verb, kind):
    page = plain_page
    page.goto("/jails/?q=web")
    page.get_by_role("link", name=f"{verb} web").click()
    expect(page.locator(".plan-steps")).to_contain_text(f"one{verb.lower()} web")
    page.get_by_role("button", name=verb, exact=True).click()
    expect(page.locator(".alert")).to_contain_text("queued")
    expect(page).to_have_url(re.compile(r"/jails/\?q=web$"))
    assert Job.objects.get().kind == kind


def test_a_jail_is_deleted_without_javascript(plain_page, host):
    page = plain_page
    page.goto("/jails/?q=web")
    page.get_by_role("link", name="Delete web").click()
    page.get_by_role("link", name="Destroy its files too").click()
    page.get_by_role("textbox").fill("wrong")
    page.get_by_role("button", name="Delete and destroy its files").click()
    expect(page.locator("#id_typed_name_error")).to_contain_text("Type the jail's name")
    page.get_by_role("textbox").fill("web")
    page.get_by_role("button", name="Delete and destroy its files").click()
    expect(page.locator(".alert")).to_contain_text("queued")
    assert Job.objects.get().intent["wipe"] is True


def test_lists_are_filtered_and_paged_without_javascript(plain_page, host):
    for number in range(60):
        make_jail(host, f"many{number:02}", addresses=f"lo0|10.0.1.{number + 1}/24")
    page = plain_page
    page.goto("/jails/")
    page.get_by_role("link", name="Next page").click()
    expect(page).to_have_url(re.compile("page=2"))
    page.get_by_label("State").select_option("running")
    page.get_by_role("button", name="Apply").click()
    expect(page.locator("[data-list-total]")).to_have_text("2")


def test_one_signs_out_without_javascript(plain_page, host):
    page = plain_page
    page.goto("/")
    page.locator("#user-menu-small").focus()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
