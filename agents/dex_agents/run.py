"""One agent run, from the request to the line in the ledger."""

from __future__ import annotations

import difflib
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dex_dbutils.errors import DexError, LedgerError, ProviderError

from dex_agents.answers import Answer
from dex_agents.context import Context, make_context
from dex_agents.gate import Judged, Sample, judge, sample_of
from dex_agents.ledger import Ledger, new_id
from dex_agents.models import AgentEvent, AgentRequest, Message, Outcome, Proposal, Run, Stage, Tokens
from dex_agents.plan import compile_plan, plan_schema
from dex_agents.providers import PROVIDERS, Candidate, OpenAIService, Talk, clean, converse
from dex_agents.redaction import Redaction, redaction_for
from dex_agents.roles import role_named

if TYPE_CHECKING:
    from dex_dbutils import Session
    from pyspark.sql import DataFrame

#: Longest digest of a frame in a prompt, in characters.
DIGEST_CHARACTERS = 4_000


def run_agent(
    request: AgentRequest,
    session: Session,
    frames: Mapping[str, DataFrame],
    *,
    on_event: Callable[[AgentEvent], None] | None = None,
) -> Run:
    """Return an agent's run: its proposal, never applied, and the verdict on it. The ledger keeps it.

    Args:
        request: what a person asks.
        session: the bound session; its environment says who answers.
        frames: the request's frames, by name.
        on_event: told of every stage, and of every piece of text that a model streams.

    Raises:
        PlanError: DEX-AGENT-01 to -20, the request or the frames cannot be used.
        ProviderError: DEX-PROVIDER-01 to -14, nobody answered anything usable.
        LedgerError: DEX-LEDGER-01 or -02, the ledger cannot be written; nothing was asked then.
        KeyboardInterrupt: the run was interrupted; what it had begun on the engine and at the model has ended.
    """
    role_named(request.role)
    provider = request.provider or session.environment.agents.provider
    if provider not in PROVIDERS:
        near = difflib.get_close_matches(provider, PROVIDERS, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise ProviderError(
            "DEX-PROVIDER-01",
            f"There is no provider '{provider}'.{hint}",
            remedy=f"Use one of: {', '.join(PROVIDERS)}; with --provider, or agents.provider in config/base.yaml.",
        )
    return _Work(request, session, frames, provider, on_event or (lambda event: None)).run()


class _Work:
    """The state of one run while it goes on."""

    def __init__(
        self,
        request: AgentRequest,
        session: Session,
        frames: Mapping[str, DataFrame],
        provider: str,
        on_event: Callable[[AgentEvent], None],
    ) -> None:
        self.id, self.request, self.session, self.frames = new_id(), request, session, frames
        self.provider, self._on_event = provider, on_event
        environment = session.environment
        self.redact: Redaction = redaction_for(environment.project, environment)
        self.ledger = Ledger(environment.project, environment)
        self.started, self._clock = datetime.now(timezone.utc), time.perf_counter()
        self.model: str | None = None
        self.talk = Talk([])
        self._context: Context | None = None

    def run(self) -> Run:
        """Do the work and write its end, however it ends."""
        from dex_dbutils.session import interruptible

        names = {"role": self.request.role, "environment": self.session.environment.name}
        self.ledger.begin(self.id, kind="agent", summary=self.request.text, **names)
        try:
            with interruptible(self.session.spark):
                candidate = self._candidate()
        except KeyboardInterrupt:
            self._end(self._made("interrupted", problem="interrupted"))
            raise
        except Exception as error:
            problem = str(error) if isinstance(error, DexError) else f"{type(error).__name__}: {error}"
            self._end(self._made("error", problem=self.redact(problem)))
            raise
        self.tell("done", "done")
        if candidate is None:
            return self._end(self._made("dry run"))
        return self._end(self._made("proposed", candidate))

    def tell(self, stage: str, text: str) -> None:
        """Tell whoever listens."""
        known: Stage = stage  # type: ignore[assignment]  # validated by the model
        self._on_event(AgentEvent(run_id=self.id, stage=known, text=self.redact(text)))

    @cached_property
    def _sample(self) -> Sample:
        assert self._context is not None
        return sample_of(self._context)

    def _candidate(self) -> Candidate | None:
        self.tell("context", f"looking at {self.request.frames[0]}")
        context = self._context = make_context(self.request, self.frames)
        if self.provider == "rules":
            return None if self.request.dry_run else self._try(clean(context))
        config = self.session.environment.agents
        service = None if self.request.dry_run else OpenAIService(config, self.redact)
        self.model = config.model
        self.talk.messages = self._prompt(context)
        if service is None:
            return None
        likely = {name: values.type for name, values in context.evidence.texts.items()}
        clocks = context.evidence.clock_columns()
        schema = plan_schema(context.columns, likely, clocks, context.others)
        return converse(self.talk, service, schema, context, self._try, budget=config.budget, tell=self.tell)

    def _prompt(self, context: Context) -> list[Message]:
        from dex_dbutils.profile import profile

        role = role_named(self.request.role)
        digest = profile(context.frames[context.frame], name=context.frame).digest(DIGEST_CHARACTERS)
        return [m.model_copy(update={"content": self.redact(m.content)}) for m in role.prompt(context, digest)]

    def _try(self, answer: Answer) -> Candidate:
        """Compile an answer and send it through the gate."""
        context = self._context
        assert context is not None
        self.tell("compile", "writing the code")
        if answer.plan is not None:
            compiled = compile_plan(answer.plan, context.frame, context.columns, context.others, context.into)
            code, function, notes = compiled.code, compiled.function, compiled.notes
        else:
            code, function, notes = answer.code or "", _function_in(answer.code or ""), ()
        self.tell("gate", "trying it on a sample")
        judged: Judged = judge(code, answer, context, lambda: self._sample, self.redact.named_in)
        return Candidate(answer, code, function, notes, judged)

    def _made(self, outcome: Outcome, candidate: Candidate | None = None, problem: str | None = None) -> Run:
        proposal = None
        if candidate is not None and self._context is not None:
            plan = candidate.answer.plan
            proposal = Proposal(
                code=candidate.code,
                function=candidate.function,
                into=self._context.into,
                plan=plan.model_dump(mode="json", exclude_none=True) if plan else None,
                assertions=candidate.judged.assertions,
                notes=list(candidate.notes),
                not_followed=list(candidate.answer.not_followed),
            )
        prompt = self.talk.messages
        sent = json.dumps([message.model_dump() for message in prompt], sort_keys=True, ensure_ascii=False)
        run = Run(
            id=self.id,
            role=self.request.role,
            environment=self.session.environment.name,
            request=self.request,
            provider=self.provider,
            model=self.model,
            proposal=proposal,
            verdict=candidate.judged.verdict if candidate else None,
            outcome=outcome,
            problem=problem,
            prompt=prompt,
            prompt_sha256=hashlib.sha256(sent.encode()).hexdigest() if prompt else None,
            started=self.started,
            seconds=round(time.perf_counter() - self._clock, 3),
            tokens=self.talk.tokens if prompt else Tokens(),
        )
        return self.redact.model(run)

    def _end(self, run: Run) -> Run:
        """Write the run's end; a ledger that cannot be written by now must not lose what was proposed."""
        try:
            self.ledger.append(run)
        except LedgerError as error:
            return run.model_copy(update={"problem": "; ".join(filter(None, [run.problem, str(error)]))})
        return run


def _function_in(code: str) -> str:
    marker: Any = next((line for line in code.splitlines() if line.startswith("# dex: transform ")), "")
    return str(marker).removeprefix("# dex: transform ").strip()
