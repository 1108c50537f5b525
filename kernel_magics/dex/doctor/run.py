"""All checks in their order; one that breaks is shown as not run, and the others still count."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dex_dbutils.config import Project

from dex.doctor import jupyter, machine, project
from dex.doctor.model import DoctorCheck, DoctorReport

#: Name and function of each check; a function may yield several findings.
CHECKS: tuple[tuple[str, Callable[[Project], Iterable[DoctorCheck]]], ...] = (
    ("Python", machine.python),
    ("packages", machine.packages),
    ("Spark client", machine.spark_client),
    ("uv", machine.uv),
    ("Java", machine.java),
    ("cache", machine.cache),
    ("disk", machine.disk),
    ("project", project.project),
    ("environments", project.environments),
    ("engines", project.engines),
    ("secrets", project.secrets),
    ("git", project.git),
    ("code tools", project.code_tools),
    ("Jupyter", jupyter.jupyter),
)


def run_doctor(project: Project) -> DoctorReport:
    """Return what was found; takes seconds at most, starts no engine and changes nothing.

    Args:
        project: the project to look at; outside of one its checks are not run.
    """
    found: list[DoctorCheck] = []
    for name, check in CHECKS:
        try:
            found += check(project)
        except Exception as error:  # noqa: BLE001  what cannot be looked at has neither passed nor failed
            first_line = (str(error) or type(error).__name__).splitlines()[0]
            found.append(
                DoctorCheck(name=name, status="not run", detail=f"could not look: {type(error).__name__}: {first_line}")
            )
    return DoctorReport(checks=found)
