"""What the documents say about the code, held against the code."""

from __future__ import annotations

import re

import pytest

from jailpanel.environment import BASE_DIR

DOCUMENTS = [
    *BASE_DIR.glob("*.md"),
    *(BASE_DIR / "docs").rglob("*.md"),
]
# Set by programs for their children, not by people.
INTERNAL = {"JAILPANEL_WORKER_READY_FILE"}


def variables_read() -> set[str]:
    read = re.compile(r"""(?:environ(?:\.get\(|\[)|\bflag\(|\bwords\()["']([A-Z_]+)["']""")
    sources = [*(BASE_DIR / "jailpanel").rglob("*.py"), *(BASE_DIR / "apps").rglob("*.py")]
    return {name for path in sources for name in read.findall(path.read_text())} - INTERNAL


def test_every_variable_is_documented_and_every_documented_one_is_read():
    text = (BASE_DIR / "docs" / "operators" / "settings.md").read_text()
    documented = set(re.findall(r"^\| `([A-Z_]+)` ", text, re.MULTILINE))
    panel_only = {
        name for name in variables_read() if name.startswith(("JAILPANEL_", "DATABASE", "REDIS", "PORT"))
    }
    assert documented == panel_only - {"JAILPANEL_ROOT", "JAILPANEL_RUNS", "JAILPANEL_AGENT"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(BASE_DIR)))
def test_links_lead_somewhere(document):
    targets = re.findall(r"\]\(([^)#]+)", document.read_text())
    missing = [
        target
        for target in targets
        if not target.startswith("http") and not (document.parent / target).exists()
    ]
    assert missing == []


def test_every_decision_is_listed():
    folder = BASE_DIR / "docs" / "decisions"
    listed = re.findall(r"\((\d{4}-[a-z-]+\.md)\)", (folder / "README.md").read_text())
    assert sorted(listed) == sorted(path.name for path in folder.glob("0*.md"))
    for path in folder.glob("0*.md"):
        text = path.read_text()
        assert text.startswith(f"# {path.name[:4]} ")
        assert all(part in text for part in ("**Context.**", "**Decision.**", "**Consequence.**"))


def test_every_make_target_that_the_readme_names_exists():
    targets = set(re.findall(r"^([a-z-]+):", (BASE_DIR / "Makefile").read_text(), re.MULTILINE))
    for document in DOCUMENTS:
        assert set(re.findall(r"`make ([a-z-]+)", document.read_text())) <= targets
