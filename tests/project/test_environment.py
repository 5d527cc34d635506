from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from jailpanel import environment


@pytest.fixture(autouse=True)
def _bare(monkeypatch):
    for name in ("DATABASE_URL", "JAILPANEL_SECRET_KEY", "JAILPANEL_VAR"):
        monkeypatch.delenv(name, raising=False)


def test_secret_key_is_made_once_and_for_its_owner_only(tmp_path):
    first = environment.secret_key(tmp_path)
    assert len(first) >= 50
    assert environment.secret_key(tmp_path) == first
    assert stat.S_IMODE((tmp_path / "secret-key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret-key"]


def test_processes_that_start_together_agree_on_the_secret_key(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(environment.secret_key, [tmp_path] * 32))
    assert len(keys) == 1
    assert "" not in keys


def test_a_given_secret_key_is_taken_and_not_written_down(tmp_path, monkeypatch):
    monkeypatch.setenv("JAILPANEL_SECRET_KEY", "given")
    assert environment.secret_key(tmp_path) == "given"
    assert list(tmp_path.iterdir()) == []


def test_state_folder_is_made_for_its_owner_only(tmp_path, monkeypatch):
    monkeypatch.setenv("JAILPANEL_VAR", str(tmp_path / "deep" / "state"))
    assert environment.state_dir() == tmp_path / "deep" / "state"
    assert stat.S_IMODE(environment.state_dir().stat().st_mode) == 0o700


def test_without_a_url_the_database_is_sqlite_that_does_not_lock_itself_out(tmp_path):
    settings = environment.database(tmp_path)
    assert settings["NAME"] == tmp_path / "jailpanel.sqlite3"
    assert settings["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in settings["OPTIONS"]["init_command"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgresql://panel:p%40ss%2Fw@db.example:5433/jail%20panel",
            {
                "USER": "panel",
                "PASSWORD": "p@ss/w",
                "HOST": "db.example",
                "PORT": "5433",
                "NAME": "jail panel",
            },
        ),
        (
            "postgres://db.example/x",
            {"USER": "", "PASSWORD": "", "HOST": "db.example", "PORT": "", "NAME": "x"},
        ),
        ("postgresql://u@%2Fvar%2FRun%2Fpg/x", {"HOST": "/var/Run/pg", "PORT": ""}),
        ("postgresql://u@[2001:db8::1]:5433/x", {"HOST": "2001:db8::1", "PORT": "5433"}),
        ("postgresql:///x", {"HOST": "", "NAME": "x"}),
        (
            "postgresql://db/x?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem",
            {"OPTIONS": {"sslmode": "verify-full", "sslrootcert": "/etc/ca.pem"}},
        ),
    ],
)
def test_database_url_is_read(url, expected, tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", url)
    settings = environment.database(tmp_path)
    assert settings["ENGINE"] == "django.db.backends.postgresql"
    assert {name: settings[name] for name in expected} == expected


@pytest.mark.parametrize("url", ["mysql://db/x", "sqlite:///x", "db.example/x"])
def test_a_database_that_the_panel_does_not_run_on_is_refused(url, tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(ValueError, match="must begin with postgresql://"):
        environment.database(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", True), ("Yes", True), (" on ", True), ("0", False), ("", False), ("maybe", False)],
)
def test_only_a_clear_yes_is_yes(text, expected, monkeypatch):
    monkeypatch.setenv("JAILPANEL_DEBUG", text)
    assert environment.flag("JAILPANEL_DEBUG") is expected


def test_lists_have_no_empty_parts(monkeypatch):
    monkeypatch.setenv("JAILPANEL_ALLOWED_HOSTS", " a.example, ,b.example,")
    assert environment.words("JAILPANEL_ALLOWED_HOSTS", "x") == ["a.example", "b.example"]
    monkeypatch.delenv("JAILPANEL_ALLOWED_HOSTS")
    assert environment.words("JAILPANEL_ALLOWED_HOSTS", "x,y") == ["x", "y"]
