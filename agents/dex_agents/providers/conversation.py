"""Talk with a model until it has answered something that can be used, within a budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dex_dbutils.errors import DexError, PlanError, ProviderError

from dex_agents.answers import Answer
from dex_agents.context import Context
from dex_agents.gate import Judged
from dex_agents.models import Message, Tokens
from dex_agents.providers.openai_service import ANSWER_TOKENS, OpenAIService, Reply, estimate
from dex_agents.providers.reading import is_refusal, read_answer

#: How often a model may try again after an answer that cannot be used or that the gate refused.
REPAIRS = 2
#: An answer that has less room than this is not asked for.
LEAST_ANSWER = 50


@dataclass
class Candidate:
    """An answer that could be compiled, and what the gate says of it."""

    answer: Answer
    code: str
    function: str
    notes: tuple[str, ...]
    judged: Judged


@dataclass
class Talk:
    """What a conversation has come to so far.

    Args:
        messages: what was sent, the model's own answers included.
        tokens: what it has cost.
        best: the last answer that could be compiled.
    """

    messages: list[Message]
    tokens: Tokens = field(default_factory=Tokens)
    best: Candidate | None = None


def converse(
    talk: Talk,
    service: OpenAIService,
    schema: dict[str, Any],
    context: Context,
    try_out: Callable[[Answer], Candidate],
    *,
    budget: int | None,
    tell: Callable[[str, str], None],
) -> Candidate:
    """Return the model's answer, as good as it gets in a few rounds.

    Args:
        talk: the first messages; kept up to date, so that an interrupted talk is known as well.
        service: who is asked.
        schema: what an answer shall look like.
        context: request and frames.
        try_out: compiles an answer and sends it through the gate.
        budget: most tokens of the whole talk.
        tell: told of every stage.

    Raises:
        ProviderError: DEX-PROVIDER-10 to -13, no answer can be used; or what the service raises.
    """
    failure: DexError | None = None
    for number in range(REPAIRS + 1):
        room = _room(talk, budget)
        if room < LEAST_ANSWER:
            if talk.best is not None:
                return talk.best
            raise _out_of_budget(talk, budget) from failure
        tell("ask" if number == 0 else "repair", f"asking {service.model}" if number == 0 else "asking once more")
        reply = service.ask(talk.messages, schema, most_tokens=min(ANSWER_TOKENS, room), tell=tell)
        talk.tokens = talk.tokens + reply.tokens
        if reply.refusal or is_refusal(reply.text):
            raise _refused(service, reply)
        hints: list[str]
        if reply.cut:
            failure = _cut(service)
            hints = ["The answer was cut off because it is too long. Answer with fewer steps and no explanation."]
        else:
            try:
                answer = read_answer(reply.text, context)
            except PlanError as error:
                failure, hints = error, [error.what, error.remedy or ""]
            else:
                talk.best = try_out(answer)
                if talk.best.judged.verdict.status != "failed":
                    return talk.best
                hints = talk.best.judged.hints
        if len(talk.messages) > 3 and talk.messages[-2].content == reply.text and not reply.cut:
            break  # it says the same again: another question would not help
        talk.messages += [
            Message(role="assistant", content=reply.text),
            Message(role="user", content=_again(hints)),
        ]
    if talk.best is not None:
        return talk.best
    if isinstance(failure, ProviderError):
        raise failure
    raise ProviderError(
        "DEX-PROVIDER-11",
        f"The model '{service.model}' gave no usable answer: {failure.what if failure else ''}",
        remedy="Say it in simpler words, use a larger model, or use --provider rules.",
    ) from failure


def _again(hints: list[str]) -> str:
    problems = "\n".join(f"- {hint}" for hint in hints if hint)
    return f"That cannot be used:\n{problems}\nAnswer again with the whole JSON object, and nothing else."


def _room(talk: Talk, budget: int | None) -> int:
    """Return how many tokens the next answer may have."""
    if budget is None:
        return ANSWER_TOKENS
    return budget - talk.tokens.total - _next_prompt(talk)


def _next_prompt(talk: Talk) -> int:
    return estimate(sum(len(message.content) for message in talk.messages))


def _out_of_budget(talk: Talk, budget: int | None) -> ProviderError:
    return ProviderError(
        "DEX-PROVIDER-13",
        f"The budget of {budget:,} tokens does not suffice: {talk.tokens.total:,} are used, "
        f"and the next question has about {_next_prompt(talk):,}.",
        remedy="Raise agents.budget, name fewer frames, or use --provider rules.",
    )


def _refused(service: OpenAIService, reply: Reply) -> ProviderError:
    said = " ".join((reply.refusal or reply.text).split())[:200]
    return ProviderError(
        "DEX-PROVIDER-12",
        f"The model '{service.model}' declines the request: {said}",
        remedy="Say it in other words, use another model, or use --provider rules.",
    )


def _cut(service: OpenAIService) -> ProviderError:
    return ProviderError(
        "DEX-PROVIDER-10",
        f"The answer of '{service.model}' was cut off: it is too long.",
        remedy="Ask for less at once, raise agents.budget, or use a model with a larger context.",
    )
