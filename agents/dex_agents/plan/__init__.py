"""Typed plans: small operations, checked against the columns they speak of, compiled to PySpark."""

from dex_agents.plan.columns import INTEGERS, Columns, is_number, is_text, sql_name, sql_text, text_columns
from dex_agents.plan.compiler import Compiled, compile_plan, function_name
from dex_agents.plan.offer import plan_schema
from dex_agents.plan.plan import Plan, read_plan
from dex_agents.plan.steps import CAST_TYPES, AnyStep, Join, Probe, Step

__all__ = [
    "CAST_TYPES",
    "INTEGERS",
    "AnyStep",
    "Columns",
    "Compiled",
    "Join",
    "Plan",
    "Probe",
    "Step",
    "compile_plan",
    "function_name",
    "is_number",
    "is_text",
    "plan_schema",
    "read_plan",
    "sql_name",
    "sql_text",
    "text_columns",
]
