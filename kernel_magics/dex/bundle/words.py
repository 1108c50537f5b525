"""The words that ``databricks.yml`` may use at its top and in targets, as the bundle reference names them."""

from __future__ import annotations

ROOT_KEYS = frozenset(
    """
    artifacts bundle environments experimental include permissions presets python resources run_as scripts sync targets
    variables workspace
    """.split()
)
TARGET_KEYS = frozenset(
    """
    artifacts bundle cluster_id compute_id default git mode permissions presets resources run_as sync variables workspace
    """.split()
)
TARGET_MODES = frozenset({"development", "production"})
