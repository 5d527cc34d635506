"""The folded part of the form for a new jail, and what a preset for such forms holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from django import forms
from django.http import QueryDict

from apps.freebsd.commands.new_jail import CreateOptions, Storage
from apps.freebsd.commands.zfs_properties import COMPRESSIONS, PROPERTIES
from apps.freebsd.errors import InvalidInput
from apps.freebsd.jail_params import Parameters
from apps.freebsd.new_jail_file import RC_SHUTDOWN
from apps.freebsd.values import AbsolutePath, FlavourName
from apps.jails.new_options import SETTINGS, NewJailOptions

T = TypeVar("T")

_PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
_MONO = forms.TextInput(attrs=_PLAIN | {"class": "font-monospace"})
SEVERAL = ("more_flavours",)

STORAGES = [
    ("", "As the host's ezjail.conf says"),
    (Storage.ZFS.value, "A ZFS dataset of its own"),
    (Storage.IMAGE.value, "An image file"),
    (Storage.ELI.value, "An encrypted image file (geli)"),
]


class OptionsForm(forms.Form):
    """What a new jail can have besides name, addresses and one flavour. All of it may stay empty."""

    more_flavours = forms.MultipleChoiceField(
        label="Further flavours",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Laid over the jail after the flavour above, in this order.",
    )
    archive = forms.ChoiceField(
        label="Fill it from an archive",
        required=False,
        help_text="Its files come from there instead of the template. Of the settings of the jail that was "
        "archived nothing is taken over: what you choose here counts.",
    )
    root = forms.CharField(
        label="Root directory",
        required=False,
        max_length=1023,
        widget=_MONO,
        help_text="Where its files go; empty means beside the other jails. It must not exist, or be empty. "
        "For a place elsewhere ezjail leaves a symbolic link beside the other jails.",
    )
    storage = forms.ChoiceField(label="Its root is", required=False, choices=STORAGES)
    size = forms.CharField(
        label="Size of the image",
        required=False,
        max_length=16,
        widget=_MONO,
        help_text="For example 10g. The file is written in full at once, which takes its time. For an "
        "encrypted one the job's page asks for the passphrase, and keeps it nowhere.",
    )
    parent = forms.CharField(
        label="Dataset above it",
        required=False,
        max_length=200,
        widget=_MONO,
        help_text="Empty means the host's ezjail_jailzfs. It has to exist.",
    )
    quota = forms.CharField(
        label="Quota",
        required=False,
        max_length=16,
        widget=_MONO,
        help_text="The most that its dataset may hold, for example 20g.",
    )
    reservation = forms.CharField(
        label="Reservation",
        required=False,
        max_length=16,
        widget=_MONO,
        help_text="What the pool keeps for it, used or not.",
    )
    compression = forms.ChoiceField(
        label="Compression",
        required=False,
        choices=[("", "(as the dataset above)"), *((name, name) for name in COMPRESSIONS)],
    )
    keep_snapshot = forms.BooleanField(
        label="Keep the snapshot that it began as",
        required=False,
        help_text="With it a flavour can later be made of what changed in the jail (freeze).",
    )
    parameters = forms.CharField(
        label="Parameters of jail(8)",
        required=False,
        max_length=2000,
        widget=_MONO,
        help_text="With blanks between them, for example allow.raw_sockets=1 sysvshm=new.",
    )
    cpuset = forms.CharField(
        label="CPUs", required=False, max_length=255, widget=_MONO, help_text="For example 0-3,5."
    )
    fib = forms.CharField(
        label="Routing table",
        required=False,
        max_length=5,
        widget=_MONO,
        help_text="Its number (fib); the host has net.fibs of them, from 0 on.",
    )
    clean_stop = forms.BooleanField(
        label="End its services when it stops",
        required=False,
        help_text=f"Sets exec_stop to {RC_SHUTDOWN}. ezjail leaves that empty, and stopping the jail then "
        "kills its processes: bad for databases.",
    )
    norun = forms.BooleanField(label="Do not start it when the host boots", required=False)
    blocking = forms.BooleanField(
        label="Pass it over at boot, whatever the rest says",
        required=False,
        help_text="forceblocking: for a jail that waits for somebody when it starts.",
    )
    start = forms.BooleanField(label="Start it once it is made", required=False)

    def options(self, default_parent: str = "") -> NewJailOptions:
        """Return the options that are filled in, whatever the host's rules say.

        Args:
            default_parent: The dataset above, where none is typed.

        Raises:
            InvalidInput: A value is none; `field` is that of this form.
        """
        data = self._texts()
        create = _in_field("root", lambda: self._create(data, default_parent))
        settings = {name: data[name] for name in SETTINGS if data.get(name)}
        properties = tuple((name, data[name]) for name in PROPERTIES if data.get(name))
        if "parameters" in settings:
            settings["parameters"] = _in_field("parameters", lambda: _normal(settings["parameters"]))
        chosen = tuple(settings.items())
        return NewJailOptions(create, chosen, properties, not data["norun"], bool(data["start"]))

    def _create(self, data: Mapping[str, Any], default_parent: str) -> CreateOptions:
        storage = _in_field("storage", partial(_storage, data["storage"]))
        parent = data["parent"] or (default_parent if storage is Storage.ZFS else "")
        if storage is Storage.ZFS and not parent:
            raise InvalidInput("The host names no dataset for jails: say which.", field="parent")
        return CreateOptions(
            more_flavours=tuple(
                _in_field("more_flavours", partial(FlavourName.parse, name)) for name in data["more_flavours"]
            ),
            root=AbsolutePath.parse(data["root"]) if data["root"] else None,
            storage=storage,
            parent=parent,
            size=data["size"],
            archive=self.archive_path(data["archive"]) if data["archive"] else None,
            blocking=bool(data["blocking"]),
            keep_snapshot=bool(data["keep_snapshot"]),
        )

    def archive_path(self, _file_name: str) -> AbsolutePath:
        """Return where an archive is; a form without a host has none."""
        raise InvalidInput("There is no host that it could be on.", field="archive")

    def _texts(self) -> dict[str, Any]:
        """Return what the form's fields hold, without blanks around."""
        found = {name: self._text(name) for name in OPTION_FIELDS}
        found["exec_stop"] = RC_SHUTDOWN if found["clean_stop"] else ""
        return found

    def _text(self, name: str) -> Any:
        field = self.fields.get(name)
        if field is None:  # a preset belongs to no host, and has not all of them
            return [] if name in SEVERAL else ""
        value = field.widget.value_from_datadict(self.data, self.files, self.add_prefix(name))
        if isinstance(field, forms.BooleanField):
            return bool(value)
        if name in SEVERAL:
            return [one for one in value or [] if one]
        return str(value or "").strip()

    def is_used(self) -> bool:
        """Tell whether the folded part holds anything but what an empty form has."""
        empty = [name for name in OPTION_FIELDS if name != "clean_stop"]
        if self.is_bound:
            return any(self._text(name) for name in empty)
        return any(self.initial.get(name) for name in empty)


OPTION_FIELDS = tuple(OptionsForm.base_fields)


def typed_options(data: QueryDict) -> dict[str, Any]:
    """Return what a form was filled in with, as the first values of another one."""
    return {name: data.getlist(name) if name in SEVERAL else data.get(name, "") for name in OPTION_FIELDS}


def as_typed(options: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that a job's options (`NewJailOptions.to_json`) came from.

    Args:
        options: As the job keeps them; empty for a plain jail.
    """
    if not options:
        return {}
    settings, properties = options["settings"], options["properties"]
    switches = {
        "keep_snapshot": options["keep_snapshot"],
        "clean_stop": "exec_stop" in settings,
        "norun": not options["runs_at_boot"],
        "blocking": options["blocking"],
        "start": options["starts"],
    }
    texts = {name: options[name] for name in ("more_flavours", "root", "storage", "parent", "size")}
    texts["archive"] = options["archive"].rpartition("/")[2]
    texts |= {name: settings.get(name, "") for name in ("parameters", "cpuset", "fib")}
    texts |= {name: properties.get(name, "") for name in PROPERTIES}
    return texts | {name: "on" for name, is_on in switches.items() if is_on}


def _in_field(name: str, read: Callable[[], T]) -> T:
    """Name the field of an error that names none itself."""
    try:
        return read()
    except InvalidInput as error:
        raise InvalidInput(error.message, field=error.field or name) from None


def _storage(text: str) -> Storage:
    if text not in list(Storage):
        raise InvalidInput("A jail's root is none of this kind.")
    return Storage(text)


def _normal(text: str) -> str:
    """Return parameters in the one way that jail.conf and ezjail both take, without quotes."""
    words = Parameters()
    for word in Parameters.parse(text).words:
        if word.problem:
            raise InvalidInput(word.problem, field="parameters")
        try:
            words = words.set(word.name, word.value)
        except InvalidInput as error:
            raise InvalidInput(f"{word.name}: {error.message}", field="parameters") from None
    return str(words)
