from __future__ import annotations

import pytest

PAGES = ["/", "/jails/", "/jails/?sort=-name&page=2&q=web", "/jails/new/", "/jails/web01/delete/", "/hosts/"]


@pytest.mark.parametrize("address", PAGES)
def test_page_renders(visitor, address):
    answer = visitor.get(address)

    assert answer.status_code == 200
    assert "<h1" in answer.content.decode()
