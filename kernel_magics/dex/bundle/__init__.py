"""The bundle of a project: its files, as a target makes them, checked without a workspace."""

from dex.bundle.dynamic_values import (
    MOMENT,
    OLD_NAMES,
    REFERENCE,
    WrongReference,
    reference_to,
    references_in,
    words_of,
    wrong_reference,
)
from dex.bundle.effective import Bundle, bundle_here, load_bundle
from dex.bundle.fields import fields_of
from dex.bundle.files import ROOT_FILE, BundleFiles, read_bundle
from dex.bundle.limits import LONGEST_INPUTS, MOST_AT_ONCE, TASK_KEY
from dex.bundle.models import Finding, Severity
from dex.bundle.paths import is_local
from dex.bundle.regenerating import Regenerated, regenerate
from dex.bundle.suggest import close, nearest
from dex.bundle.tree import At, tree_of
from dex.bundle.validate import check_bundle, is_for_its_anchor, validate_bundle
from dex.bundle.yaml_text import Text, as_word, scalar, to_yaml

__all__ = [
    "LONGEST_INPUTS",
    "MOMENT",
    "MOST_AT_ONCE",
    "OLD_NAMES",
    "REFERENCE",
    "ROOT_FILE",
    "TASK_KEY",
    "At",
    "Bundle",
    "BundleFiles",
    "Finding",
    "Regenerated",
    "Severity",
    "Text",
    "WrongReference",
    "as_word",
    "bundle_here",
    "check_bundle",
    "close",
    "fields_of",
    "is_for_its_anchor",
    "is_local",
    "load_bundle",
    "nearest",
    "read_bundle",
    "reference_to",
    "references_in",
    "regenerate",
    "scalar",
    "to_yaml",
    "tree_of",
    "validate_bundle",
    "words_of",
    "wrong_reference",
]
