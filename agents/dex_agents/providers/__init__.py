"""Who answers a request: rules without a model, or any OpenAI-compatible endpoint."""

from dex_agents.providers.conversation import Candidate, Talk, converse
from dex_agents.providers.openai_service import OpenAIService
from dex_agents.providers.rules import clean

#: Names of providers, with what each is, in one line.
PROVIDERS: dict[str, str] = {
    "rules": "no model: cleans by what the values say",
    "openai": "any OpenAI-compatible endpoint",
}

__all__ = ["PROVIDERS", "Candidate", "OpenAIService", "Talk", "clean", "converse"]
