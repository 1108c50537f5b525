"""The files of a job, whatever is configured and edited: targets make of them what was meant, and edits stay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from dex.bundle import load_bundle, tree_of
from dex.job_files import ConfiguredJob, MadeTask, Parts, files_of, job_file, regenerated, targets_file
from dex_dbutils.config import Project, parse_document
from hypothesis import given, settings
from hypothesis import strategies as st

WHEEL = {"package_name": "shop_etl", "entry_point": "load"}
PARTS = Parts(
    [
        MadeTask("load", {"python_wheel_task": {**WHEEL, "named_parameters": {"day": "{{job.parameters.day}}"}}}),
        MadeTask("clean", {"notebook_task": {"notebook_path": "../clean.py"}}, [{"task_key": "load"}]),
    ],
    [{"name": "day", "default": "1"}],
)
#: What may be said of a job: by key, some values of it.
SAID: dict[str, list[Any]] = {
    "schedule": [
        {"quartz_cron_expression": "0 0 6 * * ?", "timezone_id": "UTC"},
        {"quartz_cron_expression": "0 0 7 * * ?", "timezone_id": "UTC", "pause_status": "PAUSED"},
    ],
    "tags": [{"a": "1"}, {"a": "2", "b": "x: y"}, {"c": "#"}],
    "timeout_seconds": [60, 120],
    "email_notifications": [{"on_failure": ["a@b.c"]}, {"on_failure": ["d@e.f", "a@b.c"], "on_success": ["a@b.c"]}],
    "run_as": [{"user_name": "a@b.c"}, {"service_principal_name": "sp"}],
    "permissions": [[{"group_name": "users", "level": "CAN_VIEW"}], []],
    "parameters": [[{"name": "day", "default": "2"}], [{"name": "mode", "default": "full"}]],
    "environments": [[{"environment_key": "ml", "spec": {"environment_version": "4"}}]],
    "tasks": [
        {"load": {"max_retries": 1}, "tell": {"run_job_task": {"job_id": 5}, "after": ["load"]}},
        {"clean": {"depends_on": ["load"], "timeout_seconds": 5}},
        {"tell": {"run_job_task": {"job_id": 6}}, "load": None},
        {"ask": {"condition_task": {"op": "EQUAL_TO", "left": "a", "right": "b"}}, "clean": {"max_retries": 3}},
    ],
}


def says(*, empty: bool) -> st.SearchStrategy[dict[str, Any]]:
    """Return what may be said of a job; where a value may be empty, it takes away what is below it."""
    none = [None] if empty else []
    values = {key: st.sampled_from([*none, *each]) for key, each in SAID.items()}
    return st.fixed_dictionaries({}, optional=values)


CHANGES = st.fixed_dictionaries({}, optional={"dev": says(empty=True), "prod": says(empty=True)})


def texts_of(
    base: dict[str, Any], changes: dict[str, dict[str, Any]], targets: tuple[str, ...] = ("dev", "prod")
) -> dict[str, str]:
    def at(values: dict[str, Any], name: str) -> Any:
        file = f"config/{name}.yaml"
        return tree_of(parse_document(json.dumps(values), file), file)

    job = ConfiguredJob("daily", at(base, "base"), {name: at(each, name) for name, each in changes.items()})
    project = Project(name="shop", package="shop_etl", root=Path("nowhere"), exists=True)
    return files_of(project, "daily", PARTS, job, head="# Made", by="dex bundle emit daily", targets=targets).texts()


def in_any_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: in_any_order(entry) for key, entry in value.items()}
    return sorted((in_any_order(item) for item in value), key=repr) if isinstance(value, list) else value


@settings(max_examples=75, deadline=None)
@given(says(empty=False), CHANGES)
def test_a_target_makes_of_the_files_what_its_environment_says(
    tmp_path_factory: Any, base: dict[str, Any], changes: dict[str, Any]
) -> None:
    root = tmp_path_factory.mktemp("bundle")
    (root / "resources").mkdir()
    (root / "databricks.yml").write_text(
        "bundle: {name: x}\ninclude: [resources/*.yml]\ntargets: {dev: {}, prod: {}}\n"
    )
    for file, text in texts_of(base, changes).items():
        (root / file).write_text(text, "utf-8")
    for target in ("dev", "prod"):
        meant = _over(base, changes.get(target, {}))
        alone = yaml.safe_load(texts_of(meant, {}, ())[job_file("daily")])["resources"]["jobs"]["daily"]
        made = load_bundle(root, target).tree.at("resources", "jobs", "daily")
        assert made is not None
        assert in_any_order(made.plain()) == in_any_order(alone)


def _over(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return settings with those of an environment laid over them, as the page on emitting jobs says it."""
    found = dict(base)
    for key, value in changes.items():
        below = found.get(key)
        if value is None:
            found.pop(key, None)
        elif isinstance(value, dict) and isinstance(below, dict) and key != "run_as":
            found[key] = _over(below, value)
        elif key in ("parameters", "environments") and below is not None:
            word = "name" if key == "parameters" else "environment_key"
            items = {item[word]: item for item in below}
            found[key] = list({**items, **{i[word]: {**items.get(i[word], {}), **i} for i in value}}.values())
        else:
            found[key] = value
    return found


@st.composite
def edited(draw: st.DrawFn, text: str) -> tuple[str, list[str]]:
    """Return a text as a person left it, and the lines that are the person's own."""
    lines, own = text.splitlines(), list[str]()
    for number in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(["comment", "behind", "job", "root"]))
        at = draw(st.integers(1, len(lines) - 1))
        indent = " " * (len(lines[at]) - len(lines[at].lstrip()))
        spots = [i for i, line in enumerate(lines) if line.strip() == "daily:"]
        if kind == "comment":
            lines.insert(at, f"{indent}# note {number}: x")
        elif kind == "behind" and "#" not in lines[at] and lines[at] not in own:
            lines[at] += f"  # behind {number}"
        elif kind == "job" and spots:
            place = draw(st.sampled_from(spots))
            deep = " " * (len(lines[place]) - len(lines[place].lstrip()) + 2)
            own.append(f"{deep}own_{number}: {{at: 'b'}}")
            lines.insert(place + 1, own[-1])
        elif kind == "root":
            own.append(f"x-{number}: &a{number} {{one: 1}}")
            lines.insert(1, own[-1])
    return "\n".join(lines) + "\n", own


def without_own(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_own(each) for key, each in value.items() if not key.startswith(("own_", "x-"))}
    return [without_own(item) for item in value] if isinstance(value, list) else value


def frame(value: Any) -> Any:
    """Return a tree without mappings that hold nothing: what is around a person's own keys."""
    if isinstance(value, dict):
        kept = {key: frame(each) for key, each in value.items()}
        return {key: each for key, each in kept.items() if each != {}}
    return value


@settings(max_examples=75, deadline=None)
@given(st.data())
def test_what_a_person_adds_stays_in_both_files_whatever_is_said_next(data: st.DataObject) -> None:
    before, after = (texts_of(data.draw(says(empty=False)), data.draw(CHANGES)) for _ in range(2))
    there: dict[str, str | None] = {}
    own: dict[str, list[str]] = {}
    for file, text in before.items():
        there[file], own[file] = data.draw(edited(text))
    assert regenerated(there, before, before, force=False)[0] == there
    made, _ = regenerated(there, before, after, force=False)
    assert regenerated(made, after, after, force=False)[0] == {file: made[file] for file in after}
    for file, text in made.items():
        if text is None:
            assert (file, own[file]) == (targets_file("daily"), [])
            continue
        lines = text.splitlines()
        assert [line for line in own.get(file, []) if line not in lines] == []
        told = frame(without_own(yaml.safe_load(text)))
        assert in_any_order(told) == in_any_order(frame(yaml.safe_load(after[file]) if file in after else {}))
