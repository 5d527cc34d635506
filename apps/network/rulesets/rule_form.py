"""A form for a common rule. It is a line of the written rules in parts: what it cannot say stays text."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from apps.freebsd.firewall.model import HIGHEST_NUMBER, Clause, Rule

_WORD = re.compile(r"[^\s#\x00-\x1f]+")
_TAKES_ARGUMENT = {"skipto": "a rule's number", "nat": "an instance's number", "unreach": "a code"}
_SIMPLE_OPTIONS = ("in", "out", "via", "recv", "xmit", "setup", "established")
_ACTIONS = ("allow", "deny", "reject", "reset", "count", "skipto", "nat", "check-state", "unreach")
_PROTOS = ("ip", "ip4", "ip6", "tcp", "udp", "icmp", "ipv6-icmp")
_TEXT = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "font-monospace"})


def _word_field(label: str, *, required: bool = False, **more: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        max_length=200,
        widget=forms.TextInput(attrs=dict(_TEXT.attrs)),
        **more,
    )


class RuleForm(forms.Form):
    """One rule: what is done with which packets."""

    number = forms.IntegerField(
        label="Number", min_value=1, max_value=HIGHEST_NUMBER, help_text="Lower ones are asked first."
    )
    action = forms.ChoiceField(label="Action", choices=[(word, word) for word in _ACTIONS])
    argument = _word_field("With", help_text="Where skipto goes, which instance nat uses.")
    proto = forms.ChoiceField(label="Protocol", choices=[(word, word) for word in _PROTOS])
    source = _word_field("From", initial="any", help_text="any, me, an address, a network, table(name)")
    source_ports = _word_field("Its ports")
    destination = _word_field("To", initial="any", help_text="the same, or not with it in front as text")
    destination_ports = _word_field("Its ports", help_text="80 or 80,443 or 8000-8009")
    direction = forms.ChoiceField(
        label="Direction", required=False, choices=[("", "both"), ("in", "coming in"), ("out", "going out")]
    )
    interface = _word_field("Interface", help_text="Such as re0; empty for every one.")
    which = forms.ChoiceField(
        label="Which packets",
        required=False,
        choices=[("", "all"), ("setup", "those that open a connection"), ("established", "of open ones")],
    )
    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[("", "remember nothing"), ("keep-state", "remember the conversation")],
    )
    log = forms.BooleanField(label="Log it", required=False)
    comment = forms.CharField(label="Comment", required=False, max_length=80, strip=True)

    def clean(self) -> dict[str, Any]:
        """Have each part be one word, so that none becomes another part."""
        data = super().clean() or {}
        names = ("argument", "source", "source_ports", "destination", "destination_ports", "interface")
        for name in names:
            value = data.get(name, "")
            if value and not _WORD.fullmatch(value):
                self.add_error(
                    name, "This is one word, without blanks and #. Other rules are written as text."
                )
        if re.search(r"[\x00-\x1f]", data.get("comment", "")):
            self.add_error("comment", "A comment is one line.")
        needed = _TAKES_ARGUMENT.get(data.get("action", ""))
        if needed and not data.get("argument"):
            self.add_error("argument", f"{data['action']} takes {needed}.")
        return data

    @property
    def line(self) -> str:
        """The rule as a line of text, in the words of ipfw."""
        data = self.cleaned_data
        head = [f"{data['number']:05d}", data["action"], data["argument"], "log" if data["log"] else ""]
        tail = [f"// {data['comment']}"] if data["comment"] else []
        body = [] if data["action"] == "check-state" else self._body()
        return " ".join(filter(None, [*head, *body, *tail]))

    def _body(self) -> list[str]:
        data = self.cleaned_data
        via = ["via", data["interface"]] if data["interface"] else []
        return [
            data["proto"], "from", data["source"] or "any", data["source_ports"],
            "to", data["destination"] or "any", data["destination_ports"],
            data["direction"], *via, data["which"], data["state"],
        ]  # fmt: skip


def initial_of(rule: Rule) -> dict[str, Any] | None:
    """Return a rule as the form shows it; None when the form cannot say all of it."""
    if not _is_simple(rule):
        return None
    options = {term.name: term.value for clause in rule.options for term in clause}
    return {
        "number": rule.number,
        "action": rule.action,
        "argument": "" if rule.argument == ":default" else rule.argument,
        "proto": _value(rule.proto) or "ip",
        "source": _value(rule.source) or "any",
        "source_ports": _value(rule.source_ports),
        "destination": _value(rule.destination) or "any",
        "destination_ports": _value(rule.destination_ports),
        "direction": next((word for word in ("in", "out") if word in options), ""),
        "interface": options.get("via", ""),
        "which": next((word for word in ("setup", "established") if word in options), ""),
        "state": rule.state.name if rule.state else "",
        "log": rule.is_logged,
        "comment": rule.comment,
    }


def _is_simple(rule: Rule) -> bool:
    odd = rule.unread or rule.prob or rule.tag or rule.is_deferred or rule.log_amount is not None
    if odd or rule.set_number or rule.action not in _ACTIONS or _value(rule.proto) not in {"", *_PROTOS}:
        return False
    clauses = rule.clauses
    if any(len(clause) > 1 or clause[0].is_not for clause in clauses):
        return False
    names = [clause[0].name for clause in rule.options]
    known = set(_SIMPLE_OPTIONS) - {"recv", "xmit"}
    return len(set(names)) == len(names) and set(names) <= known and _has_simple_state(rule)


def _has_simple_state(rule: Rule) -> bool:
    return rule.state is None or (rule.state.name == "keep-state" and rule.state.value in {"", ":default"})


def _value(clause: Clause) -> str:
    return clause[0].value if clause else ""
