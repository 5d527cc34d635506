"""What a new jail can have besides its name, its addresses and one flavour; as values and as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from apps.freebsd.commands.new_jail import CreateOptions, Storage
from apps.freebsd.commands.zfs_properties import check_property
from apps.freebsd.errors import InvalidInput
from apps.freebsd.jail_params import Parameters
from apps.freebsd.jail_variables import check_jail_value, jail_variable
from apps.freebsd.new_jail_file import RC_SHUTDOWN
from apps.freebsd.values import AbsolutePath, FlavourName

# What is written into its file once create has made that, since create has no option for it.
SETTINGS = ("exec_stop", "parameters", "cpuset", "fib")
MOST_PARAMETERS = 64


@dataclass(frozen=True, slots=True)
class NewJailOptions:
    """Everything that the simple form does not ask.

    Args:
        create: What create is told.
        settings: Variables of the jail's file and their values, in order; of SETTINGS only.
        properties: Properties of its dataset and their values.
        runs_at_boot: Whether the host starts it when it boots.
        starts: Whether it is started once it is made.

    Raises:
        InvalidInput: A value is none of its kind; `field` says which.
    """

    create: CreateOptions = field(default_factory=CreateOptions)
    settings: tuple[tuple[str, str], ...] = ()
    properties: tuple[tuple[str, str], ...] = ()
    runs_at_boot: bool = True
    starts: bool = False

    def __post_init__(self) -> None:
        for name, value in self.settings:
            _check_setting(name, value)
        for name, value in self.properties:
            check_property(name, value)

    @property
    def is_plain(self) -> bool:
        """Whether nothing but the simple form was used."""
        return self == NewJailOptions()

    def to_json(self) -> dict[str, Any]:
        """Return the options as JSON values, as a job keeps them; empty for a plain jail."""
        if self.is_plain:
            return {}
        told = self.create
        return {
            "more_flavours": [str(name) for name in told.more_flavours],
            "root": str(told.root or ""),
            "storage": told.storage.value,
            "parent": told.parent,
            "size": told.size,
            "archive": str(told.archive or ""),
            "blocking": told.blocking,
            "keep_snapshot": told.keep_snapshot,
            "settings": dict(self.settings),
            "properties": dict(self.properties),
            "runs_at_boot": self.runs_at_boot,
            "starts": self.starts,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> NewJailOptions:
        """Return the options that `to_json` gave.

        Raises:
            InvalidInput: They are none any more.
        """
        if not data:
            return cls()
        create = CreateOptions(
            more_flavours=tuple(FlavourName.parse(name) for name in data["more_flavours"]),
            root=AbsolutePath.parse(data["root"]) if data["root"] else None,
            storage=Storage(data["storage"]),
            parent=data["parent"],
            size=data["size"],
            archive=AbsolutePath.parse(data["archive"]) if data["archive"] else None,
            blocking=data["blocking"],
            keep_snapshot=data["keep_snapshot"],
        )
        settings = {name: data["settings"][name] for name in SETTINGS if name in data["settings"]}
        properties = tuple(sorted(data["properties"].items()))
        return cls(create, tuple(settings.items()), properties, data["runs_at_boot"], data["starts"])


def _check_setting(name: str, value: str) -> None:
    try:
        _check_value(name, value)
    except InvalidInput as error:
        raise InvalidInput(error.message, field=name) from None


def _check_value(name: str, value: str) -> None:
    variable = jail_variable(name)
    if name not in SETTINGS or variable is None:
        raise InvalidInput(f"{name} is not set when a jail is made.")
    check_jail_value(value)
    if not value:
        raise InvalidInput("It cannot be empty.")
    variable.read(value)
    if name == "parameters":
        _check_parameters(value)
    if name == "fib" and value.startswith("-"):
        raise InvalidInput("A routing table's number is 0 or more.")
    if name == "exec_stop" and value != RC_SHUTDOWN:
        raise InvalidInput(f"It can be {RC_SHUTDOWN} when a jail is made; any other is set on its own page.")


def _check_parameters(text: str) -> None:
    """Let those through that the panel knows, each with a value of its kind (one of an allow-list)."""
    words = Parameters.parse(text).words
    if len(words) > MOST_PARAMETERS:
        raise InvalidInput(f"A jail can have at most {MOST_PARAMETERS} parameters here.")
    for word in words:
        if word.problem:
            raise InvalidInput(word.problem)
        if word.parameter is None:
            raise InvalidInput(f"{word.name} is no parameter of jail(8) that the panel knows.")
        Parameters().set(word.name, word.value)
