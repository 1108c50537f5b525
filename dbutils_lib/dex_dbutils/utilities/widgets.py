"""``dbutils.widgets``: the parameters of a notebook, as text."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dex_dbutils.config import Environment
from dex_dbutils.errors import UtilitiesError, Where
from dex_dbutils.utilities.named import Named

#: Whoever runs a notebook as a task hands its parameters over here, as one JSON object.
PARAMETERS_VARIABLE = "DEX_PARAMETERS"


@dataclass(frozen=True)
class _Widget:
    kind: str
    default: str
    choices: tuple[str, ...] = ()


class WidgetUtilities(Named):
    """``dbutils.widgets``.

    A widget's value is the parameter of the same name: that of the run (``DEX_PARAMETERS``, a JSON object), else that
    of the bound environment, else the default which the notebook declares. Values are text, as on Databricks.
    """

    _called = "dbutils.widgets"

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._widgets: dict[str, _Widget] = {}

    def text(self, name: str, defaultValue: str, label: str | None = None) -> None:
        """Declare a parameter that takes any text."""
        self._declare(name, _Widget("text", str(defaultValue)))

    def dropdown(
        self,
        name: str,
        defaultValue: str,
        choices: Sequence[str],
        label: str | None = None,
    ) -> None:
        """Declare a parameter that takes one of the choices.

        Raises:
            UtilitiesError: DEX-UTIL-07, the default or the value given is none of them.
        """
        self._declare(name, _Widget("dropdown", str(defaultValue), tuple(map(str, choices))))

    def combobox(
        self,
        name: str,
        defaultValue: str,
        choices: Sequence[str],
        label: str | None = None,
    ) -> None:
        """Declare a parameter that offers choices and takes any text."""
        self._declare(name, _Widget("combobox", str(defaultValue), tuple(map(str, choices))))

    def multiselect(
        self,
        name: str,
        defaultValue: str,
        choices: Sequence[str],
        label: str | None = None,
    ) -> None:
        """Declare a parameter that takes several of the choices, separated by commas.

        Raises:
            UtilitiesError: DEX-UTIL-07, the default or a value given is none of them.
        """
        self._declare(name, _Widget("multiselect", str(defaultValue), tuple(map(str, choices))))

    def get(self, name: str) -> str:
        """Return the value of a parameter.

        Raises:
            UtilitiesError: DEX-UTIL-06, no widget and no parameter of the run has that name.
        """
        given = self._given()
        if name not in self._widgets and name not in given:
            known = ", ".join(sorted({*self._widgets, *given})) or "none"
            raise UtilitiesError(
                "DEX-UTIL-06",
                f"There is no widget '{name}'.",
                remedy=f"Declare it: dbutils.widgets.text('{name}', 'default'). There are: {known}.",
            )
        return self._value(name, given)

    def getArgument(self, name: str, defaultValue: str | None = None) -> str:
        """Return the value of a parameter; declare it with the default first if it is not there."""
        if name not in self._widgets and defaultValue is not None:
            self.text(name, defaultValue)
        return self.get(name)

    def getAll(self) -> dict[str, str]:
        """Return the values of all widgets by name."""
        given = self._given()
        return {name: self._value(name, given) for name in self._widgets}

    def remove(self, name: str) -> None:
        """Take a widget away.

        Raises:
            UtilitiesError: DEX-UTIL-06, it is not there.
        """
        if self._widgets.pop(name, None) is None:
            raise UtilitiesError(
                "DEX-UTIL-06",
                f"There is no widget '{name}' to remove.",
                remedy=f"There are: {', '.join(sorted(self._widgets)) or 'none'}.",
            )

    def removeAll(self) -> None:
        """Take all widgets away."""
        self._widgets.clear()

    def _declare(self, name: str, widget: _Widget) -> None:
        if not isinstance(name, str) or not name:
            raise UtilitiesError("DEX-UTIL-07", "A widget needs a name.", remedy="dbutils.widgets.text('day', '')")
        _check(name, widget, widget.default, "default")
        before = self._widgets.get(name)
        self._widgets[name] = widget
        try:
            self._value(name, self._given())
        except UtilitiesError:
            if before is None:
                del self._widgets[name]
            else:
                self._widgets[name] = before
            raise

    def _value(self, name: str, given: Mapping[str, str]) -> str:
        widget = self._widgets.get(name)
        if name not in given:
            return widget.default if widget is not None else ""
        if widget is not None:
            _check(name, widget, given[name], "parameter")
        return given[name]

    def _given(self) -> dict[str, str]:
        configured = {key: _as_text(value) for key, value in self._environment.parameters.items()}
        return {**configured, **_parameters_of_the_run()}


def _parameters_of_the_run() -> dict[str, str]:
    text = os.environ.get(PARAMETERS_VARIABLE, "")
    if not text:
        return {}
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise UtilitiesError(
            "DEX-UTIL-08",
            f"{PARAMETERS_VARIABLE} is not a JSON object.",
            Where(key=PARAMETERS_VARIABLE),
            f'Set it as: {PARAMETERS_VARIABLE}=\'{{"day": "2013-01-01"}}\', or unset it.',
        )
    return {str(key): _as_text(value) for key, value in values.items()}


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, default=str) if isinstance(value, (bool, list, dict)) or value is None else str(value)


def _check(name: str, widget: _Widget, value: str, what: str) -> None:
    if widget.kind == "dropdown":
        wrong = [] if value in widget.choices else [value]
    elif widget.kind == "multiselect":
        wrong = [part for part in value.split(",") if part and part not in widget.choices]
    else:
        return
    if wrong:
        raise UtilitiesError(
            "DEX-UTIL-07",
            f"The {what} '{wrong[0]}' of widget '{name}' is none of its choices.",
            remedy=f"Use one of: {', '.join(widget.choices) or '(there are none)'}.",
        )
