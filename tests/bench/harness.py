"""What benches share: paired runs, medians with ratios, the machine and the versions, one table and one JSON file."""

from __future__ import annotations

import datetime
import json
import os
import platform
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


@dataclass
class Bench:
    """One bench: measurements by name, all taken in the same run.

    Args:
        name: name of the file of results.
        unit: what the numbers are, such as ``s``.
        versions: what was measured, beside Python and the packages that `packages` names.
    """

    name: str
    unit: str = "s"
    versions: dict[str, str] = field(default_factory=dict)
    samples: dict[str, list[float]] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)

    def add(self, what: str, value: float) -> None:
        """Keep one measurement."""
        self.samples.setdefault(what, []).append(value)

    def median(self, what: str) -> float:
        """Return the median of the measurements of one thing."""
        return statistics.median(self.samples[what])

    def ratio(self, what: str, beside: str) -> float:
        """Return the median of one thing in units of another one's."""
        return self.median(what) / self.median(beside)

    def table(self, beside: Sequence[str] = ()) -> str:
        """Return the table that a person reads: median, range, and the ratio to each rival."""
        headers = ["", f"median ({self.unit})", "min", "max", "runs", *(f"x {name}" for name in beside)]
        rows = [
            [
                what,
                f"{self.median(what):.3f}",
                f"{min(values):.3f}",
                f"{max(values):.3f}",
                str(len(values)),
                *(f"{self.ratio(what, name):#.3g}" for name in beside),
            ]
            for what, values in self.samples.items()
        ]
        widths = [max(len(row[i]) for row in [headers, *rows]) for i in range(len(headers))]
        lines = [
            "  ".join(
                cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
            )
            for row in [headers, *rows]
        ]
        return "\n".join(lines)

    def finish(self, *, beside: Sequence[str] = (), targets: Mapping[str, tuple[float, float]] | None = None) -> int:
        """Print everything, write the JSON file, and return 0 if every target is met, else 1.

        Args:
            beside: names of the rivals that ratios are taken to.
            targets: by name, what was measured and the most that it may be.
        """
        machine = describe_machine()
        print(
            f"\n{self.name}: {machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}"
        )
        print(", ".join(f"{name} {version}" for name, version in self.versions.items()))
        print(f"load before the last run: {machine['load']}\n")
        print(self.table(beside))
        missed = []
        if targets:
            print()
        for name, (value, most) in (targets or {}).items():
            met = value <= most
            missed += [] if met else [name]
            print(f"{'met   ' if met else 'MISSED'}  {name}: {value:.3f}, at most {most:g}")
        for name, note in self.notes.items():
            print(f"{name}: {note}")
        RESULTS.mkdir(exist_ok=True)
        document = {
            "bench": self.name,
            "unit": self.unit,
            "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
            "machine": machine,
            "versions": self.versions,
            "samples": self.samples,
            "medians": {what: self.median(what) for what in self.samples},
            "ratios": {what: {name: self.ratio(what, name) for name in beside} for what in self.samples},
            "targets": {
                name: {"value": value, "most": most, "met": value <= most}
                for name, (value, most) in (targets or {}).items()
            },
            "notes": self.notes,
        }
        path = RESULTS / f"{self.name}.json"
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        print(f"\nwritten: {os.path.relpath(path)}")
        return 1 if missed else 0


def packages(names: Iterable[str]) -> dict[str, str]:
    """Return Python's version and those of installed packages."""
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in names}}


def describe_machine() -> dict[str, Any]:
    """Return the machine in words that say nothing about whose it is."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 0
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
        "load": [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None,
    }


def _cpu() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
