"""Laying one file over another, and reading one."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from dex_dbutils.config.document import dotted, read_document
from dex_dbutils.config.merge import merge, merge_documents
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

word = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Cn", "Co", "Zl", "Zp"]), max_size=12)
leaves = st.one_of(st.none(), st.booleans(), st.integers(-(10**12), 10**12), word)
trees = st.dictionaries(
    word,
    st.recursive(leaves, lambda i: st.lists(i, max_size=3) | st.dictionaries(word, i, max_size=3), max_leaves=12),
    max_size=4,
)


def paths(tree: Any, path: tuple[Any, ...] = ()) -> Any:
    if isinstance(tree, dict) and tree:
        for key, value in tree.items():
            yield from paths(value, (*path, key))
    else:
        yield path, tree


def at(tree: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        tree = tree[key]
    return tree


@given(trees, trees)
def test_what_the_upper_file_says_holds_and_neither_is_changed(base: dict[str, Any], over: dict[str, Any]) -> None:
    before = copy.deepcopy((base, over))
    merged = merge(base, over)
    assert all(at(merged, path) == value for path, value in paths(over) if value != {})
    assert (base, over) == before


@given(trees, trees)
def test_what_only_the_lower_file_says_stays(base: dict[str, Any], over: dict[str, Any]) -> None:
    merged = merge(base, over)
    assert all(merged[key] == value for key, value in base.items() if key not in over)
    assert set(merged) == {*base, *over}


@given(trees)
def test_a_file_over_itself_or_nothing_is_itself(tree: dict[str, Any]) -> None:
    assert merge(tree, tree) == merge(tree, {}) == merge({}, tree) == tree


@given(trees, trees)
def test_laying_the_same_file_on_twice_changes_nothing_more(base: dict[str, Any], over: dict[str, Any]) -> None:
    once = merge(base, over)
    assert merge(once, over) == once


def test_lists_replace_and_do_not_grow() -> None:
    assert merge({"a": [1, 2]}, {"a": [3]}) == {"a": [3]}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=trees)
def test_a_file_is_read_as_written_with_a_place_for_every_value(tree: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    text = json.dumps(tree, ensure_ascii=False, indent=1)  # JSON is YAML
    file.write_text(text, encoding="utf-8")
    document = read_document(file)
    assert document.values == tree
    lines = text.count("\n") + 1
    for path, _ in paths(tree):
        assert 1 <= document.positions[path].line <= lines


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(base=trees, over=trees)
def test_each_value_keeps_the_place_of_the_file_that_says_it(
    base: dict[str, Any], over: dict[str, Any], tmp_path: Path
) -> None:
    documents = []
    for name, tree in (("base", base), ("over", over)):
        (tmp_path / f"{name}.yaml").write_text(json.dumps(tree, ensure_ascii=False), encoding="utf-8")
        documents.append(read_document(tmp_path / f"{name}.yaml"))
    merged = merge_documents(*documents)
    for key in merged.values:
        said_by = "over" if key in over else "base"
        assert merged.positions[(key,)].file.endswith(f"{said_by}.yaml")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("010", "010"),
        ("2013-01-01", "2013-01-01"),
        ("1_000", "1_000"),
        ("0x1F", 31),
        ("-7", -7),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("true", True),
        ("~", None),
        ("", None),
        ("'2013'", "2013"),
        ("1.10", 1.1),
        ("=", "="),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: Any, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(f"a: {text}\n")
    found = read_document(tmp_path / "x.yaml").values["a"]
    assert found == value
    assert type(found) is type(value)


def test_anchors_and_merge_keys_work(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: {<<: [*a, {z: 9, x: 8}]}\n")
    values = read_document(tmp_path / "x.yaml").values
    assert values["b"] == {"x": 1, "y": 3}
    assert values["c"]["z"] == 9


def test_a_byte_order_mark_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_document(tmp_path / "x.yaml").values == {"a": 1}


def test_paths_are_written_as_people_do() -> None:
    assert dotted(("guard", "catalogs", 0)) == "guard.catalogs[0]"
    assert dotted(()) == ""
