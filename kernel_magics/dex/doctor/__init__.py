"""What this machine and this project have and lack for dex, without starting or changing anything."""

from __future__ import annotations

from dex.doctor.model import DoctorCheck, DoctorReport
from dex.doctor.run import run_doctor

__all__ = ["DoctorCheck", "DoctorReport", "run_doctor"]
