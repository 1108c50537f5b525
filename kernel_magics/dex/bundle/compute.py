"""What tasks run on: serverless environments and clusters, their Python, and what they cannot take."""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from dex.bundle.effective import Bundle
from dex.bundle.models import Finding
from dex.bundle.paths import local_path, notebook_language
from dex.bundle.project import built_here, projects_of
from dex.bundle.suggest import nearest
from dex.bundle.tree import At

#: Environment version -> its Python. Source: the platform's release notes of serverless environments.
ENVIRONMENTS = {"1": "3.10", "2": "3.11", "3": "3.12", "4": "3.12", "5": "3.12"}
_NEEDS_COMPUTE = frozenset(
    {"python_wheel_task", "spark_python_task", "dbt_task", "spark_jar_task", "spark_submit_task"}
)
#: Key by which a task names what the job's tasks share -> the job's field for it, and what an entry there holds.
_SHARED = {
    "environment_key": ("environments", f"spec: {{environment_version: '{max(ENVIRONMENTS, key=int)}'}}"),
    "job_cluster_key": ("job_clusters", "new_cluster: {...}"),
}
_RUNS_ON = ("environment_key", "job_cluster_key", "new_cluster", "existing_cluster_id")

_PROFILE = "spark.databricks.cluster.profile"

#: What follows the number in the name of an environment version, such as `4-scala-preview`.
_VERSION_NAME = re.compile(r"-[\w-]+$")


def check_compute(bundle: Bundle, job: At, name: str, task: At, kind: str) -> Iterator[Finding]:
    """Yield what is wrong with where one task runs.

    Args:
        bundle: the bundle.
        job: the task's job.
        name: the task's key, to be shown.
        task: the task.
        kind: its type, such as ``notebook_task``.
    """
    for key, (field, example) in _SHARED.items():
        known = {k for each in job.items(field) if (k := each.text(key))}
        used = task.get(key)
        if used is not None and isinstance(used.value, str) and used.value not in known and "${" not in used.value:
            said = f"`{key}` '{used.value}'.{nearest(used.value, known)}"
            if not known:
                said = f"`{field}`. Add `{field}: [{{{key}: {used.value}, {example}}}]`."
            yield used.finding("DEX-BUNDLE-13", f"The job has no {said}")
    on = [key for key in _RUNS_ON if (at := task.get(key)) is not None and at.value is not None]
    if kind in _NEEDS_COMPUTE and not on:
        yield task.finding(
            "DEX-BUNDLE-13",
            f"Task '{name}' does not say what it runs on. Give it `environment_key` or `job_cluster_key`.",
        )
    if len(on) > 1:
        at = task.get(on[-1]) or task
        yield at.finding("DEX-BUNDLE-13", f"Task '{name}' runs on {' and on '.join(f'`{k}`' for k in on)}. Keep one.")
        return
    serverless = on == ["environment_key"] or (not on and kind == "notebook_task")
    libraries = task.get("libraries")
    if libraries is not None and libraries.value is not None and serverless:
        yield libraries.finding(
            "DEX-BUNDLE-13", "A serverless task takes no `libraries`. List them under the job's `environments`."
        )
    if serverless and kind == "notebook_task" and task.at(kind, "warehouse_id") is None:
        yield from _language(bundle, job, task)
    cluster = task.get("new_cluster")
    if cluster is not None:
        yield from check_cluster(cluster, f"The cluster of task '{name}'")


def check_job_compute(bundle: Bundle, job: At) -> Iterator[Finding]:
    """Yield what is wrong with a job's clusters and environments, which its tasks share."""
    for field, key in (("job_clusters", "job_cluster_key"), ("environments", "environment_key")):
        seen: dict[str, At] = {}
        for each in job.items(field):
            name = each.text(key) or ""
            if name in seen and (seen[name].file == each.file or each.path[:1] != ("resources",)):
                yield each.finding("DEX-BUNDLE-13", f"The job has two `{key}` '{name}'. Rename one of them.")
            seen.setdefault(name, each)
    for each in job.items("job_clusters"):
        cluster = each.get("new_cluster")
        elsewhere = [each.get(key) for key in ("serverless_compute", "serverless_compute_id")]
        if cluster is None and not any(elsewhere) and isinstance(each.value, dict):
            said = f"Cluster '{each.text('job_cluster_key') or ''}' needs `new_cluster`."
            yield each.finding("DEX-BUNDLE-32", said)
        if cluster is not None:
            yield from check_cluster(cluster, f"Cluster '{each.text('job_cluster_key') or ''}'")
    for environment in job.items("environments"):
        yield from _environment(bundle, environment)


def check_cluster(cluster: At, said: str) -> Iterator[Finding]:
    """Yield what is wrong with a cluster's definition.

    Args:
        cluster: the definition.
        said: what the cluster is called, at the beginning of a sentence.
    """
    if not isinstance(cluster.value, dict) or cluster.get("policy_id") is not None:
        return  # a policy may give what is missing
    if cluster.get("spark_version") is None:
        yield cluster.finding("DEX-BUNDLE-32", f"{said} needs `spark_version`, such as 16.4.x-scala2.12.")
    elif cluster.get("node_type_id") is None and cluster.get("instance_pool_id") is None:
        flexible = cluster.get("worker_node_type_flexibility")
        if flexible is None:
            yield cluster.finding("DEX-BUNDLE-32", f"{said} needs `node_type_id` or `instance_pool_id`.")
    least, most = cluster.at("autoscale", "min_workers"), cluster.at("autoscale", "max_workers")
    limits = [at.value for at in (least, most) if at is not None and isinstance(at.value, int)]
    if least is not None and len(limits) == 2 and limits[0] > limits[1]:
        yield least.finding("DEX-BUNDLE-32", f"`min_workers` is {limits[0]}, more than `max_workers`.")
    yield from _single_node(cluster, said)


def _single_node(cluster: At, said: str) -> Iterator[Finding]:
    """Yield a warning where a cluster has no workers and is not set up to do without; source: the vendor's tool."""
    workers, alone = cluster.get("num_workers"), cluster.get("is_single_node")
    if workers is None or workers.value != 0 or isinstance(workers.value, bool) or (alone and alone.value is True):
        return
    settings = {
        "spark_conf.spark.databricks.cluster.profile": ("singleNode", cluster.at("spark_conf", _PROFILE)),
        "spark_conf.spark.master": ("local", cluster.at("spark_conf", "spark.master")),
        "custom_tags.ResourceClass": ("SingleNode", cluster.at("custom_tags", "ResourceClass")),
    }
    missing = [key for key, (start, at) in settings.items() if at is None or not str(at.value).startswith(start)]
    if missing:
        yield workers.finding(
            "DEX-BUNDLE-32",
            f"{said} has no workers, so it runs on one machine. Say so: `spark_conf: {{{_PROFILE}: singleNode, "
            "spark.master: 'local[*]'}` and `custom_tags: {ResourceClass: SingleNode}`.",
            "warning",
        )


def _environment(bundle: Bundle, environment: At) -> Iterator[Finding]:
    version = environment.at("spec", "environment_version") or environment.at("spec", "client")
    if version is None or not isinstance(version.value, str | int) or "${" in str(version.value):
        return
    python = ENVIRONMENTS.get(_VERSION_NAME.sub("", str(version.value)))
    if python is None:
        said = f"There is no environment version '{version.value}'."
        yield version.finding("DEX-BUNDLE-33", f"{said} Known: {', '.join(ENVIRONMENTS)}.")
        return
    projects = projects_of(bundle)
    wanted = projects[0].get("requires-python") if len(projects) == 1 and projects[0] else None
    dependencies = environment.at("spec") or environment
    if isinstance(wanted, str) and any(built_here(bundle, each) for each in dependencies.items("dependencies")):
        try:
            fits = SpecifierSet(wanted).contains(f"{python}.0") or SpecifierSet(wanted).contains(f"{python}.99")
        except InvalidSpecifier:
            return
        if not fits:
            yield version.finding(
                "DEX-BUNDLE-33",
                f"Environment version '{version.value}' has Python {python}, and the wheel needs {wanted}"
                " (`requires-python` in pyproject.toml).",
            )


def _language(bundle: Bundle, job: At, task: At) -> Iterator[Finding]:
    named = task.at("notebook_task", "notebook_path")
    if named is None or task.at("notebook_task", "source") is not None or job.get("git_source") is not None:
        return
    path = local_path(bundle.root, named)
    language = notebook_language(path) if path is not None and path.is_file() else None
    if language in ("scala", "r"):
        said = f"'{named.value}' is a notebook of {language.title()}, which serverless compute does not run."
        yield named.finding("DEX-BUNDLE-38", f"{said} Give the task `job_cluster_key`.")
