"""The files of a job in ``resources/``, from what notebooks give and what the configuration says of it."""

from dex.job_files.checking import JobNotSound, check_jobs, refuse_unsound
from dex.job_files.files import JobFiles, files_of, job_file, regenerated, retired, targets_file
from dex.job_files.paths import FOLDER, from_resources
from dex.job_files.reading import ConfiguredJob, read_configured_jobs
from dex.job_files.settings import Compute, Parts
from dex.job_files.tasks import MadeTask

__all__ = [
    "FOLDER",
    "Compute",
    "ConfiguredJob",
    "JobFiles",
    "JobNotSound",
    "MadeTask",
    "Parts",
    "check_jobs",
    "files_of",
    "from_resources",
    "job_file",
    "read_configured_jobs",
    "refuse_unsound",
    "regenerated",
    "retired",
    "targets_file",
]
