"""The bundle of a project: its files, as a target makes them, checked without a workspace."""

from dex.bundle.effective import Bundle, load_bundle
from dex.bundle.files import read_bundle
from dex.bundle.models import Finding, Severity
from dex.bundle.regenerating import Regenerated, regenerate
from dex.bundle.tree import At
from dex.bundle.validate import validate_bundle
from dex.bundle.yaml_text import scalar, to_yaml

__all__ = [
    "At",
    "Bundle",
    "Finding",
    "Regenerated",
    "Severity",
    "load_bundle",
    "read_bundle",
    "regenerate",
    "scalar",
    "to_yaml",
    "validate_bundle",
]
