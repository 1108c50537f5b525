"""``dbutils.data``: what is in a frame."""

from __future__ import annotations

import sys
from typing import Any

from dex_dbutils.utilities.named import Named


class DataUtilities(Named):
    """``dbutils.data``."""

    _called = "dbutils.data"

    def summarize(self, df: Any, precise: bool = False) -> None:
        """Show the profile of a frame: below the cell in a notebook, as text elsewhere.

        Args:
            df: a Spark, pandas or Arrow frame.
            precise: taken for the platform's sake; a profile is exact where its text does not say "about".
        """
        from dex_dbutils.profile import profile

        result = profile(df)
        ipython = sys.modules.get("IPython")
        if ipython is not None and ipython.get_ipython() is not None:
            from IPython.display import display

            display(result)
        else:
            print(result.to_text())
