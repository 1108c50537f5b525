"""A generated file made anew keeps every edit of a person, byte for byte."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from dex.bundle.regenerating import regenerate
from dex_dbutils import BundleError
from hypothesis import given, settings
from hypothesis import strategies as st

Tree = dict[str, Any]


def job(parameters: dict[str, str], tasks: dict[str, list[str]], dependencies: list[str], retries: int | None) -> str:
    """Return a generated file in the style of dex."""
    lines = [
        "# Made from notebooks by dex.",
        "resources:",
        "  jobs:",
        "    daily:",
        "      name: daily",
        "      parameters:",
    ]
    for name, default in parameters.items():
        lines += [f"        - name: {name}", f'          default: "{default}"']
    lines.append("      tasks:")
    for key, waits in tasks.items():
        lines += [f"        - task_key: {key}", "          environment_key: default"]
        if retries is not None:
            lines.append(f"          max_retries: {retries}")
        if waits:
            lines.append("          depends_on:")
            lines += [f"            - task_key: {name}" for name in waits]
        lines += [
            "          python_wheel_task:",
            "            package_name: shop_etl",
            f"            entry_point: {key}",
        ]
    lines += ["      environments:", "        - environment_key: default", "          spec:"]
    lines += ['            environment_version: "4"', "            dependencies:", "              - ../dist/*.whl"]
    lines += [f"              - {each}" for each in dependencies]
    return "\n".join(lines) + "\n"


BEFORE = job({"env": "dev", "day": "1"}, {"load": [], "clean": ["load"]}, ["requests"], 1)
AFTER = job(
    {"env": "dev", "day": "2", "year": "2013"}, {"load": [], "clean": ["load"], "gold": ["clean"]}, ["pandas"], 2
)


def tree(text: str) -> Tree:
    loaded: Tree = yaml.safe_load(text)
    return loaded


def the_job(text: str) -> Tree:
    found: Tree = tree(text)["resources"]["jobs"]["daily"]
    return found


def test_what_nobody_touched_becomes_what_is_generated_now() -> None:
    assert tree(regenerate(BEFORE, BEFORE, AFTER).text) == tree(AFTER)
    assert tree(regenerate(AFTER, AFTER, BEFORE).text) == tree(BEFORE)


def test_a_file_that_says_all_of_it_already_stays_as_it_is() -> None:
    there = BEFORE.replace("max_retries: 1", "max_retries: 1   # twice is too often") + "# the end\n"
    assert regenerate(there, BEFORE, BEFORE).text == there


def test_a_value_that_a_person_changed_stays_and_is_told() -> None:
    there = BEFORE.replace('default: "1"', 'default: "7"  # mine')
    made = regenerate(there, BEFORE, AFTER)
    assert 'default: "7"  # mine' in made.text
    assert made.kept == ["resources.jobs.daily.parameters.day.default"]


def test_further_keys_comments_and_their_order_stay() -> None:
    there = BEFORE.replace(
        "      parameters:\n",
        "      # every morning\n      schedule: {quartz_cron_expression: '0 0 6 * * ?', timezone_id: UTC}\n      parameters:\n",
    ).replace(
        "          environment_key: default\n          max",
        "          environment_key: default # one\n          timeout_seconds: 60\n          max",
        1,
    )
    made = regenerate(there, BEFORE, AFTER).text
    for line in ("      # every morning", "      schedule: {quartz_cron_expression: '0 0 6 * * ?', timezone_id: UTC}"):
        assert line in made.splitlines()
    load = the_job(made)["tasks"][0]
    assert (load["timeout_seconds"], load["max_retries"]) == (60, 2)
    assert "          environment_key: default # one" in made.splitlines()


def test_a_task_that_a_person_took_away_stays_away() -> None:
    start, end = BEFORE.index("        - task_key: clean"), BEFORE.index("      environments:")
    made = regenerate(BEFORE[:start] + BEFORE[end:], BEFORE, AFTER).text
    assert [task["task_key"] for task in the_job(made)["tasks"]] == ["load", "gold"]


def test_a_list_and_a_mapping_that_lose_their_last_entry_are_empty() -> None:
    there = "a:\n  list:\n    - b: 1  # one\n    - b: 2\n  map:\n    c: |\n      text\n# end\n"
    new = "a:\n  list: []\n  map: {}\n"
    made = regenerate(there, there.replace("# end\n", "").replace("  # one", ""), new)
    assert tree(made.text) == tree(new)
    assert made.text.endswith("# end\n")


def test_a_task_of_a_persons_own_stays() -> None:
    own = "        - task_key: mine\n          notebook_task: {notebook_path: ../mine.py}\n"
    made = regenerate(BEFORE.replace("      environments:", own + "      environments:"), BEFORE, AFTER).text
    assert own in made
    assert [task["task_key"] for task in the_job(made)["tasks"]] == ["load", "clean", "mine", "gold"]


def test_flow_style_stays_flow_style() -> None:
    there = yaml.safe_dump(tree(BEFORE), default_flow_style=True, sort_keys=False, width=10_000)
    made = regenerate(there, BEFORE, AFTER).text
    assert made.count("\n") == there.count("\n")
    assert tree(made) == tree(AFTER)


def test_a_merge_key_is_overridden_beside_it_and_the_anchor_stays() -> None:
    there = BEFORE.replace(
        "resources:\n", "x-common: &common\n  environment_key: default\n  max_retries: 1\nresources:\n"
    ).replace("          environment_key: default\n          max_retries: 1\n", "          <<: *common\n", 1)
    made = regenerate(there, BEFORE, AFTER).text
    assert "x-common: &common\n  environment_key: default\n  max_retries: 1\n" in made
    assert the_job(made)["tasks"][0]["max_retries"] == 2


def test_without_the_last_generation_only_what_is_missing_is_added() -> None:
    made = regenerate(BEFORE, None, AFTER)
    assert the_job(made.text)["parameters"][1] == {"name": "day", "default": "1"}
    assert [task["task_key"] for task in the_job(made.text)["tasks"]] == ["load", "clean", "gold"]


@pytest.mark.parametrize("text", ["a: [", "a: b: c"])
def test_a_file_that_is_no_yaml_is_refused(text: str) -> None:
    with pytest.raises(BundleError) as caught:
        regenerate(text, BEFORE, AFTER, "resources/daily.job.yml")
    assert caught.value.code == "DEX-BUNDLE-50"


def test_windows_lines_stay_windows_lines() -> None:
    made = regenerate(BEFORE.replace("\n", "\r\n"), BEFORE, AFTER).text
    assert "\n" not in made.replace("\r\n", "")
    assert tree(made) == tree(AFTER)


NAMES = st.sampled_from(["env", "day", "year", "source"])
TASKS = st.sampled_from(["load", "clean", "gold", "report"])


@st.composite
def generations(draw: st.DrawFn) -> str:
    parameters = draw(st.dictionaries(NAMES, st.sampled_from(["1", "2", "a b", "x: y", "#"]), min_size=1))
    keys = draw(st.lists(TASKS, unique=True, min_size=1))
    tasks = {key: draw(st.lists(st.sampled_from(keys[:n]), unique=True)) if n else [] for n, key in enumerate(keys)}
    return job(
        parameters,
        tasks,
        draw(st.lists(st.sampled_from(["requests", "pandas", "six"]), unique=True)),
        draw(st.sampled_from([None, 1, 2])),
    )


@st.composite
def edits(draw: st.DrawFn, text: str) -> tuple[str, list[str]]:
    """Return a text as a person left it, and the lines that are the person's own."""
    lines = text.splitlines()
    own: list[str] = []
    for number in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(["comment", "blank", "behind", "key", "tags", "root"]))
        at = draw(st.integers(1, len(lines) - 1))
        indent = " " * (len(lines[at]) - len(lines[at].lstrip()))
        if kind == "comment":
            made = f"{indent}# note {number}: x"
            lines.insert(at, made)
            own.append(made)
        elif kind == "blank":
            lines.insert(at, "")
        elif kind == "behind" and "#" not in lines[at]:
            lines[at] += f"  # behind {number}"
            own.append(f"# behind {number}")
        elif kind == "key":
            spots = [i for i, line in enumerate(lines) if line == "          environment_key: default"]
            if spots:
                made = f"          timeout_seconds_{number}: {number}"
                lines.insert(draw(st.sampled_from(spots)) + 1, made)
                own.append(made)
        elif kind == "tags":
            made = f"      tags_{number}: {{team: a, at: 'b'}}"
            lines.insert(next(i for i, line in enumerate(lines) if line.startswith("      name: daily")) + 1, made)
            own.append(made)
        elif kind == "root":
            made = f"x-{number}: &a{number} {{one: 1}}"
            lines.insert(1, made)
            own.append(made)
    return "\n".join(lines) + "\n", own


def without_own(value: Any) -> Any:
    """Return a tree without the keys that `edits` adds."""
    if isinstance(value, dict):
        return {k: without_own(v) for k, v in value.items() if not k.startswith(("x-", "tags_", "timeout_seconds_"))}
    return [without_own(item) for item in value] if isinstance(value, list) else value


def in_any_order(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: in_any_order(entry) for key, entry in value.items()}
    return sorted((in_any_order(item) for item in value), key=repr) if isinstance(value, list) else value


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_edit_stays_and_all_that_dex_owns_follows(data: st.DataObject) -> None:
    before, after = data.draw(generations()), data.draw(generations())
    there, own = data.draw(edits(before))
    same = regenerate(there, before, before)
    assert same.text == there
    made = regenerate(there, before, after)
    mine = set(own)
    kept = [line for line in made.text.splitlines() if line in mine]
    gone = [part for part in own if part not in made.text]
    told = without_own(tree(made.text))
    assert in_any_order(told) == in_any_order(tree(after))
    assert made.kept == []
    # a person's line goes only with what dex takes away around it
    assert all(part.startswith(("# behind", "          timeout")) or " # note" in part for part in gone), gone
    assert kept == [line for line in there.splitlines() if line in mine and line in set(kept)]
    again = regenerate(made.text, after, after)
    assert again.text == made.text


def test_what_is_missing_comes_behind_a_key_without_a_value_and_the_comments_stay() -> None:
    there = "bundle: {name: shop}\ntargets: # none yet\n#  dev:\n#    mode: development\nsync:\n  exclude: [data]\n"
    made = regenerate(there, None, "targets:\n  prod:\n    mode: production\n")
    assert made.text == there.replace("# none yet\n", "# none yet\n  prod:\n    mode: production\n")
    assert made.kept == []


def test_a_key_that_was_emptied_stays_empty_where_it_was_generated_with_a_value() -> None:
    made = regenerate("name:\nother: 1\n", "name: a\nother: 1\n", "name: a\nother: 2\n")
    assert made.text == "name:\nother: 2\n"


def test_a_key_that_is_no_text_is_an_error_at_its_place() -> None:
    with pytest.raises(BundleError, match=r"shop\.yml is not YAML: a key must be text") as caught:
        regenerate("bundle: {name: shop}\nhost: {{ host }}\n", None, "targets: {prod: {}}\n", "shop.yml")
    assert (caught.value.where.line, caught.value.where.column) == (2, 8)
