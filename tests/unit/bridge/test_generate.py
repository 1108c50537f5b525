"""The generated messages are what the models say."""

from __future__ import annotations

from pathlib import Path

import pytest
from dex.bridge import Snapshot, generate
from dex.bridge.generate import RECEIVED, SENT
from dex.bridge.kernel import SnapshotMessage


def test_the_checkout_holds_what_the_models_say() -> None:
    assert generate.main(["--check"]) == 0


def test_a_stale_file_fails_the_check_and_is_written_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--folder", str(tmp_path)]) == 0
    assert generate.main(["--folder", str(tmp_path), "--check"]) == 0
    (tmp_path / "messages.ts").write_text("export const PROTOCOL = 0;\n")
    assert generate.main(["--folder", str(tmp_path), "--check"]) == 1
    assert "messages.ts is not what the models say" in capsys.readouterr().err
    assert generate.main(["--folder", str(tmp_path)]) == 0
    assert (tmp_path / "messages.ts").read_text("utf-8") == generate.files()["messages.ts"]


def test_two_generations_are_byte_identical() -> None:
    assert generate.files() == generate.files()


def test_every_message_has_a_schema_and_a_type() -> None:
    document, types = generate.schemas(), generate.files()["messages.ts"]
    for model in (*SENT, *RECEIVED):
        assert model.__name__ in document["$defs"]
        assert f"export interface {model.__name__} {{" in types


def test_a_page_finds_every_field_of_what_is_sent_to_it() -> None:
    document = generate.schemas()
    for model in (*SENT, Snapshot):
        schema = document["$defs"][model.__name__]
        assert set(schema["required"]) == set(schema["properties"]) == set(model.model_fields)


def test_a_type_that_the_generator_does_not_know_is_an_error_and_not_any() -> None:
    with pytest.raises(ValueError, match="no TypeScript for"):
        generate._type({"type": "object"})


def test_a_snapshot_message_fits_its_own_schema() -> None:
    message = SnapshotMessage(snapshot=Snapshot(version="0.1.0")).model_dump(mode="json")
    assert SnapshotMessage.model_validate(message).model_dump(mode="json") == message
