"""What all utilities share: names that they lack are answered with the names that they have."""

from __future__ import annotations

from typing import Any

from dex_dbutils.errors import UtilitiesError


class Named:
    """A group of utilities, such as ``dbutils.fs``."""

    #: How a person reaches it.
    _called = "dbutils"

    def __getattr__(self, name: str) -> Any:
        """Raise for a name that is not there.

        Raises:
            AttributeError: a name with underscores in front, which only machinery asks for.
            UtilitiesError: DEX-UTIL-01, any other; it is an AttributeError too, so that ``hasattr`` answers False.
        """
        if name.startswith("_"):
            raise AttributeError(name)
        raise MissingUtility(
            "DEX-UTIL-01",
            f"{self._called}.{name} is not there outside of Databricks.",
            remedy=f"There are: {', '.join(self._names())}.",
        )

    def _names(self) -> list[str]:
        return [name for name in dir(self) if not name.startswith("_")]

    def help(self) -> None:
        """Print what there is."""
        print(f"{self._called}: {', '.join(self._names())}")

    def __repr__(self) -> str:
        """Return how a person reaches it, and what there is."""
        return f"<{self._called}: {', '.join(self._names())}>"


class MissingUtility(UtilitiesError, AttributeError):
    """A utility that is not there."""
