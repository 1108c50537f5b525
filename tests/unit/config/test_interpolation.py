"""References in configuration values."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dex_dbutils import ConfigError, load_environment
from dex_dbutils.config import git_branch, user_name
from dex_dbutils.config.interpolation import interpolate
from hypothesis import given
from hypothesis import strategies as st

plain = st.text(st.characters(exclude_characters="$", exclude_categories=["Cs"]), max_size=20)
leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), plain)
trees = st.dictionaries(
    st.from_regex(r"[a-z]{1,6}", fullmatch=True),
    st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(plain, inner, max_size=3)),
    max_size=5,
)


@given(trees)
def test_values_without_references_stay_as_they_are(tree: dict[str, Any]) -> None:
    assert interpolate(tree, environ={}) == tree


@given(trees, leaves)
def test_a_whole_reference_takes_the_value_with_its_type(tree: dict[str, Any], value: Any) -> None:
    given_tree = {**tree, "source": value, "copy": "${source}"}
    result = interpolate(given_tree, environ={})
    assert result["copy"] == value
    assert type(result["copy"]) is type(value)
    assert given_tree["copy"] == "${source}"


@given(plain, plain, plain)
def test_a_reference_inside_of_text_is_replaced_there(before: str, value: str, after: str) -> None:
    result = interpolate({"x": value, "y": f"{before}${{x}}{after}"}, environ={})
    assert result["y"] == f"{before}{value}{after}"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_text_is_a_value_or_a_clear_error(text: str) -> None:
    try:
        interpolate({"x": text}, environ={})
    except ConfigError as error:
        assert error.code in {"DEX-CONFIG-10", "DEX-CONFIG-11"}
        assert str(error.where) == "key x"


@given(plain)
def test_what_a_variable_holds_is_taken_literally(text: str) -> None:
    assert interpolate({"x": "${env:X}"}, environ={"X": f"{text}${{user}}"})["x"] == f"{text}${{user}}"


@given(st.integers(1, 12))
def test_a_chain_resolves_and_a_ring_is_refused(length: int) -> None:
    chain: dict[str, Any] = {f"k{i}": f"${{k{i + 1}}}" for i in range(length)}
    assert interpolate({**chain, f"k{length}": 7}, environ={})["k0"] == 7
    with pytest.raises(ConfigError) as caught:
        interpolate({**chain, f"k{length}": "${k0}"}, environ={})
    assert caught.value.code == "DEX-CONFIG-11"


def test_two_dollars_are_a_literal() -> None:
    assert interpolate({"x": "$${user} and $5 and a$$b"}, environ={})["x"] == "${user} and $5 and a$$b"


@pytest.mark.parametrize(("value", "shown"), [(True, "true"), (False, "false"), (3, "3"), (1.5, "1.5"), ("x", "x")])
def test_values_inside_of_text_are_written_as_yaml_does(value: Any, shown: str) -> None:
    assert interpolate({"a": value, "b": "<${a}>"}, environ={})["b"] == f"<{shown}>"


@pytest.mark.parametrize("value", [None, [1], {"x": 1}])
def test_what_is_no_single_value_cannot_stand_in_text(value: Any) -> None:
    with pytest.raises(ConfigError, match="not a single value"):
        interpolate({"a": value, "b": "<${a}>"}, environ={})


def test_keys_with_dots_can_be_referred_to() -> None:
    tree = {"engine": {"conf": {"spark.sql.x": 4}}, "p": "${engine.conf.spark.sql.x}"}
    assert interpolate(tree, environ={})["p"] == 4


def test_lists_are_resolved_and_referred_to_as_a_whole() -> None:
    assert interpolate({"a": ["${b}", 1], "b": 2, "c": "${a}"}, environ={})["c"] == [2, 1]


@pytest.mark.parametrize("text", ["${", "a ${b", "${env:NOPE}", "${}", "${ }", "${nope}", "${a.b}", "${env:}"])
def test_a_reference_to_nothing_is_refused(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        interpolate({"a": text, "b": {"c": 1}}, environ={})
    assert caught.value.code in {"DEX-CONFIG-10", "DEX-CONFIG-11"}


def test_defaults_can_be_referred_to(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/base.yaml").write_text("project: {name: f, package: f}\n")
    (tmp_path / "config/dev.yaml").write_text(
        "parameters: {out: '${catalog}.${schema_prefix}${schemas.gold}.t', kind: '${kind}'}\n"
    )
    assert load_environment("dev", start=tmp_path).parameters == {"out": "dev.gold.t", "kind": "development"}


@pytest.mark.parametrize(
    ("user", "name"), [("Jo.Doe@example.org", "jo_doe"), ("ANNA", "anna"), ("é", "user"), ("a--b", "a_b")]
)
def test_the_user_can_stand_in_a_tables_name(user: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEX_USER", user)
    assert user_name() == name
    assert interpolate({"x": "${user}"})["x"] == name


def test_inside_databricks_the_user_is_whose_run_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process there is the machine's: `getpass` would say root."""
    spark = SimpleNamespace(
        sql=lambda text: SimpleNamespace(first=lambda: [{"SELECT current_user()": "Jo.Doe@x.org"}[text]])
    )
    session = SimpleNamespace(SparkSession=SimpleNamespace(builder=SimpleNamespace(getOrCreate=lambda: spark)))
    monkeypatch.setitem(sys.modules, "pyspark.sql", session)
    monkeypatch.delenv("DEX_USER", raising=False)
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "client.4.1")
    assert user_name() == "jo_doe"
    monkeypatch.setenv("DEX_USER", "ann")
    assert user_name() == "ann"


def test_the_branch_is_read_from_gits_files(tmp_path: Path) -> None:
    assert git_branch(tmp_path) is None or (Path(tmp_path.anchor) / ".git").exists()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/HEAD").write_text("ref: refs/heads/feature/Late-Flights\n")
    (tmp_path / "below").mkdir()
    assert git_branch(tmp_path / "below") == "feature_late_flights"
    (tmp_path / ".git/HEAD").write_text("0123456789abcdef\n")
    assert git_branch(tmp_path) == "detached_01234567"
    worktree = tmp_path / "tree"
    worktree.mkdir()
    (tmp_path / ".git/worktrees/tree").mkdir(parents=True)
    (tmp_path / ".git/worktrees/tree/HEAD").write_text("ref: refs/heads/other\n")
    (worktree / ".git").write_text("gitdir: ../.git/worktrees/tree\n")
    assert git_branch(worktree) == "other"
