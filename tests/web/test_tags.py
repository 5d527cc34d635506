from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from django.utils import timezone

from tests.web import gallery


def render(source, **context):
    return Template("{% load panel %}" + source).render(Context(context))


def test_an_icon_is_silent_for_screen_readers():
    assert 'aria-hidden="true"' in render('{% icon "box" %}')
    assert 'icons.svg#box"' in render('{% icon "box" %}')


def test_a_state_is_said_by_word_sign_and_colour():
    badge = render('{% status_badge "running" %}')

    assert "Running" in badge
    assert "state-green" in badge
    assert "#player-play" in badge


def test_a_running_job_does_not_look_like_a_running_jail():
    badge = render('{% status_badge "running" kind="job" %}')

    assert "state-blue" in badge
    assert "icon-spin" in badge


def test_an_unknown_state_is_shown_as_its_word():
    assert "Some new state" in render('{% status_badge "some_new_state" %}')


def test_label_and_title_of_a_state_are_escaped():
    badge = render('{% status_badge "online" label=label title=label %}', label='<b>"')

    assert "<b>" not in badge
    assert badge.count("&lt;b&gt;") == 2


def test_ago_carries_the_moment_for_machines_and_in_full():
    text = render("{% ago value %}", value=timezone.now() - timedelta(minutes=3))

    assert "3 minutes ago" in text
    assert "data-ago" in text
    assert 'Z"' in text
    assert "UTC" in text


def test_what_never_happened_is_said():
    assert "not yet" in render('{% ago value never="not yet" %}', value=None)


def test_elapsed_counts_on_only_without_an_end():
    start = datetime(2026, 11, 24, 12, tzinfo=UTC)

    assert "3 min 20 s" in render("{% elapsed a b %}", a=start, b=start + timedelta(seconds=200))
    assert "data-elapsed" not in render("{% elapsed a b %}", a=start, b=start)
    assert "data-elapsed" in render("{% elapsed a %}", a=start)
    assert "–" in render("{% elapsed a %}", a=None)


def test_amounts_and_lengths_that_are_not_known_are_a_dash():
    assert render("{% bytes n %} {% duration n %}", n=None) == "– –"
    assert render("{% bytes 1536 %} {% duration 90 %}") == "1.5 KiB 1 min 30 s"


def test_query_replace_keeps_the_rest(rf):
    request = rf.get("/?a=1&page=3&b=%26")

    assert render("{% query_replace page=2 a='' %}", request=request) == "?page=2&amp;b=%26"


def test_a_command_is_quoted_for_a_shell_and_escaped_for_the_page():
    text = render("{% command argv %}", argv=("/bin/echo", "a b", "$(id)", "<i>"))

    assert "/bin/echo &#x27;a b&#x27; &#x27;$(id)&#x27; &#x27;&lt;i&gt;&#x27;" in text
    assert "data-copy" in text


def test_a_live_region_names_its_topics_and_keeps_its_wrapper():
    tag = '{% live "jails" host="ab-1" target="rows" url="/x/" include="#after" %}'
    text = render(tag + "<p>{{ v }}</p>{% endlive %}", v="<")

    assert 'data-live="jails host:ab-1"' in text
    assert 'hx-trigger="sse:jails, sse:host:ab-1, panel:refresh"' in text
    assert 'hx-get="/x/"' in text
    assert 'hx-target="#rows"' in text
    assert 'hx-include="#after"' in text
    assert "<p>&lt;</p>" in text


@pytest.fixture
def form():
    return gallery.JailForm({"name": "-bad", "kind": "zfs", "release": "<14>"})


def test_a_field_ties_label_control_help_and_error_together(form):
    text = form["name"].as_field_group()

    assert '<label class="form-label required"\n           for="id_name">Name</label>' in text
    assert 'class="form-control font-monospace"' in text
    assert 'aria-describedby="id_name_helptext id_name_error"' in text
    assert 'aria-invalid="true"' in text
    assert 'id="id_name_error"' in text
    assert "A name has letters" in text
    assert 'id="id_name_helptext"' in text


def test_the_error_s_place_is_there_before_the_error():
    text = gallery.JailForm()["name"].as_field_group()

    assert 'id="id_name_error"' in text
    assert "aria-invalid" not in text


def test_values_are_escaped(form):
    assert "&lt;14&gt;" in str(form)
    assert "<14>" not in str(form)


def test_choices_have_a_legend_and_a_label_each(form):
    text = form["kind"].as_field_group()

    assert "<legend" in text
    assert text.count('class="form-check-input"') == 2
    assert 'for="id_kind_1"' in text
    assert "checked" in text


def test_one_check_box_has_its_label_beside_it(form):
    assert "form-check-label" in form["ports"].as_field_group()


def test_a_placeholder_that_repeats_the_label_is_dropped():
    form = gallery.JailForm()
    form.fields["name"].widget.attrs["placeholder"] = "Name"

    assert 'placeholder="Name"' not in form["name"].as_field_group()


def test_headings_of_a_list_are_links_that_say_the_order(visitor):
    text = visitor.get("/jails/?sort=-name").content.decode()

    assert 'aria-sort="descending"' in text
    assert 'href="?sort=name" hx-get="?sort=name" hx-target="#jail-list"' in text
    assert '<span class="visually-hidden">Actions</span>' in text
