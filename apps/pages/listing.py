"""Lists that sort, filter, search and page by their address alone, with and without JavaScript.

A view declares a `ListSpec` and hands it a queryset that is already narrowed to the actor:

    listing = Listing(JAILS, jail_list(actor=request.actor), request.GET)

Nothing of the query string reaches the database but values: columns, directions and filters are
looked up in the spec, and whatever is not there is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import or_
from typing import Generic, TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import Model, Q, QuerySet
from django.http import QueryDict

M = TypeVar("M", bound=Model)
Narrow = Callable[[QuerySet[M], str], QuerySet[M]]

PAGE_SIZE = 50
TEXT_MAX = 200
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list.

    Args:
        key: Its name in `?sort=`.
        label: Its heading. May be empty for a column of buttons.
        order_by: Model fields to order by, each `name` or `-name`; empty when it cannot be sorted.
        css: Classes of its heading.
    """

    key: str
    label: str
    order_by: tuple[str, ...] = ()
    css: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """A choice above a list.

    Args:
        key: Its name in the query string.
        label: What it narrows by, for the empty choice: "Any <label>".
        choices: Value and label of each choice; other values are ignored.
        narrow: Applies a value to the queryset; by default `filter(<key>=value)`.
    """

    key: str
    label: str
    choices: tuple[tuple[str, str], ...]
    narrow: Narrow[Model] | None = None

    def apply(self, rows: QuerySet[M], value: str) -> QuerySet[M]:
        """Return the rows that `value` leaves."""
        if self.narrow is None:
            return rows.filter(**{self.key: value})
        return self.narrow(rows, value)  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class ListSpec:
    """What a list can do.

    Args:
        id: Id of the root element of its partial, which is swapped as a whole.
        columns: Its columns in order; the first that can be sorted is the default order.
        search: Look-ups that `?q=` is tried on, for example `("name__icontains",)`.
        search_label: What the search field says it looks through.
        filters: Its filters in order.
        default_sort: `key` or `-key` when the query string has no `sort`.
        page_size: Rows a page.
    """

    id: str
    columns: tuple[Column, ...]
    search: tuple[str, ...] = ()
    search_label: str = "Search"
    filters: tuple[Filter, ...] = ()
    default_sort: str = ""
    page_size: int = PAGE_SIZE

    @property
    def first_sort(self) -> str:
        """The order that applies when none is asked for."""
        return self.default_sort or next((column.key for column in self.columns if column.order_by), "")


@dataclass(frozen=True, slots=True)
class Heading:
    """A column heading as the template shows it.

    Args:
        column: The column.
        direction: "ascending" or "descending" when the list is sorted by it, else "none".
        query: Query string that sorts by it, or turns the order round; None when it cannot be sorted.
    """

    column: Column
    direction: str
    query: str | None


class Listing(Generic[M]):
    """One page of a list, as a query string asks for it.

    Args:
        spec: What the list can do.
        queryset: Its rows, narrowed to what the actor may see.
        query: The request's query string.
    """

    def __init__(self, spec: ListSpec, queryset: QuerySet[M], query: QueryDict) -> None:
        self.spec = spec
        self.queryset = queryset
        self.query = query

    def __iter__(self) -> Iterator[M]:
        return iter(self.page.object_list)

    @property
    def id(self) -> str:
        """Id of the list's root element."""
        return self.spec.id

    @cached_property
    def text(self) -> str:
        """What is searched for."""
        text = self.query.get("q", "") if self.spec.search else ""
        return UNPRINTABLE.sub("", text)[:TEXT_MAX].strip()

    @cached_property
    def choices(self) -> dict[str, str]:
        """Filter key → chosen value, of those that the spec knows."""
        asked = {choice.key: self.query.get(choice.key, "") for choice in self.spec.filters}
        known = {choice.key: {value for value, _ in choice.choices} for choice in self.spec.filters}
        return {key: value for key, value in asked.items() if value in known[key]}

    @property
    def narrowed(self) -> bool:
        """Whether a search or a filter leaves rows out; an empty list then says so."""
        return bool(self.text or self.choices)

    @property
    def active_filters(self) -> list[tuple[Filter, str]]:
        """Each filter with its chosen value or ""."""
        return [(choice, self.choices.get(choice.key, "")) for choice in self.spec.filters]

    @cached_property
    def sort(self) -> str:
        """`key` or `-key` of the order that applies."""
        asked = self.query.get("sort", "")
        known = {column.key for column in self.spec.columns if column.order_by}
        return asked if asked.removeprefix("-") in known else self.spec.first_sort

    @cached_property
    def rows(self) -> QuerySet[M]:
        """All rows that match, in order; the primary key settles ties, so that pages never share a row."""
        rows = self.queryset
        for choice, value in self.active_filters:
            rows = choice.apply(rows, value) if value else rows
        if self.text:
            rows = rows.filter(reduce(or_, (Q((lookup, self.text)) for lookup in self.spec.search)))
        return rows.order_by(*self._order(), "pk")

    def _order(self) -> list[str]:
        key = self.sort.removeprefix("-")
        fields = next((column.order_by for column in self.spec.columns if column.key == key), ())
        return [_reversed(name) for name in fields] if self.sort.startswith("-") else list(fields)

    @cached_property
    def page(self) -> Page[M]:
        """The page asked for; a number past the end gives the last one, nonsense the first."""
        return Paginator(self.rows, self.spec.page_size).get_page(self.query.get("page"))

    @property
    def total(self) -> int:
        """How many rows match in all."""
        return self.page.paginator.count

    @property
    def pages(self) -> list[int | None]:
        """Page numbers to link to; None where some are left out."""
        last, here = self.page.paginator.num_pages, self.page.number
        near = sorted({1, last, *range(max(1, here - 1), min(last, here + 1) + 1)})
        numbers: list[int | None] = []
        for number in near:
            if numbers and number - (numbers[-1] or 0) > 1:
                numbers.append(None)
            numbers.append(number)
        return numbers

    @property
    def headings(self) -> list[Heading]:
        """The column headings with their links."""
        return [self.heading(column) for column in self.spec.columns]

    def heading(self, column: Column) -> Heading:
        """Return one heading: asking for the order that applies already turns it round."""
        if not column.order_by:
            return Heading(column, "none", None)
        direction = {column.key: "ascending", f"-{column.key}": "descending"}.get(self.sort, "none")
        wanted = f"-{column.key}" if direction == "ascending" else column.key
        return Heading(column, direction, self.link(sort=wanted))

    def link(self, **values: str | int) -> str:
        """Return this list's query string with some values replaced; from page 1 unless `page` is given.

        Args:
            values: Key → new value; an empty one is taken out.
        """
        return (
            query_string(self.query, page="", **values)
            if "page" not in values
            else query_string(self.query, **values)
        )

    @property
    def cleared(self) -> str:
        """Query string without search and filters, in the same order."""
        return self.link(q="", **{choice.key: "" for choice in self.spec.filters})


def query_string(query: QueryDict, **values: str | int) -> str:
    """Return `?…` with some values of a query string replaced and empty ones left out.

    Args:
        query: The query string of the page.
        values: Key → new value; an empty one is taken out.
    """
    changed = query.copy()
    for key, value in values.items():
        changed[key] = str(value)
    for key in [key for key, lists in changed.lists() if not any(lists)]:
        del changed[key]
    return f"?{changed.urlencode()}"


def _reversed(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"
