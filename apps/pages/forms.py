"""How forms look: every Django form renders its fields through templates/web/_field.html."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.forms.boundfield import BoundField, BoundWidget
from django.forms.renderers import DjangoTemplates
from django.template.loader import get_template

if TYPE_CHECKING:
    from typing import Any

CLASSES: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.CheckboxInput, "form-check-input"),
    (forms.RadioSelect, "form-check-input"),
    (forms.CheckboxSelectMultiple, "form-check-input"),
    (forms.Select, "form-select"),
    (forms.Textarea, "form-control"),
    (forms.widgets.Input, "form-control"),
)


class PanelRenderer(DjangoTemplates):
    """Django's form renderer with the panel's own templates for forms, fields and form sets."""

    form_template_name = "web/_form.html"
    field_template_name = "web/_field.html"

    def get_template(self, template_name: str) -> Any:
        """Take the panel's templates from its own folder, widgets from Django."""
        if template_name.startswith("web/"):
            return get_template(template_name)
        return super().get_template(template_name)


def control(field: BoundField) -> str:
    """Render a field's control with Tabler's class, described by its help text and its error.

    The error's element is always there (templates/web/_field.html), so that a later answer can fill it.
    """
    widget = field.field.widget
    own = next((css for kind, css in CLASSES if isinstance(widget, kind)), "")
    attrs: dict[str, Any] = {"class": f"{own} {widget.attrs.get('class', '')}".strip()}
    if widget.attrs.get("placeholder") == field.label:
        attrs["placeholder"] = ""
    if field.auto_id:
        attrs["aria-describedby"] = described_by(field)
    return field.as_widget(attrs=attrs)


def choice(option: BoundWidget) -> str:
    """Render one radio button or check box of a list with Tabler's class."""
    option.data["attrs"] = {**option.data["attrs"], "class": "form-check-input"}
    return option.tag()


def described_by(field: BoundField) -> str:
    """Return the ids of the elements that explain a field."""
    help_id = [f"{field.auto_id}_helptext"] if field.help_text else []
    return " ".join([*help_id, f"{field.auto_id}_error"])


def is_choice_list(field: BoundField) -> bool:
    """Tell whether a field is a list of radio buttons or check boxes, which needs a fieldset."""
    return isinstance(field.field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple)


def is_switch(field: BoundField) -> bool:
    """Tell whether a field is one check box, whose label stands beside it."""
    return isinstance(field.field.widget, forms.CheckboxInput)
