"""The gate: every proposal is parsed, held against the policy, run on a sample and compared with what it declares."""

from dex_agents.gate.checks import Judged, judge, sample_of
from dex_agents.gate.policy import Breach, check_policy
from dex_agents.gate.sample import SAMPLE_ROWS, Sample, take_sample

__all__ = ["SAMPLE_ROWS", "Breach", "Judged", "Sample", "check_policy", "judge", "sample_of", "take_sample"]
