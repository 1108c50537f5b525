"""The names that notebooks and deployed code import; taking one away breaks somebody."""

from __future__ import annotations

import importlib

import pytest

NAMES = {
    "dex_dbutils": """
        __version__ BundleError ConfigError DexError EngineError Environment ExportError FrameError GuardError JobError LedgerError
        NotebookError PipelineError PlanError Profile ProviderError Session UtilitiesError Where WorkspaceError get_session get_spark
        get_table_name load_environment profile
    """,
    "dex": "__version__ load_ipython_extension profile unload_ipython_extension",
    "dex_agents": """
        ROLES AgentEvent AgentRequest Check Ledger Proposal Run RunSummary Verdict run_agent
    """,
}


@pytest.mark.parametrize("module", list(NAMES))
def test_the_public_names_are_these(module: str) -> None:
    assert sorted(importlib.import_module(module).__all__) == sorted(NAMES[module].split())


@pytest.mark.parametrize("module", list(NAMES))
def test_every_public_name_is_there(module: str) -> None:
    package = importlib.import_module(module)
    assert [name for name in package.__all__ if getattr(package, name, None) is None] == []


def test_profile_stays_the_function_whatever_is_imported() -> None:
    import dex_dbutils
    from dex_dbutils.profile import Profile

    assert callable(dex_dbutils.profile)
    assert dex_dbutils.Profile is Profile
