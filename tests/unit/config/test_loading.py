"""From files to an environment; what is wrong in them is named with file, line and key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from dex_dbutils import ConfigError, load_environment
from dex_dbutils.config import environment_names, find_project

BASE = "project: {name: flights, package: flights_etl}\n"
Make = Callable[..., Path]


def fails(code: str, name: str | None = "dev", start: Path | None = None) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load_environment(name, start=start)
    assert caught.value.code == code, str(caught.value)
    assert caught.value.remedy
    return caught.value


def test_base_and_environment_are_laid_over_each_other(project: Make) -> None:
    project(
        BASE + "parameters: {year: 2013, paths: {in: a, out: b}}\nagents: {provider: rules}\n",
        dev="catalog: flights_dev\nparameters: {paths: {out: c}}\nagents: {model: small}\n",
    )
    dev = load_environment("dev")
    assert dev.catalog == "flights_dev"
    assert dev.parameters == {"year": 2013, "paths": {"in": "a", "out": "c"}}
    assert (dev.agents.provider, dev.agents.model) == ("rules", "small")


def test_local_needs_no_file_and_is_not_what_base_says_for_the_others(project: Make) -> None:
    project(BASE + "kind: production\nengine: {type: databricks, serverless: true}\ncatalog: main\nschema_prefix: x_\n")
    local = load_environment("local")
    assert (local.kind, local.engine.type, local.catalog) == ("local", "sail", "local")
    assert local.schema_name("gold") == "local.x_gold"
    assert local.writes == "allow"


def test_a_file_for_local_decides_itself(project: Make) -> None:
    project(local="catalog: mine\nengine: {type: spark}\n")
    assert load_environment("local").catalog == "mine"
    assert load_environment("local").kind == "local"


@pytest.mark.parametrize(
    ("name", "kind", "writes"),
    [("prod", "production", "confirm"), ("production_eu", "production", "confirm"), ("dev", "development", "allow")],
)
def test_a_name_says_how_careful_to_be(project: Make, name: str, kind: str, writes: str) -> None:
    project(**{name: ""})
    assert (load_environment(name).kind, load_environment(name).writes) == (kind, writes)


def test_an_environment_of_an_empty_file_has_a_catalog_of_its_name(project: Make) -> None:
    project(lab="# nothing yet\n")
    assert load_environment("lab").table_name("silver", "flights") == "lab.silver.flights"


def test_an_empty_section_says_nothing(project: Make) -> None:
    project(BASE + "guard: {writes: deny}\n", dev="guard:\ncatalog:\n")
    assert load_environment("dev").writes == "deny"
    assert load_environment("dev").catalog == "dev"


def test_environments_are_local_and_the_files(project: Make) -> None:
    folder = project(prod="", lab="")
    (folder / "config/notes.txt").write_text("x")
    (folder / "config/not a name.yaml").write_text("x")
    assert environment_names(find_project()) == ["local", "lab", "prod"]


def test_the_default_comes_from_the_variable_then_from_base(project: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    project(BASE + "environments: {default: lab}\n", lab="", dev="")
    assert load_environment().name == "lab"
    monkeypatch.setenv("DEX_ENV", "dev")
    assert load_environment().name == "dev"
    monkeypatch.setenv("DEX_ENV", "dve")
    error = fails("DEX-CONFIG-01", None)
    assert "DEX_ENV" in str(error)
    assert "Did you mean 'dev'?" in str(error)


def test_a_project_is_found_from_a_folder_below(project: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = project()
    (folder / "notebooks/deep").mkdir(parents=True)
    monkeypatch.chdir(folder / "notebooks/deep")
    assert find_project().root == folder
    assert find_project().dex_dir == folder / ".dex"


def test_the_variable_names_the_project(project: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = project()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEX_PROJECT", str(folder))
    assert find_project().name == "flights"
    monkeypatch.setenv("DEX_PROJECT", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigError) as caught:
        find_project()
    assert caught.value.code == "DEX-CONFIG-02"


def test_local_works_outside_of_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "2 My Data!"
    folder.mkdir()
    monkeypatch.chdir(folder)
    local = load_environment()
    assert (local.name, local.project.exists, local.catalog) == ("local", False, "local")
    assert local.project.package.isidentifier()
    error = fails("DEX-CONFIG-02", "dev")
    assert "There is no project here" in error.what


def test_deployed_code_finds_the_configuration_of_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site/flights_etl_wheel"
    (package / "_config").mkdir(parents=True)
    (package / "__init__.py").write_text(
        "from dex_dbutils import load_environment\ndef ask():\n    return load_environment('prod')\n"
    )
    (package / "_config/base.yaml").write_text(BASE)
    (package / "_config/prod.yaml").write_text("catalog: flights_prod\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    import importlib

    assert importlib.import_module("flights_etl_wheel").ask().catalog == "flights_prod"
    assert load_environment("prod", package="flights_etl_wheel.jobs").catalog == "flights_prod"


# -- one bad input for each code, and where it is ----------------------------------------------------------------------


def test_01_an_unknown_environment(project: Make) -> None:
    project(dev="", prod="")
    error = fails("DEX-CONFIG-01", "prd")
    assert "Did you mean 'prod'?" in str(error)
    assert "Known: local, dev, prod." in str(error)
    assert error.where is not None
    assert error.where.file == "config"


def test_01_an_unknown_default(project: Make) -> None:
    project(BASE + "environments:\n  default: stage\n", dev="")
    error = fails("DEX-CONFIG-01", "dev")
    assert str(error.where) == "config/base.yaml, line 3, column 3, key environments.default"


def test_01_a_file_with_the_other_suffix(project: Make) -> None:
    folder = project()
    (folder / "config/dev.yml").write_text("catalog: x\n")
    assert "name it dev.yaml" in str(fails("DEX-CONFIG-01"))


@pytest.mark.parametrize("name", ["../base", "base", "a/b", "", "con fig"])
def test_01_a_name_is_no_way_to_other_files(project: Make, name: str) -> None:
    project(dev="")
    if name:
        fails("DEX-CONFIG-01", name)
    else:
        assert load_environment(name).name == "local"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: [1\n", 2),
        ("a: 1\n b: 2\n", 2),
        ("a: 'x\n", 2),
        ("- list\n", 1),
        ("just text\n", 1),
        ("a: !!python/object:os.system x\n", 1),
        ("a: !custom x\n", 1),
        ("1: x\n", 1),
        ("? [a]\n: 1\n", 1),
        ("a: &x [*x]\n", 1),
        ("a: 1\n---\nb: 2\n", 2),
        ("a: *nowhere\n", 1),
        ("a: !!int x\n", 1),
        ("\x00", None),
    ],
)
def test_03_broken_yaml(project: Make, text: str, line: int | None) -> None:
    project(dev=text)
    where = fails("DEX-CONFIG-03").where
    assert where is not None
    assert where.file == "config/dev.yaml"
    assert where.line == line


def test_03_not_utf_8(project: Make) -> None:
    folder = project(dev="")
    (folder / "config/dev.yaml").write_bytes(b"catalog: x\n# caf\xe9\n")
    where = fails("DEX-CONFIG-03").where
    assert where is not None
    assert where.line == 2


@pytest.mark.parametrize("name", ["prod", "local"])
def test_03_a_link_to_nowhere_does_not_pass_for_the_defaults(project: Make, name: str) -> None:
    folder = project()
    (folder / f"config/{name}.yaml").symlink_to(folder / "gone.yaml")
    assert "cannot be read" in fails("DEX-CONFIG-03", name).what


def test_03_a_folder_in_place_of_the_file(project: Make) -> None:
    folder = project()
    (folder / "config/prod.yaml").mkdir()
    fails("DEX-CONFIG-03", "prod")


def test_03_a_bomb_of_aliases_does_not_go_off(project: Make) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    project(dev="\n".join(lines))
    assert "more than" in fails("DEX-CONFIG-03").what


def test_03_depth_beyond_reason(project: Make) -> None:
    project(dev="a: " + "[" * 20000)
    fails("DEX-CONFIG-03")


def test_04_a_key_that_stands_twice(project: Make) -> None:
    project(dev="engine:\n  type: sail\n  port: 1\n  type: spark\n")
    error = fails("DEX-CONFIG-04")
    assert str(error.where) == "config/dev.yaml, line 4, column 3, key engine.type"
    assert "line 2" in error.what


@pytest.mark.parametrize(
    ("text", "key", "line", "hint"),
    [
        ("engin: {type: sail}\n", "engin", 1, "Did you mean 'engine'?"),
        ("kind: local\nengine:\n  typ: sail\n", "engine.typ", 3, "Did you mean 'type'?"),
        ("guard: {catalog: [a]}\n", "guard.catalog", 1, "Did you mean 'catalogs'?"),
        ("qqq: 1\n", "qqq", 1, "Known here: project"),
    ],
)
def test_05_an_unknown_key(project: Make, text: str, key: str, line: int, hint: str) -> None:
    project(dev=text)
    error = fails("DEX-CONFIG-05")
    assert error.where is not None
    assert (error.where.key, error.where.line, error.where.file) == (key, line, "config/dev.yaml")
    assert hint in str(error)


@pytest.mark.parametrize("key", ["project: {name: a, package: b}", "environments: {default: dev}"])
def test_05_what_holds_for_all_stands_in_base(project: Make, key: str) -> None:
    project(dev=key)
    assert "config/base.yaml" in str(fails("DEX-CONFIG-05"))


def test_06_a_layer_that_is_not_there(project: Make) -> None:
    project(dev="schemas: {raw: landing}\n")
    with pytest.raises(ConfigError) as caught:
        load_environment("dev").table_name("silver", "t")
    assert caught.value.code == "DEX-CONFIG-06"
    assert "raw" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("kind: prod\n", "kind"),
        ("engine: {type: sial}\n", "engine.type"),
        ("engine: {type: connect}\n", "engine"),
        ("engine: {type: connect, url: 'http://x'}\n", "engine.url"),
        ("engine: {serverless: true, cluster_id: x}\n", "engine"),
        ("engine: {profile: x, host: y}\n", "engine"),
        ("engine: {port: 0}\n", "engine.port"),
        ("engine: {port: many}\n", "engine.port"),
        ("engine: {idle_minutes: -1}\n", "engine.idle_minutes"),
        ("engine: {idle_minutes: .inf}\n", "engine.idle_minutes"),
        ("engine: {conf: [a]}\n", "engine.conf"),
        ("engine: sail\n", "engine"),
        ("catalog: 1\n", "catalog"),
        ("catalog: a.b\n", "catalog"),
        ('catalog: "x\\n"\n', "catalog"),
        ("schemas: {}\n", "schemas"),
        ("schemas: {gold: }\n", "schemas.gold"),
        ("schemas: {gold: 'a b'}\n", "schemas.gold"),
        ("schema_prefix: 'a b'\n", "schema_prefix"),
        ("parameters: [1]\n", "parameters"),
        ("guard: {writes: sometimes}\n", "guard.writes"),
        ("guard: {catalogs: dev}\n", "guard.catalogs"),
        ("guard: {catalogs: [1]}\n", "guard.catalogs[0]"),
        ("guard: {max_scan: 100}\n", "guard.max_scan"),
        ("guard: {max_scan: much}\n", "guard.max_scan"),
        ("agents: {budget: 0}\n", "agents.budget"),
        ("agents: {timeout_seconds: .inf}\n", "agents.timeout_seconds"),
        ("observability: {log_level: LOUD}\n", "observability.log_level"),
    ],
)
def test_07_a_value_that_does_not_fit(project: Make, text: str, key: str) -> None:
    project(dev="# line 1\n" + text)
    where = fails("DEX-CONFIG-07").where
    assert where is not None
    assert (where.file, where.line, where.key) == ("config/dev.yaml", 2, key)


def test_07_several_are_named_in_the_order_of_the_file(project: Make) -> None:
    project(dev="kind: prod\nengine: {port: x}\ncatalog: a.b\n")
    error = fails("DEX-CONFIG-07")
    assert error.where is not None
    assert error.where.key == "kind"
    assert "2 more to correct: engine.port, catalog" in str(error)


def test_07_a_wrong_value_from_a_variable_is_not_shown(project: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_PORT", "hunter2")
    project(dev="engine: {port: '${env:SECRET_PORT}'}\nkind: '${env:SECRET_PORT}'\n")
    assert "hunter2" not in str(fails("DEX-CONFIG-07"))


@pytest.mark.parametrize("base", ["", "catalog: x\n", "project: {name: x}\n", "project:\n"])
def test_08_a_missing_key(project: Make, base: str) -> None:
    folder = project(base, dev="")
    where = fails("DEX-CONFIG-08", start=folder).where
    assert where is not None
    assert where.file == "config/base.yaml"


def test_09_a_secret_in_the_file(project: Make) -> None:
    project(dev="catalog: x\nparameters:\n  api_token: hunter2hunter2\n")
    error = fails("DEX-CONFIG-09")
    assert str(error.where) == "config/dev.yaml, line 3, column 3, key parameters.api_token"
    assert "hunter2" not in str(error)


def test_10_a_reference_to_nothing(project: Make) -> None:
    project(dev="catalog: main\nparameters:\n  table: '${catlog}.t'\n")
    error = fails("DEX-CONFIG-10")
    assert "Did you mean '${catalog}'?" in str(error)
    assert error.where is not None
    assert error.where.line == 3


def test_11_references_in_a_circle(project: Make) -> None:
    project(dev="parameters:\n  a: '${parameters.b}'\n  b: '${parameters.a}'\n")
    assert "parameters.a -> parameters.b -> parameters.a" in fails("DEX-CONFIG-11").what


@pytest.mark.parametrize("table", ["", "a.b", "a b", "a/b", "a`b", "a\nb", "../x"])
def test_12_a_text_that_is_no_tables_name(project: Make, table: str) -> None:
    project(dev="")
    with pytest.raises(ConfigError) as caught:
        load_environment("dev").table_name("silver", table)
    assert caught.value.code == "DEX-CONFIG-12"


def test_names_that_sql_would_not_take_are_quoted(project: Make) -> None:
    project(dev="catalog: my-catalog\nschemas: {silver: s-1}\n")
    assert load_environment("dev").table_name("silver", "flüge") == "`my-catalog`.`s-1`.`flüge`"
