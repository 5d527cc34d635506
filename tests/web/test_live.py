"""The live stream over real sockets: uvicorn on a free port, a real redis-server, a browser's requests."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import ExitStack, contextmanager
from urllib.parse import urlencode

import httpx
import pytest

from apps.jobs.events import publish
from apps.web.live import hub, route
from jailpanel.asgi import application
from tests.services import eventually, serving

COOKIE = {"cookie": "sessionid=good"}
JOB = "job:3f0c7f1e-1111-4222-8333-944444444444"


@pytest.fixture
def anyone(monkeypatch):
    """Take every session called "good" for signed in: who may listen is what other tests are about."""

    async def user_of(cookies):
        return 1 if "sessionid=good" in cookies else None

    monkeypatch.setattr(route, "user_of", user_of)


@pytest.fixture
def address(redis_server, anyone):
    with serving(application) as url:
        yield f"{url}/live/"


class Events:
    """What a browser's EventSource would hand on."""

    def __init__(self, answer):
        self.answer = answer
        self._lines = answer.iter_lines()

    def next(self):
        fields = {}
        for line in self._lines:
            if not line:
                if fields:
                    return fields
                continue
            name, _, value = line.partition(": ")
            fields[name] = value
        return None

    def next_named(self, name):
        while (event := self.next()) is not None:
            if event.get("event") == name:
                return event
        return None


@contextmanager
def listening(address, *topics, since=None, headers=None):
    """Open a stream and wait until it is surely fed."""
    query = [("topic", topic) for topic in topics] + ([("since", str(since))] if since else [])
    with httpx.stream("GET", address, params=query, headers=headers or COOKIE, timeout=5) as answer:
        assert answer.status_code == 200
        events = Events(answer)
        assert events.next() == {"retry": "2000"}
        yield events


def heard(address, *topics):
    """Open a stream that begins with "resync": from then on the hub hears everything."""
    return listening(address, *topics, since=1)


def let_slack_pass(after_ms=None):
    """Wait until the allowance for differing clocks has passed."""
    beginning = int(time.time() * 1000) if after_ms is None else int(after_ms)
    eventually(lambda: time.time() * 1000 > beginning + hub.CLOCK_SLACK_MS + 1)


def test_an_event_says_which_topic_and_which_object(address):
    with heard(address, JOB) as events:
        assert events.next_named("resync")

        publish(JOB, JOB.removeprefix("job:"))

        event = events.next_named(JOB)
        assert event["data"] == JOB.removeprefix("job:")


def test_a_list_topic_does_not_say_which_object_changed(address):
    with heard(address, "jails") as events:
        assert events.next_named("resync")

        publish("jails", "3f0c7f1e")

        assert events.next_named("jails")["data"] == "changed"


def test_topics_that_the_page_does_not_watch_stay_away(address):
    with heard(address, "hosts") as events:
        assert events.next_named("resync")

        publish("jails", "a")
        publish("hosts", "b")

        assert events.next()["event"] == "hosts"


def test_a_burst_becomes_a_few_events_and_the_last_one_arrives(address):
    with heard(address, "jails", "hosts") as events:
        assert events.next_named("resync")

        for _ in range(500):
            publish("jails", "a")
        publish("hosts", "end")

        seen = []
        while not seen or seen[-1] != "hosts":
            seen.append(events.next()["event"])
        assert seen.count("jails") <= 5


def test_events_between_page_and_stream_are_sent_again(address):
    with heard(address, "jails") as first:
        assert first.next_named("resync")
        let_slack_pass()
        rendered_ms = int(time.time() * 1000)
        publish("jails", "a")
        assert first.next_named("jails")

        with listening(address, "jails", since=rendered_ms) as second:
            assert second.next()["event"] == "jails"


def test_a_broken_stream_goes_on_after_the_last_event_that_it_saw(address):
    with heard(address, "jails", "hosts") as first:
        assert first.next_named("resync")
        publish("jails", "a")
        seen = first.next_named("jails")["id"]
        let_slack_pass(seen)
        publish("hosts", "b")
        assert first.next_named("hosts")

    with listening(
        address,
        "jails",
        "hosts",
        headers={**COOKIE, "last-event-id": str(int(seen) + hub.CLOCK_SLACK_MS + 1)},
    ) as second:
        assert second.next()["event"] == "hosts"


def test_nothing_is_sent_again_that_the_page_knows(address):
    with heard(address, "jails", "hosts") as first:
        assert first.next_named("resync")
        publish("jails", "a")
        event = first.next_named("jails")
        later = int(event["id"]) + hub.CLOCK_SLACK_MS + 1

        with listening(address, "jails", "hosts", since=later) as second:
            publish("hosts", "b")
            assert second.next()["event"] == "hosts"


def test_a_page_older_than_what_the_process_remembers_is_fetched_again(address, monkeypatch):
    monkeypatch.setattr(hub, "HISTORY", 1000)
    with heard(address, "jails") as events:
        assert events.next_named("resync")
        with listening(address, "jails", since=int(time.time() * 1000) - 3_600_000) as old:
            assert old.next()["event"] == "resync"


def test_redis_gone_is_said_and_its_return_makes_pages_fetch_everything(address, redis_server):
    with heard(address, "jails") as events:
        assert events.next_named("resync")

        redis_server.kill()
        assert events.next_named("away")

        redis_server.start()
        assert events.next_named("resync")
        publish("jails", "a")
        assert events.next_named("jails")


def test_a_stream_opened_while_redis_is_gone_says_so(address, redis_server):
    redis_server.kill()
    with listening(address, "jails", since=1) as events:
        assert events.next_named("away")


def test_a_silent_stream_is_kept_open_by_comments(address, monkeypatch):
    with heard(address, "jails") as events:
        assert events.next_named("resync")
        monkeypatch.setattr(route, "PING_S", 0.05)

        publish("jails", "a")
        assert events.next_named("jails")

        assert "" in events.next()  # ": ping"


def test_closed_browsers_are_noticed_within_two_seconds(address):
    with ExitStack() as tabs:
        for _ in range(50):
            tabs.enter_context(heard(address, "jails"))
        (fed,) = [found for found in hub._hubs.values() if len(found) == 50]

    eventually(lambda: len(fed) == 0, within_s=2)


def test_many_streams_hold_no_threads(address):
    with heard(address, "jails"):
        before = threading.active_count()
        with ExitStack() as tabs:
            for _ in range(40):
                tabs.enter_context(heard(address, "jails"))

            # The pool that looks up sessions may have grown to its four.
            assert threading.active_count() - before <= 4


def test_the_answer_may_not_be_stored_or_held_back(address):
    with heard(address, "jails") as events:
        headers = events.answer.headers

    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["cache-control"] == "no-store"
    assert headers["x-accel-buffering"] == "no"


@pytest.mark.parametrize(
    ("method", "query", "headers", "status"),
    [
        ("GET", "topic=jails", {}, 401),
        ("GET", "topic=jails", {"cookie": "sessionid=bad"}, 401),
        ("POST", "topic=jails", COOKIE, 405),
        ("GET", "topic=jails", {**COOKIE, "sec-fetch-site": "cross-site"}, 403),
        ("GET", "topic=jails", {**COOKIE, "sec-fetch-site": "same-site"}, 403),
        ("GET", "", COOKIE, 400),
        ("GET", "topic=", COOKIE, 400),
        ("GET", "topic=Jails", COOKIE, 400),
        ("GET", "topic=resync", COOKIE, 400),
        ("GET", "topic=jails%0Aevent:x", COOKIE, 400),
        ("GET", "topic=host:a:b", COOKIE, 400),
        ("GET", "&".join(f"topic=job:{n}" for n in range(33)), COOKIE, 400),
        ("GET", "&".join(f"topic=job:{n}" for n in range(500)), COOKIE, 400),
    ],
)
def test_what_gets_no_stream(anyone, method, query, headers, status):
    async def ask():
        transport = httpx.ASGITransport(app=application)
        async with httpx.AsyncClient(transport=transport, base_url="http://panel") as browser:
            return await browser.request(method, f"/live/?{query}", headers=headers)

    assert asyncio.run(ask()).status_code == status


@pytest.mark.parametrize("since", ["", "x", "-5", "9" * 30, "١٢"])
def test_nonsense_for_since_means_that_everything_may_have_been_missed(since):
    query = urlencode({"topic": "jails", "since": since})

    assert route._wanted({"method": "GET", "headers": [], "query_string": query.encode()}).since_ms == 0
