"""``%%agent``: ask a role for a transformation; the proposal is shown, never applied by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dex_dbutils import DexError, FrameError

from dex.magics.arguments import MagicParser
from dex.magics.bridge import bridge, tell_result
from dex.magics.show import show_object

if TYPE_CHECKING:
    from dex_agents import AgentEvent
    from IPython.core.interactiveshell import InteractiveShell

PARSER = MagicParser("%%agent", "Ask a role for a transformation. The cell's text is the request, in prose.")
PARSER.add_argument("role", help="the agent's job, such as silver")
PARSER.add_argument("frames", nargs="*", metavar="@frame", help="frames that the request is about")
PARSER.add_argument("--into", metavar="NAME", help="name of the frame that the proposed code binds")
PARSER.add_argument("--provider", help="who answers: rules, or openai for any OpenAI-compatible endpoint")
PARSER.add_argument("--dry-run", action="store_true", help="show the request that would be sent, send nothing")


def run(shell: InteractiveShell, line: str, cell: str) -> None:
    """Run an agent on the frames named on the line and show its proposal with the verdict."""
    arguments = PARSER.parse_line(line)
    from dex import agents

    frames = _frames(shell.user_ns, arguments.frames)
    result = None
    try:
        result = agents.ask(
            role=arguments.role,
            text=cell.strip(),
            frames=frames,
            into=arguments.into,
            provider=arguments.provider,
            dry_run=arguments.dry_run,
            on_event=_tell_page,
        )
    finally:  # an interrupted run ends for the panel as well
        tell_result(result)
    show_object(result)
    open_bridge = bridge()
    page_inserts = open_bridge is not None and open_bridge.connected
    refused = result.verdict is None or result.verdict.status == "failed"  # shown, but never put into a cell
    if not page_inserts and result.proposal is not None and not refused:
        shell.set_next_input(result.proposal.code)


def _frames(namespace: dict[str, Any], words: list[str]) -> dict[str, Any]:
    frames = {}
    for word in words:
        name = word.removeprefix("@")
        if not word.startswith("@"):
            PARSER.error(f"`{word}` is no frame; write @{word}")
        if name not in namespace:
            raise FrameError(
                "DEX-MAGIC-02",
                f"There is no frame `{name}` in this notebook.",
                remedy=f"Run the cell that makes `{name}`, or name another frame with @.",
            )
        frames[name] = namespace[name]
    if not frames:
        raise DexError(
            "DEX-MAGIC-04",
            "The request names no frame.",
            remedy="Write the frame behind the role: %%agent silver @flights_raw",
        )
    return frames


def _tell_page(event: AgentEvent) -> None:
    open_bridge = bridge()
    if open_bridge is not None:
        open_bridge.agent_event(event)
