"""What an agent run is made of: request, proposal, checks, verdict, run, event."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

CheckStatus = Literal["passed", "failed", "not run"]
VerdictStatus = Literal["passed", "failed", "incomplete"]
Outcome = Literal["proposed", "dry run", "interrupted", "error"]
Stage = Literal["context", "ask", "text", "wait", "repair", "compile", "gate", "done"]
RunKind = Literal["agent", "export", "profile", "run", "job"]


class Model(BaseModel):
    """Base of every message here: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AgentRequest(Model):
    """What a person asks of a role.

    Attributes:
        role: the agent's job, such as ``silver``.
        text: the request, in prose.
        frames: names of the frames it is about, the one to transform first.
        into: name that the proposed code binds; made from the first frame's name if not given.
        provider: who answers, instead of the environment's.
        dry_run: make the request, send nothing.
    """

    role: str
    text: str
    frames: list[str] = Field(min_length=1)
    into: str | None = None
    provider: str | None = None
    dry_run: bool = False


class Message(Model):
    """One message of a prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


class Tokens(Model):
    """Tokens a run used.

    Attributes:
        prompt: tokens sent.
        completion: tokens received.
        estimated: True where the service did not say and the length of the text was taken instead.
    """

    prompt: int = 0
    completion: int = 0
    estimated: bool = False

    @property
    def total(self) -> int:
        """Tokens sent and received."""
        return self.prompt + self.completion

    def __add__(self, other: Tokens) -> Tokens:
        """Return the sum of two uses."""
        return Tokens(
            prompt=self.prompt + other.prompt,
            completion=self.completion + other.completion,
            estimated=self.estimated or other.estimated,
        )


class Proposal(Model):
    """What a role returns; never applied by itself.

    Attributes:
        code: PySpark of a notebook cell: one function in a marked region, and a line that binds its result.
        function: name of that function.
        into: name that the last line binds.
        plan: the typed plan the code was compiled from; None where a model wrote the code.
        assertions: statements that hold for the result, as code of a second cell.
        notes: what was done and why, one line a step.
        not_followed: phrases of the request that the provider did not follow.
    """

    code: str
    function: str
    into: str
    plan: dict[str, Any] | None = None
    assertions: str = ""
    notes: list[str] = []
    not_followed: list[str] = []


class Check(Model):
    """One check of the gate, with its evidence.

    Attributes:
        name: short name of the check.
        status: ``not run`` is never counted as passed.
        required: the verdict needs it.
        detail: what was seen.
    """

    name: str
    status: CheckStatus
    required: bool = True
    detail: str = ""


class StepRows(Model):
    """Rows of the sample before and after one step."""

    step: str
    rows_in: int
    rows_out: int


class ColumnChange(Model):
    """A column that is new, gone or of another type; None stands for absent."""

    name: str
    before: str | None
    after: str | None


class Verdict(Model):
    """Every check of a proposal.

    Attributes:
        status: ``passed`` only if every required check passed; ``incomplete`` if none failed and one was not run.
        checks: in the order they were made.
        sample: what the proposal was run on, in words.
        rows: rows in and out, per step that can change their number.
        columns: what the result has that the input had not, and the other way round.
    """

    status: VerdictStatus
    checks: list[Check]
    sample: str = ""
    rows: list[StepRows] = []
    columns: list[ColumnChange] = []

    @classmethod
    def of(
        cls,
        checks: Iterable[Check],
        sample: str = "",
        rows: Iterable[StepRows] = (),
        columns: Iterable[ColumnChange] = (),
    ) -> Verdict:
        """Return the verdict that follows from the checks."""
        made = list(checks)
        required = [check.status for check in made if check.required]
        status: VerdictStatus = "passed" if required and all(s == "passed" for s in required) else "incomplete"
        if "failed" in required:
            status = "failed"
        return cls(status=status, checks=made, sample=sample, rows=list(rows), columns=list(columns))


class AgentEvent(Model):
    """Told while an agent works.

    Attributes:
        run_id: the run it belongs to.
        stage: what is going on; ``text`` carries a piece of what a model streams.
        text: that piece, or a sentence for people.
    """

    run_id: str
    stage: Stage
    text: str = ""


class Run(Model):
    """One agent run: who asked what, what was proposed, what was verified, and what it cost.

    ``id``, ``started``, ``seconds`` and ``tokens`` differ from run to run; everything else is the same for the
    same request on the same data with the same provider.
    """

    id: str
    kind: RunKind = "agent"
    role: str
    environment: str
    request: AgentRequest
    provider: str
    model: str | None = None
    proposal: Proposal | None = None
    verdict: Verdict | None = None
    outcome: Outcome
    problem: str | None = None
    prompt: list[Message] = []
    prompt_sha256: str | None = None
    started: datetime
    seconds: float
    tokens: Tokens = Tokens()

    @property
    def status(self) -> str:
        """The verdict where there is one, else the outcome."""
        return self.verdict.status if self.verdict else self.outcome

    def to_text(self) -> str:
        """Return the run as text for a terminal or a log; the same for the same answer."""
        from dex_agents.display import run_text

        return run_text(self)

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what a notebook shows: data that does not change from run to run, and metadata that does."""
        from dex_agents.display import run_bundle

        return run_bundle(self)
