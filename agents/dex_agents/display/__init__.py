"""A run as text, as HTML and as JSON; the same for the same answer."""

from dex_agents.display.bundle import MIME_TYPE, run_bundle
from dex_agents.display.text import run_text

__all__ = ["MIME_TYPE", "run_bundle", "run_text"]
