from __future__ import annotations

import pytest
from django.http import QueryDict

from apps.pages.listing import Column, Filter, Listing, ListSpec, query_string


def by_letter(rows, value):
    return rows.filter(username__startswith=value)


SPEC = ListSpec(
    id="people",
    columns=(
        Column("name", "Name", ("username",)),
        Column("active", "Active", ("-is_active", "username")),
        Column("note", "Note"),
    ),
    search=("username__icontains", "email__icontains"),
    filters=(
        Filter("is_active", "Activity", (("1", "Active"), ("0", "Disabled"))),
        Filter(
            "first",
            "Letter",
            (("a", "A"),),
            narrow=by_letter,
        ),
    ),
    page_size=10,
)


@pytest.fixture
def people(db, django_user_model):
    """Thirty people, a00 to c09; every third is disabled; only a00 has an address."""
    django_user_model.objects.bulk_create(
        django_user_model(
            username=f"{'abc'[number // 10]}{number % 10:02}",
            email="x@example.org" if number == 0 else "",
            is_active=number % 3 != 0,
        )
        for number in range(30)
    )
    return django_user_model.objects.all()


def listing(people, query=""):
    return Listing(SPEC, people, QueryDict(query))


def names(people, query=""):
    return [person.username for person in listing(people, query)]


def test_the_first_page_comes_in_the_first_column_s_order(people):
    assert names(people) == [f"a{number:02}" for number in range(10)]


def test_a_minus_turns_the_order_round(people):
    assert names(people, "sort=-name")[0] == "c09"


def test_a_column_s_own_minus_is_turned_too(people):
    assert names(people, "sort=active")[0] == "a01"
    assert names(people, "sort=-active")[0] == "c07"


@pytest.mark.parametrize("sort", ["note", "password", "-password", "--name", "name; drop", "?", "pk"])
def test_an_unknown_order_is_the_first(people, sort):
    assert names(people, f"sort={sort}")[0] == "a00"


def test_ties_are_settled_so_that_no_row_is_on_two_pages(people, django_user_model):
    spec = ListSpec(id="people", columns=(Column("email", "Email", ("email",)),), page_size=7)
    seen = [person.pk for page in range(1, 6) for person in Listing(spec, people, QueryDict(f"page={page}"))]

    assert len(seen) == len(set(seen)) == 30


@pytest.mark.parametrize(
    ("page", "number"), [("2", 2), ("3", 3), ("99", 3), ("0", 3), ("-1", 3), ("x", 1), ("", 1), ("9" * 40, 3)]
)
def test_a_bad_page_number_gives_a_page_that_exists(people, page, number):
    assert listing(people, f"page={page}").page.number == number


def test_search_looks_through_every_look_up(people):
    assert names(people, "q=B0") == [f"b{number:02}" for number in range(10)]
    assert names(people, "q=example.org") == ["a00"]


@pytest.mark.parametrize("text", ["%", "_", "'", "%5C", "a" * 5000, "%00a00%00"])
def test_hostile_search_text_is_only_text(people, text):
    found = names(people, f"q={text}")

    assert found in ([], ["a00"])


def test_a_search_for_control_characters_alone_is_none(people):
    assert not listing(people, "q=%00%1B").narrowed


def test_filters_narrow_by_field_and_by_function(people):
    assert len(names(people, "is_active=0")) == 10
    assert names(people, "first=a")[-1] == "a09"
    assert listing(people, "first=a&is_active=1").total == 6


@pytest.mark.parametrize("query", ["is_active=2", "first=b", "first=", "unknown=1"])
def test_unknown_choices_are_ignored(people, query):
    found = listing(people, query)

    assert found.total == 30
    assert not found.narrowed


def test_links_keep_the_rest_of_the_query_and_go_back_to_the_first_page(people):
    found = listing(people, "q=a&is_active=1&page=3&sort=name")

    assert found.link(sort="-name") == "?q=a&is_active=1&sort=-name"
    assert found.link(page=2) == "?q=a&is_active=1&page=2&sort=name"
    assert found.cleared == "?sort=name"


def test_headings_say_the_order_and_lead_to_the_other(people):
    name, active, note = listing(people, "sort=-name&page=2").headings

    assert (name.direction, name.query) == ("descending", "?sort=name")
    assert (active.direction, active.query) == ("none", "?sort=active")
    assert note.query is None


def test_page_links_leave_gaps(people):
    spec = ListSpec(id="people", columns=SPEC.columns, page_size=1)

    assert Listing(spec, people, QueryDict("page=15")).pages == [1, None, 14, 15, 16, None, 30]
    assert Listing(spec, people, QueryDict("")).pages == [1, 2, None, 30]


def test_a_list_costs_two_queries(people, django_assert_num_queries):
    with django_assert_num_queries(2):
        found = listing(people, "q=a&is_active=1&sort=-name&page=2")
        assert list(found) is not None
        assert found.total
        assert found.pages


def test_empty_values_leave_the_query_string():
    assert query_string(QueryDict("a=1&b=&c=2"), a="") == "?c=2"
    assert query_string(QueryDict(""), name="ä&b") == "?name=%C3%A4%26b"
