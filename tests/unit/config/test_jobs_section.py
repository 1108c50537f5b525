"""`jobs` in the configuration: taken as it stands, for the bundle; nothing of it is filled in or bound."""

from __future__ import annotations

from pathlib import Path

import pytest
from dex.job_files import read_configured_jobs
from dex_dbutils import ConfigError, load_environment
from dex_dbutils.config import find_project, json_schema

BASE = "project: {name: shop, package: shop_etl}\nparameters: {year: 2013}\n"


def project(folder: Path, jobs: str, **environments: str) -> Path:
    (folder / "config").mkdir()
    (folder / "config/base.yaml").write_text(BASE + jobs)
    for name, text in environments.items():
        (folder / f"config/{name}.yaml").write_text(text)
    return folder


def test_references_below_jobs_are_the_bundles_own(tmp_path: Path) -> None:
    text = "${var.x} ${bundle.target} ${resources.jobs.a.id} ${nope} $${x}"
    root = project(tmp_path, f"jobs: {{a: {{description: '{text}'}}}}\n", dev="catalog: ${parameters.year}x\n")
    assert read_configured_jobs(find_project(root))["a"].at.plain() == {"description": text}
    assert not hasattr(load_environment("local", start=root), "jobs")


def test_a_reference_to_a_job_from_elsewhere_refers_to_nothing(tmp_path: Path) -> None:
    root = project(tmp_path, "catalog: ${jobs.a.description}\njobs: {a: {description: x}}\n", dev="kind: development\n")
    with pytest.raises(ConfigError, match="refers to nothing"):
        load_environment("dev", start=root)


def test_every_value_knows_its_place_and_environments_stay_apart(tmp_path: Path) -> None:
    root = project(
        tmp_path,
        "jobs:\n  a:\n    tags: {x: y}\n  b:\n",
        dev="kind: development\njobs: {a: {tags: {x: z}}, c: {max_concurrent_runs: 2}}\n",
        lab="kind: local\njobs: {a: {timeout_seconds: 1}}\n",
    )
    jobs = read_configured_jobs(find_project(root))
    assert {key: job.at.plain() for key, job in jobs.items()} == {"a": {"tags": {"x": "y"}}, "b": {}, "c": {}}
    place = jobs["a"].changes["dev"].at("tags", "x")
    assert place is not None
    assert (place.file, place.line, place.column, place.value) == ("config/dev.yaml", 2, 19, "z")
    assert (list(jobs["a"].changes), jobs["a"].local) == (["dev", "lab"], {"lab"})


@pytest.mark.parametrize(
    ("jobs", "said"),
    [
        ("jobs: [a]\n", "'jobs' must be keys and values below it; it is a list."),
        ("jobs: {a: 5}\n", "'jobs.a' must be keys and values below it; it is a number."),
        ("jobs: {a: {token: abc}}\n", "A secret is written into the file"),
    ],
)
def test_what_is_no_job_is_refused_with_its_place(jobs: str, said: str, tmp_path: Path) -> None:
    root = project(tmp_path, jobs, dev="kind: development\n")
    with pytest.raises(ConfigError, match="must be keys and values|A secret") as caught:
        load_environment("dev", start=root)
    assert said in str(caught.value)
    assert "base.yaml, line 3" in str(caught.value)


def test_the_schema_of_the_configuration_knows_jobs() -> None:
    assert json_schema()["properties"]["jobs"]["additionalProperties"]["anyOf"][0]["type"] == "object"
