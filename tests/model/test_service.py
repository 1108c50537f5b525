"""One answer of an OpenAI-compatible service: what is tried again, what is an error, and what it says.

Runs with openai 1.x as well as 3.x (`test_both_clients.py`), so it needs no Spark.
"""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from dex_agents.models import Message
from dex_agents.providers import OpenAIService
from dex_agents.redaction import Redaction
from dex_dbutils.config import AgentsConfig
from dex_dbutils.errors import ProviderError
from scripted_service import Reply, ScriptedService, scripted_service

QUESTION = [Message(role="user", content="What now?")]
SCHEMA = {"type": "object", "properties": {}, "additionalProperties": False}
Make = Callable[..., OpenAIService]


@pytest.fixture
def service() -> Iterator[ScriptedService]:
    with scripted_service() as running:
        yield running


@pytest.fixture
def make(service: ScriptedService, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setenv("TRIAL_KEY", "sk-trial-12345678")

    def client(**settings: Any) -> OpenAIService:
        words = {"base_url": service.url, "model": "scripted", "api_key_env": "TRIAL_KEY", "timeout_seconds": 20.0}
        return OpenAIService(AgentsConfig(**{**words, **settings}), Redaction([("TRIAL_KEY", "sk-trial-12345678")]))

    return client


def failure(client: OpenAIService, told: list[str] | None = None) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        client.ask(QUESTION, SCHEMA, tell=lambda stage, text: told.append(stage) if told is not None else None)
    return caught.value


def test_the_pieces_of_a_streamed_answer_join_up(service: ScriptedService, make: Make) -> None:
    service.say("a long answer in several pieces, " * 5)
    pieces: list[str] = []
    reply = make().ask(QUESTION, SCHEMA, tell=lambda stage, text: pieces.append(text))
    assert reply.text == "a long answer in several pieces, " * 5 == "".join(pieces)
    assert len(pieces) > 5
    assert (reply.tokens.prompt, reply.tokens.completion, reply.tokens.estimated) == (100, 10, False)


def test_the_request_is_deterministic_streamed_and_holds_the_schema(service: ScriptedService, make: Make) -> None:
    service.say("{}")
    make().ask(QUESTION, SCHEMA, most_tokens=77)
    (body,) = service.requests
    assert (body["model"], body["temperature"], body["max_tokens"], body["stream"]) == ("scripted", 0, 77, True)
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert body["headers"]["authorization"] == "Bearer sk-trial-12345678"


def test_tokens_are_estimated_where_the_service_does_not_count(service: ScriptedService, make: Make) -> None:
    service.say(Reply("x" * 35, usage=False))
    reply = make().ask(QUESTION, SCHEMA)
    assert reply.tokens.estimated
    assert reply.tokens.completion == 10


def test_a_busy_service_is_asked_again_after_the_time_it_names(service: ScriptedService, make: Make) -> None:
    service.say(Reply("slow down", status=429, headers={"Retry-After": "0"}), Reply("down", status=503), "done")
    told: list[str] = []
    reply = make().ask(QUESTION, SCHEMA, tell=lambda stage, text: told.append(stage))
    assert reply.text == "done"
    assert told.count("wait") == 2
    assert len(service.requests) == 3


def test_retry_after_may_be_a_date(service: ScriptedService, make: Make) -> None:
    past = email.utils.formatdate(time.time() - 60, usegmt=True)
    service.say(Reply("slow down", status=429, headers={"Retry-After": past}), "done")
    assert make().ask(QUESTION, SCHEMA).text == "done"


def test_a_service_that_asks_to_wait_too_long_is_not_waited_for(service: ScriptedService, make: Make) -> None:
    service.say(Reply("slow down", status=429, headers={"Retry-After": "3600"}))
    error = failure(make())
    assert error.code == "DEX-PROVIDER-09"
    assert "3600 s" in error.what
    assert len(service.requests) == 1


def test_a_service_that_stays_busy_is_given_up(service: ScriptedService, make: Make) -> None:
    service.say(*[Reply("slow down", status=429, headers={"Retry-After": "0"})] * 9)
    assert failure(make()).code == "DEX-PROVIDER-07"
    assert len(service.requests) == 4


def test_a_stream_that_is_cut_is_asked_again(service: ScriptedService, make: Make) -> None:
    service.say(Reply("first half and second half, all of it", cut_after=10, piece=5), "whole")
    assert make().ask(QUESTION, SCHEMA).text == "whole"


def test_a_stream_without_an_end_counts_as_cut(service: ScriptedService, make: Make) -> None:
    service.say(*[Reply("half", finish=None, usage=False)] * 4)
    error = failure(make())
    assert error.code == "DEX-PROVIDER-08"
    assert "cut its answer off" in error.what


def test_an_answer_at_its_limit_is_known_as_cut(service: ScriptedService, make: Make) -> None:
    service.say(Reply('{"steps": [', finish="length"))
    assert make().ask(QUESTION, SCHEMA).cut


@pytest.mark.parametrize("reply", [Reply("", refusal="not my table"), Reply("", finish="content_filter")])
def test_a_refusal_in_its_own_field_is_recognised(service: ScriptedService, make: Make, reply: Reply) -> None:
    service.say(reply)
    assert make().ask(QUESTION, SCHEMA).refusal


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "DEX-PROVIDER-04"), (403, "DEX-PROVIDER-04"), (404, "DEX-PROVIDER-05"), (422, "DEX-PROVIDER-08")],
)
def test_what_will_not_change_is_not_tried_again(service: ScriptedService, make: Make, status: int, code: str) -> None:
    service.say(Reply("no", status=status))
    assert failure(make()).code == code
    assert len(service.requests) == 1


def test_parameters_that_a_service_does_not_know_are_left_out(service: ScriptedService, make: Make) -> None:
    service.say(
        Reply("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'.", status=400),
        Reply("temperature does not support 0", status=400),
        "done",
        "again",
    )
    client = make()
    assert client.ask(QUESTION, SCHEMA).text == "done"
    assert client.ask(QUESTION, SCHEMA).text == "again"
    assert "temperature" not in service.requests[2]
    assert service.requests[3]["max_completion_tokens"] == 2000
    assert len(service.requests) == 4


def test_a_request_that_the_service_refuses_says_why(service: ScriptedService, make: Make) -> None:
    service.say(Reply("the context is 4096 tokens", status=400))
    error = failure(make())
    assert error.code == "DEX-PROVIDER-06"
    assert "4096" in error.what


def test_a_service_that_does_not_answer_in_time(service: ScriptedService, make: Make) -> None:
    service.say(Reply("late", delay=30))
    assert failure(make(timeout_seconds=0.3)).code == "DEX-PROVIDER-09"


def test_a_service_that_drips_does_not_outlast_the_time_limit(service: ScriptedService, make: Make) -> None:
    service.say(Reply("x" * 1000, piece=1, delay=0.05))
    assert failure(make(timeout_seconds=0.5)).code == "DEX-PROVIDER-09"
    assert service.gone.wait(10)


def test_nothing_listens_at_the_address(make: Make) -> None:
    error = failure(make(base_url="http://127.0.0.1:9/v1"))
    assert error.code == "DEX-PROVIDER-08"
    assert "127.0.0.1:9" in error.what


def test_the_key_is_in_no_error_even_if_the_service_says_it(service: ScriptedService, make: Make) -> None:
    service.say(Reply("your key sk-trial-12345678 is wrong", status=401))
    error = failure(make())
    assert "12345678" not in str(error)
    assert "[TRIAL_KEY]" in str(error)


def test_a_secret_in_a_message_is_not_sent(service: ScriptedService, make: Make) -> None:
    service.say("ok")
    make().ask([Message(role="user", content="use sk-trial-12345678")], SCHEMA)
    assert service.requests[0]["messages"][0]["content"] == "use [TRIAL_KEY]"


def test_no_key_and_no_address_is_an_error_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRIAL_KEY", raising=False)
    with pytest.raises(ProviderError) as caught:
        OpenAIService(AgentsConfig(model="m", api_key_env="TRIAL_KEY"), Redaction([]))
    assert caught.value.code == "DEX-PROVIDER-03"


def test_no_model_is_an_error_before_anything_is_sent(service: ScriptedService) -> None:
    with pytest.raises(ProviderError) as caught:
        OpenAIService(AgentsConfig(base_url=service.url), Redaction([]))
    assert caught.value.code == "DEX-PROVIDER-14"
