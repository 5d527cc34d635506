"""Template tags of the panel: `{% load panel %}`. docs/contributors/pages.md shows each in use."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django import template
from django.forms.boundfield import BoundField, BoundWidget
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.accounts.permissions import Perm
from apps.pages import forms, wording
from apps.pages.listing import Heading, Listing, query_string
from apps.pages.status import look_of
from apps.pages.tabs import tab_urls, tabs_of

register = template.Library()


@register.inclusion_tag("web/_page_tabs.html", takes_context=True)
def page_tabs(context: template.Context, of: str, here: str, host_id: Any, *args: Any) -> dict[str, Any]:
    """Show the pages that a host or a jail has.

    Args:
        context: The page's.
        of: `host` or `jail`.
        here: The URL name of the page that is shown.
        host_id: The host's id, the first word of the pages' addresses.
        args: The other words: a jail's safe name.
    """
    actor = context["request"].actor
    shown = [tab for tab in tabs_of(of) if not tab.perm or actor.may(Perm(tab.perm), host_id)]
    return {
        "tabs": tab_urls(shown, (host_id, *args)),
        "here": here,
        "label": f"Pages of this {of}",
    }


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """Draw a symbol of static/icons.svg; it says nothing to a screen reader, so text stands beside it."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        css, static("icons.svg"), name,
    )  # fmt: skip


@register.simple_tag
def status_badge(state: Any, kind: str = "", label: str = "", title: str = "") -> SafeString:
    """Show a state: colour, sign and word. A job's "running" is another than a jail's: `kind="job"`."""
    look = look_of(str(state), kind)
    return format_html(
        '<span class="state state-{}"{}>{}<span>{}</span></span>',
        look.colour,
        format_html(' title="{}"', title) if title else "",
        icon(look.icon, "icon-sm icon-spin" if look.busy else "icon-sm"),
        label or look.label,
    )


@register.simple_tag
def ago(value: datetime | None, never: str = "never") -> SafeString:
    """Say how long ago something was; static/panel.js keeps it true while the page is open."""
    if value is None:
        return format_html('<span class="text-secondary">{}</span>', never)
    return format_html(
        '<time datetime="{}" title="{}" data-ago>{}</time>',
        _machine(value), wording.full_time(value), wording.ago(value, timezone.now()),
    )  # fmt: skip


@register.simple_tag
def elapsed(start: datetime | None, end: datetime | None = None) -> SafeString:
    """Say how long something took, or, without an end, has been taking; that one counts on in the page."""
    if start is None:
        return format_html('<span class="text-secondary">{}</span>', "–")
    if end is not None:
        return format_html("<span>{}</span>", wording.duration(end - start))
    text = wording.duration(timezone.now() - start)
    return format_html('<time datetime="{}" data-elapsed>{}</time>', _machine(start), text)


def _machine(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@register.simple_tag(name="bytes")
def bytes_(value: int | str | None) -> str:
    """Say an amount of bytes in binary units: 1.5 GiB. What a template lacks comes as an empty text."""
    return "–" if value is None or isinstance(value, str) else wording.size(value)


@register.simple_tag
def duration(value: timedelta | float | str | None) -> str:
    """Say a length of time (a timedelta or seconds): 3 min 20 s."""
    return "–" if value is None or isinstance(value, str) else wording.duration(value)


@register.simple_tag(takes_context=True)
def query_replace(context: template.Context, **values: Any) -> str:
    """Return the page's query string with some values replaced; an empty value is taken out."""
    request: HttpRequest = context["request"]
    return query_string(request.GET, **{key: "" if value is None else value for key, value in values.items()})


@register.simple_tag
def table_head(listing: Listing[Any]) -> SafeString:
    """Render the `<thead>` of a list: every column of its spec in order."""
    cells = format_html_join("", "{}", ((_heading(listing, heading),) for heading in listing.headings))
    return format_html("<thead><tr>{}</tr></thead>", cells)


def _heading(listing: Listing[Any], heading: Heading) -> SafeString:
    label = heading.column.label
    if heading.query is None:
        text = format_html("{}" if label else '<span class="visually-hidden">{}</span>', label or "Actions")
        return format_html('<th scope="col" class="{}">{}</th>', heading.column.css, text)
    sign = {"ascending": "chevron-up", "descending": "chevron-down"}.get(heading.direction, "selector")
    return format_html(
        '<th scope="col" class="{}" aria-sort="{}">'
        '<a class="sort" id="{}-sort-{}" href="{}" {}>{}{}</a></th>',
        heading.column.css, heading.direction, listing.id, heading.column.key, heading.query,
        _swap(listing, heading.query), label, icon(sign, "icon-sm"),
    )  # fmt: skip


@register.simple_tag
def page_link(listing: Listing[Any], number: int) -> SafeString:
    """Return the attributes of a link to another page of a list."""
    query = listing.link(page=number if number > 1 else "")
    return format_html('href="{}" {}', query, _swap(listing, query))


@register.simple_tag
def clear_link(listing: Listing[Any]) -> SafeString:
    """Return the attributes of the link that clears search and filters; it reloads, to empty the fields."""
    return format_html('href="{}"', listing.cleared)


def _swap(listing: Listing[Any], query: str) -> SafeString:
    return format_html(
        'hx-get="{0}" hx-target="#{1}" hx-select="#{1}" hx-swap="outerHTML" hx-push-url="true"',
        query,
        listing.id,
    )


@register.simple_tag
def dialog_link(url: str) -> SafeString:
    """Return the attributes of a link that opens a page's partial as a dialog, or the page itself."""
    return format_html('href="{0}" hx-get="{0}" hx-target="#dialog" hx-swap="innerHTML"', url)


@register.simple_tag
def command(argv: Sequence[str] | str) -> SafeString:
    """Show a command as it could be typed into a shell, with a button that copies it."""
    text = argv if isinstance(argv, str) else format_html_join(" ", "{}", ((_word(word),) for word in argv))
    return format_html(
        '<div class="command"><code data-copy-source>{}</code>'
        '<button type="button" class="btn btn-icon btn-sm btn-ghost-secondary" data-copy aria-label="Copy">{}'
        "</button></div>",
        text, icon("copy", "icon-sm"),
    )  # fmt: skip


def _word(word: object) -> str:
    """Quote a word for a shell; a line does not break at the hyphens in it, as a browser would."""
    text = shlex.quote(str(word))
    return format_html('<span class="word">{}</span>', text) if "-" in text else text


@register.simple_tag
def control(field: BoundField) -> str:
    """Render the control of a form field with the panel's look."""
    return forms.control(field)


@register.simple_tag
def choice(option: BoundWidget) -> str:
    """Render one radio button or check box of a list of them."""
    return forms.choice(option)


@register.filter
def is_choice_list(field: BoundField) -> bool:
    """Tell whether a form field is a list of radio buttons or check boxes."""
    return forms.is_choice_list(field)


@register.filter
def is_switch(field: BoundField) -> bool:
    """Tell whether a form field is one check box."""
    return forms.is_switch(field)


@register.simple_block_tag
def live(
    content: str, *topics: str, target: str, url: str = "", include: str = "", css: str = "", **objects: Any
) -> SafeString:
    """Wrap a partial so that it is fetched again when one of the topics changes.

    The wrapper stays and only the partial inside is swapped: an event that comes while a request is
    under way would be lost with an element that is being replaced.

    Args:
        content: The partial, included.
        topics: "jails", "hosts", "jobs".
        target: Id of the partial's root element.
        url: Where it is fetched; without one, the address of the page with its query string of that moment.
        include: Selector of fields whose values are sent along, read at the time of the request.
        css: Classes of the wrapper.
        objects: Topics of one object: `host=host.pk`, `job=job.pk`.
    """
    names = [*topics, *(f"{kind}:{key}" for kind, key in objects.items())]
    triggers = ", ".join([*(f"sse:{name}" for name in names), "panel:refresh"])
    return format_html(
        '<div class="live {}" data-live="{}" hx-get="{}" hx-trigger="{}" hx-target="#{}"'
        ' hx-swap="outerHTML"{}>'
        "{}</div>",
        css, " ".join(names), url, triggers, target,
        format_html(' hx-include="{}"', include) if include else "", content,
    )  # fmt: skip
