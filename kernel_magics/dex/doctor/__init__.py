"""What this machine and this project have and lack for dex, and the settings that it can be given."""

from __future__ import annotations

from dex.doctor.fix import DoctorError, FixReport, SettingsChange, fix_settings
from dex.doctor.model import DoctorCheck, DoctorReport
from dex.doctor.run import run_doctor

__all__ = ["DoctorCheck", "DoctorError", "DoctorReport", "FixReport", "SettingsChange", "fix_settings", "run_doctor"]
