"""The bundle of a project: its files, checked without a workspace."""

from dex.bundle.models import Finding, Severity
from dex.bundle.validate import validate_bundle

__all__ = ["Finding", "Severity", "validate_bundle"]
