"""A typed plan: steps that were checked against the frame they speak of."""

from __future__ import annotations

from collections.abc import Mapping

from dex_dbutils.errors import PlanError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dex_agents.plan.columns import Columns
from dex_agents.plan.steps import AnyStep, Step


class Plan(BaseModel):
    """Steps in the order they are done."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: list[AnyStep] = Field(min_length=1, max_length=60)

    def columns_before(self, columns: Columns, others: Mapping[str, Columns]) -> list[tuple[Step, Columns]]:
        """Return every step with the columns it finds.

        Raises:
            PlanError: DEX-AGENT-11 or -12, a step does not fit the columns.
        """
        found: list[tuple[Step, Columns]] = []
        for step in self.steps:
            found.append((step, columns))
            columns = step.apply(columns, others)
        return found

    def result(self, columns: Columns, others: Mapping[str, Columns]) -> Columns:
        """Return the columns after the last step.

        Raises:
            PlanError: DEX-AGENT-11 or -12, a step does not fit the columns.
        """
        for step in self.steps:
            columns = step.apply(columns, others)
        return columns


def read_plan(value: object) -> Plan:
    """Return the plan in a JSON value.

    Raises:
        PlanError: DEX-AGENT-10, it is no plan; the message names the step and the field.
    """
    try:
        return Plan.model_validate(value)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in problem["loc"]) or "the answer"
        raise PlanError(
            "DEX-AGENT-10",
            f"The answer is no plan: {place}: {problem['msg']}.",
            remedy='A plan is {"steps": [{"op": ...}, ...]} with the operations of the role.',
        ) from error
