"""Jobs: their settings, and their runs on this machine."""

from dex.jobs.models import JobSettings, Task
from dex.jobs.refusals import SettingsRefusal, refusals

__all__ = ["JobSettings", "SettingsRefusal", "Task", "refusals"]
