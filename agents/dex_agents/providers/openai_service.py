"""Any OpenAI-compatible endpoint: one streamed answer at a time, with retries, a time limit and typed errors.

Works with openai 1.x and 3.x. The two sit on different HTTP clients and let different errors out of a broken stream, so
every error of the stream is taken here and none of those clients is imported.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from dex_dbutils.errors import ProviderError

from dex_agents.models import Message, Tokens
from dex_agents.redaction import Redaction

if TYPE_CHECKING:
    from dex_dbutils.config import AgentsConfig

#: Attempts at one answer: 429, 5xx, refused connections and cut streams are tried again.
ATTEMPTS = 4
#: Longest wait before the second attempt, in seconds, where the service does not say; doubled each time.
FIRST_WAIT = 0.5
LONGEST_WAIT = 20.0
#: Most tokens of one answer: a plan has a few hundred.
ANSWER_TOKENS = 2_000
#: Characters of a token, where a service does not count for us; English prose has about four.
CHARACTERS_PER_TOKEN = 3.5
#: Parameters that some services do not know, in the order in which they are left out.
_OPTIONAL = ("stream_options", "temperature", "seed", "max_tokens", "response_format")


@dataclass(frozen=True)
class Reply:
    """A model's answer.

    Args:
        text: all of it.
        tokens: what it cost.
        cut: it ended because it was too long.
        refusal: why the model declines, where it says so in a field of its own.
    """

    text: str
    tokens: Tokens
    cut: bool = False
    refusal: str | None = None


class _Transient(Exception):
    """Worth another attempt.

    Args:
        error: what to raise where no attempt is left.
        wait: seconds that the service asks to wait; None where it says nothing.
    """

    def __init__(self, error: ProviderError, wait: float | None = None) -> None:
        super().__init__(str(error))
        self.error, self.wait = error, wait


class OpenAIService:
    """A client of one endpoint.

    Args:
        config: address, model, name of the key's variable, time limit.
        redaction: keeps secrets out of what is sent and of what is reported.
        attempts: most attempts at one answer.

    Raises:
        ProviderError: DEX-PROVIDER-02, the client is not installed; -03, there is no key; -14, no model is named.
    """

    def __init__(self, config: AgentsConfig, redaction: Redaction, attempts: int = ATTEMPTS) -> None:
        try:
            import openai
        except ImportError as error:
            raise ProviderError(
                "DEX-PROVIDER-02",
                "The provider `openai` needs the package openai.",
                remedy="Install it: pip install 'dexkit[agents]'; or use --provider rules.",
            ) from error
        if not config.model:
            raise ProviderError(
                "DEX-PROVIDER-14",
                "The provider `openai` is told no model.",
                remedy="Set agents.model in config/base.yaml, such as: agents: {provider: openai, model: NAME}.",
            )
        key = os.environ.get(config.api_key_env)
        if not key and not config.base_url:
            raise ProviderError(
                "DEX-PROVIDER-03",
                f"There is no key: the environment variable {config.api_key_env} is not set.",
                remedy=f"Set {config.api_key_env}, or agents.base_url for a service that needs none.",
            )
        self._openai: Any = openai
        self.model = config.model
        self.timeout = config.timeout_seconds
        self._place = config.base_url or "the OpenAI API"
        self._redact, self._attempts = redaction, attempts
        self._left_out: set[str] = set()
        self._client: Any = openai.OpenAI(api_key=key or "none", base_url=config.base_url, max_retries=0)

    def ask(
        self,
        messages: list[Message],
        schema: dict[str, Any] | None,
        *,
        most_tokens: int = ANSWER_TOKENS,
        tell: Callable[[str, str], None] = lambda stage, text: None,
    ) -> Reply:
        """Return the answer to messages.

        Args:
            messages: the conversation; known secrets are blotted out before it is sent.
            schema: JSON Schema that the service shall hold the answer to.
            most_tokens: longest answer.
            tell: told ``text`` with each piece, and ``wait`` before another attempt.

        Raises:
            ProviderError: DEX-PROVIDER-04 to -09 by what failed.
        """
        from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

        deadline = time.monotonic() + self.timeout
        body = self._body(messages, schema, most_tokens)

        def wait(state: RetryCallState) -> float:
            problem = state.outcome.exception() if state.outcome else None
            asked = problem.wait if isinstance(problem, _Transient) else None
            seconds = asked if asked is not None else min(FIRST_WAIT * 2 ** (state.attempt_number - 1), LONGEST_WAIT)
            left = deadline - time.monotonic()
            if seconds > left and isinstance(problem, _Transient):
                raise self._too_long(f"asks to wait {seconds:.0f} s, and {max(left, 0):.0f} s are left") from problem
            tell("wait", f"trying again in {seconds:.1f} s: {problem}")
            return seconds

        retrying = Retrying(
            retry=retry_if_exception_type(_Transient),
            stop=stop_after_attempt(self._attempts),
            wait=wait,
            reraise=True,
        )
        try:
            reply: Reply = retrying(self._once, body, deadline, tell)
            return reply
        except _Transient as problem:
            raise problem.error from problem.__cause__

    def _body(self, messages: list[Message], schema: dict[str, Any] | None, most_tokens: int) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": m.role, "content": self._redact(m.content)} for m in messages],
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": 0,
            "max_tokens": most_tokens,
        }
        if schema is not None:
            form = {"name": "plan", "schema": schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        return body

    def _once(self, body: dict[str, Any], deadline: float, tell: Callable[[str, str], None]) -> Reply:
        """Return one attempt's answer; leave out what the service says it does not know."""
        while True:
            sent = {name: value for name, value in body.items() if name not in self._left_out}
            if "max_tokens" in self._left_out:
                sent["max_completion_tokens"] = body["max_tokens"]
            try:
                with self._errors(deadline):
                    return self._stream(sent, deadline, tell)
            except self._openai.BadRequestError as error:
                message = str(error)
                unknown = next((n for n in _OPTIONAL if n in sent and n in message and n not in self._left_out), None)
                if unknown is None:
                    raise ProviderError(
                        "DEX-PROVIDER-06",
                        f"{self._place} does not take the request: {self._short(error)}.",
                        remedy="Look whether the model fits the service, and whether the frame's digest fits the model's context.",
                    ) from None
                self._left_out.add(unknown)

    def _stream(self, body: dict[str, Any], deadline: float, tell: Callable[[str, str], None]) -> Reply:
        left = deadline - time.monotonic()
        if left <= 0:
            raise self._too_long("has not answered in time")
        pieces: list[str] = []
        refusals: list[str] = []
        finish, usage = None, None
        stream = self._client.with_options(timeout=left).chat.completions.create(**body)
        try:
            for chunk in stream:
                if time.monotonic() > deadline:
                    raise self._too_long("has not finished its answer in time")
                usage = getattr(chunk, "usage", None) or usage
                for choice in chunk.choices[:1]:
                    finish = choice.finish_reason or finish
                    piece = (choice.delta.content if choice.delta else None) or ""
                    refusals.append((getattr(choice.delta, "refusal", None) if choice.delta else None) or "")
                    if piece:
                        pieces.append(piece)
                        tell("text", piece)
        finally:
            stream.close()  # an interrupt ends the answer at the service too
        text = "".join(pieces)
        if finish is None:
            raise _Transient(self._unreachable("cut its answer off"))
        refusal = "".join(refusals).strip() or ("its filter" if finish == "content_filter" else None)
        return Reply(text, self._tokens(usage, body, text), cut=finish == "length", refusal=refusal)

    @contextmanager
    def _errors(self, deadline: float) -> Iterator[None]:
        """Turn the client's errors into dex's, those of its HTTP client included."""
        openai = self._openai
        try:
            yield
        except (ProviderError, _Transient, openai.BadRequestError):
            raise
        except openai.APITimeoutError as error:
            raise self._too_long("has not answered in time") from error
        except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
            raise ProviderError(
                "DEX-PROVIDER-04",
                f"{self._place} does not accept the key: {self._short(error)}.",
                remedy="Set the environment variable named by agents.api_key_env to a key that is valid there.",
            ) from None
        except openai.NotFoundError as error:
            raise ProviderError(
                "DEX-PROVIDER-05",
                f"{self._place} does not know the model '{self.model}' or the address: {self._short(error)}.",
                remedy="Look at agents.model and agents.base_url; the address usually ends in /v1.",
            ) from None
        except openai.RateLimitError as error:
            problem = ProviderError(
                "DEX-PROVIDER-07",
                f"{self._place} has too many requests, or the account is used up: {self._short(error)}.",
                remedy="Try again later, or look at the account's limits.",
            )
            if getattr(error, "code", None) == "insufficient_quota":
                raise problem from None
            raise _Transient(problem, _retry_after(error)) from None
        except openai.APIStatusError as error:
            problem = self._unreachable(f"answers {error.status_code}: {self._short(error)}")
            if error.status_code in (408, 409) or error.status_code >= 500:
                raise _Transient(problem, _retry_after(error)) from None
            raise problem from None
        except Exception as error:
            if time.monotonic() >= deadline or "timeout" in type(error).__name__.lower():
                raise self._too_long("has not answered in time") from error
            raise _Transient(self._unreachable(f"cannot be reached: {self._short(error)}")) from error

    def _too_long(self, what: str) -> ProviderError:
        return ProviderError(
            "DEX-PROVIDER-09",
            f"{self._place} {what} (limit {self.timeout:g} s).",
            remedy="Raise agents.timeout_seconds, use a faster model, or use --provider rules.",
        )

    def _unreachable(self, what: str) -> ProviderError:
        return ProviderError(
            "DEX-PROVIDER-08",
            f"{self._place} {what}.",
            remedy="Look whether the service runs and agents.base_url is its address; or use --provider rules.",
        )

    def _short(self, error: Exception) -> str:
        text = " ".join(self._redact(str(error)).split()).rstrip(".") or type(error).__name__
        return text if len(text) <= 300 else f"{text[:299]}…"

    def _tokens(self, usage: Any, body: dict[str, Any], text: str) -> Tokens:
        if usage is not None and usage.prompt_tokens is not None:
            return Tokens(prompt=usage.prompt_tokens, completion=usage.completion_tokens or 0)
        sent = sum(len(message["content"]) for message in body["messages"])
        return Tokens(prompt=estimate(sent), completion=estimate(len(text)), estimated=True)


def estimate(characters: int) -> int:
    """Return about how many tokens so many characters are."""
    return round(characters / CHARACTERS_PER_TOKEN)


def _retry_after(error: Any) -> float | None:
    """Return the seconds that a service asks to wait; it may give seconds or a date."""
    text = error.response.headers.get("retry-after")
    if text is None:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(timezone.utc)).total_seconds())
    except (TypeError, ValueError):
        return None
