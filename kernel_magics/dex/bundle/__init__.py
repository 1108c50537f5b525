"""The bundle of a project: its files, as a target makes them, checked without a workspace."""

from dex.bundle.dynamic_values import (
    MOMENT,
    OLD_NAMES,
    REFERENCE,
    WrongReference,
    references_in,
    words_of,
    wrong_reference,
)
from dex.bundle.effective import Bundle, load_bundle
from dex.bundle.files import read_bundle
from dex.bundle.limits import LONGEST_INPUTS, MOST_AT_ONCE, TASK_KEY
from dex.bundle.models import Finding, Severity
from dex.bundle.regenerating import Regenerated, regenerate
from dex.bundle.tree import At
from dex.bundle.validate import validate_bundle
from dex.bundle.yaml_text import scalar, to_yaml

__all__ = [
    "LONGEST_INPUTS",
    "MOMENT",
    "MOST_AT_ONCE",
    "OLD_NAMES",
    "REFERENCE",
    "TASK_KEY",
    "At",
    "Bundle",
    "Finding",
    "Regenerated",
    "Severity",
    "WrongReference",
    "load_bundle",
    "read_bundle",
    "references_in",
    "regenerate",
    "scalar",
    "to_yaml",
    "validate_bundle",
    "words_of",
    "wrong_reference",
]
