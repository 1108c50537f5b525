"""Who may see, run and change jobs, runs, folders and files.

Administrators may everything. What a level allows stands on the platform's page on access control lists; of the messages
those about jobs are the platform's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from dex.workspace.jobs_kept import Job, find_job
from dex.workspace.objects import Entry, whole_path
from dex.workspace.refusal import denied
from dex.workspace.run_state import JobRun
from dex.workspace.users import User

if TYPE_CHECKING:
    from dex.workspace.state import Workspace

JobLevel = Literal["CAN_VIEW", "CAN_MANAGE_RUN", "CAN_MANAGE"]
FileLevel = Literal["CAN_READ", "CAN_RUN", "CAN_EDIT", "CAN_MANAGE"]

#: Kinds of objects as permissions name them.
OBJECT_KINDS = {"DIRECTORY": "directories", "NOTEBOOK": "notebooks", "FILE": "files"}
#: Folders that everybody may look into, to find what is theirs.
_OPEN = ("/Workspace", "/Workspace/Users", "/Workspace/Repos")
_JOB_LEVELS = {
    "CAN_VIEW": "View or Admin or Manage Run or Owner",
    "CAN_MANAGE_RUN": "Manage Run or Owner or Admin",
    "CAN_MANAGE": "Admin or Owner",
}
_FILE_LEVELS = {"CAN_READ": "View", "CAN_RUN": "Run", "CAN_EDIT": "Edit", "CAN_MANAGE": "Manage"}


def may_job(workspace: Workspace, user: User, number: int, level: JobLevel) -> bool:
    """Return whether a user has a level on a job; on one that is not there nobody but administrators has."""
    return user.is_admin or (number in workspace.jobs and workspace.rights.allows(user, "jobs", str(number), level))


def job_for(workspace: Workspace, user: User, number: int, level: JobLevel) -> Job:
    """Return a job for somebody who may do something with it.

    Raises:
        Refusal: 403, the user may not, which is told also of a job that is not there; 400, there is no such job.
    """
    if not may_job(workspace, user, number, level):
        raise denied(f"User {user.name} does not have {_JOB_LEVELS[level]} permissions on job {number}")
    return find_job(workspace, number)


def may_run(workspace: Workspace, user: User, run: JobRun, level: JobLevel) -> bool:
    """Return whether a user has a level on a run: that on its job; of a run without one, its creator has all."""
    return (
        run.creator == user.name
        if not run.job_id and not user.is_admin
        else may_job(workspace, user, run.job_id, level)
    )


def check_run(workspace: Workspace, user: User, run: JobRun, level: JobLevel) -> None:
    """Refuse somebody who does not have a level on a run."""
    if not may_run(workspace, user, run, level):
        what = f"job {run.job_id}" if run.job_id else f"run {run.number}"
        raise denied(f"User {user.name} does not have {_JOB_LEVELS[level]} permissions on {what}")


def may_entry(workspace: Workspace, user: User, entry: Entry, level: FileLevel) -> bool:
    """Return whether a user has a level on an object: what is in a folder inherits the folder's permissions."""
    if user.is_admin or (level == "CAN_READ" and entry.path in _OPEN):
        return True
    return any(
        workspace.rights.allows(user, OBJECT_KINDS[each.kind], str(each.number), level, given=True)
        for each in _upward(workspace, entry.path)
    )


def check_entry(workspace: Workspace, user: User, path: str, level: FileLevel) -> None:
    """Refuse somebody who does not have a level on an object, or on the folder above where it is not there yet."""
    nearest = next(_upward(workspace, whole_path(path)))
    if not may_entry(workspace, user, nearest, level):
        raise denied(
            f"{user.name} does not have {_FILE_LEVELS[level]} permissions on {nearest.path}. "
            "Please contact the owner or an administrator for access."
        )


def check_place(workspace: Workspace, user: User, path: str) -> None:
    """Refuse somebody who may not store something: an object that is there is edited, a new one managed by its folder."""
    check_entry(workspace, user, path, "CAN_EDIT" if workspace.objects.find(path) else "CAN_MANAGE")


def _upward(workspace: Workspace, path: str) -> Iterator[Entry]:
    """Yield the object at a path, if there is one, and the folders around it."""
    while path:
        found = workspace.objects.find(path)
        if found is not None:
            yield found
        path = path.rpartition("/")[0]
