"""What a person does in JupyterLab, as few words as can be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Dialog, Locator, Page, WebSocket

KERNEL = "window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel"
NOTEBOOK = "window.jupyterapp.shell.currentWidget?.content"


@dataclass
class Lab:
    """A running JupyterLab."""

    url: str
    token: str
    project: Path
    log: Path
    #: Stands in the server's environment; a page that ever receives it fails its test.
    secret: str


class LabPage:
    """One notebook in one browser page.

    Args:
        browser: the running browser.
        url: address of the server.
        token: its token.
        path: notebook below the server's root.
    """

    def __init__(self, browser: Browser, url: str, token: str, path: str) -> None:
        self.errors: list[str] = []
        self.received: list[str] = []
        self.address = f"{url}/lab/tree/{path}?reset&token={token}"
        self.page: Page = browser.new_page(viewport={"width": 1400, "height": 1000})
        self.page.set_default_timeout(30_000)
        self.page.on("pageerror", lambda error: self.errors.append(f"{error}\n{error.stack}"))
        self.page.on("dialog", lambda dialog: _accept(dialog))
        self.page.on("websocket", self._listen)
        self.open()

    def open(self) -> None:
        """Load the page, and wait for the notebook and the panel."""
        self.page.goto(self.address)
        self.page.wait_for_function("() => window.jupyterapp?.restored.then(() => true)")
        self.page.wait_for_function(f"() => {KERNEL} && {NOTEBOOK}?.model?.cells.length > 0")
        self.command("dex:open")

    @property
    def panel(self) -> Locator:
        """The dex sidebar."""
        return self.page.locator("#dex-panel")

    @property
    def badge(self) -> Locator:
        """The environment in the notebook's toolbar."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .dex-Badge")

    def section(self, name: str) -> Locator:
        """A section of the sidebar."""
        return self.panel.locator(f"[data-section={name}]")

    def button(self, name: str) -> Locator:
        """A button of the sidebar."""
        return self.panel.get_by_role("button", name=name, exact=True)

    def theme(self, name: str) -> None:
        """Change the theme and wait until JupyterLab's curtain is gone: a second change before that breaks its own script."""
        self.command("apputils:change-theme", {"theme": name})
        self.page.wait_for_function(
            "name => document.body.dataset.jpThemeName === name && !document.getElementById('jupyterlab-splash')",
            arg=name,
        )

    def command(self, name: str, args: dict[str, Any] | None = None) -> Any:
        """Run a command of JupyterLab to its end."""
        return self.page.evaluate(
            "([name, args]) => window.jupyterapp.commands.execute(name, args).then(() => null)", [name, args or {}]
        )

    def wait_idle(self, seconds: float = 120) -> None:
        """Wait until the kernel has ended what it runs."""
        self.page.wait_for_function(f"() => {KERNEL}?.status === 'idle'", timeout=seconds * 1000)

    def select(self, cell_id: str) -> None:
        """Turn to a cell."""
        self.page.evaluate(
            f"""id => {{ const notebook = {NOTEBOOK};
                notebook.deselectAll();
                notebook.activeCellIndex = notebook.widgets.findIndex(cell => cell.model.id === id); }}""",
            cell_id,
        )

    def run(self, *cell_ids: str) -> None:
        """Run cells one after the other, to their ends."""
        for cell_id in cell_ids:
            self.select(cell_id)
            self.command("notebook:run-cell")
            self.wait_idle()

    def run_code(self, code: str, *, wait: bool = True) -> None:
        """Run a cell of its own at the end of the notebook, to its end or until the kernel has begun."""
        self.page.evaluate(
            f"""code => {{ const notebook = {NOTEBOOK};
                notebook.model.sharedModel.insertCell(notebook.model.cells.length,
                    {{ cell_type: 'code', source: code, metadata: {{}} }});
                notebook.deselectAll();
                notebook.activeCellIndex = notebook.widgets.length - 1; }}""",
            code,
        )
        if wait:
            self.command("notebook:run-cell")
            self.wait_idle()
        else:
            # A listener sees the kernel busy however short that is; a look now and then would not.
            self.page.evaluate(
                f"""() => new Promise(began => {{
                    {KERNEL}.statusChanged.connect((_, status) => {{ if (status === 'busy') began(null); }});
                    void window.jupyterapp.commands.execute('notebook:run-cell'); }})"""
            )

    def cells(self) -> list[dict[str, Any]]:
        """Return id, source, count and errors of every cell."""
        found: list[dict[str, Any]] = self.page.evaluate(
            f"""() => {NOTEBOOK}.widgets.map(cell => {{ const value = cell.model.toJSON(); return {{
                id: cell.model.id, source: cell.model.sharedModel.getSource(), count: value.execution_count ?? null,
                errors: (value.outputs ?? []).filter(output => output.output_type === 'error')
                    .map(output => output.evalue) }}; }})"""
        )
        return found

    def interrupt(self) -> None:
        """Interrupt the kernel and wait for it."""
        self.page.evaluate(f"() => {KERNEL}.interrupt()")
        self.wait_idle(30)

    def shut_down(self) -> None:
        """End the kernel and close the page."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget?.sessionContext?.shutdown()")
        self.page.close()

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: self.received.append(_text(frame)))


def _accept(dialog: Dialog) -> None:
    dialog.accept()


def _text(frame: str | bytes) -> str:
    return frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
