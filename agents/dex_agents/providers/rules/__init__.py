"""The provider without a model: it cleans by what the values say, and says which phrases it did not follow."""

from dex_agents.providers.rules.cleaning import clean

__all__ = ["clean"]
