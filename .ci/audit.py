"""Audits the pins of lock files: known vulnerabilities, and releases that their authors withdrew.

    python .ci/audit.py requirements-dev.lock requirements-uv.lock

Advisories come from the services that pip-audit knows. Where none can be reached, that is said, and
only withdrawn (yanked) releases are looked for, which the package index itself marks (PEP 592).
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

BIN = Path(sys.executable).parent
SERVICES = ("pypi", "osv")
PATIENCE = "5"  # seconds a service has to answer
YANKED = re.compile(r"`([^`]+)` is yanked(?: \(reason: \"(.*)\"\))?")


def advisories(report: str) -> tuple[int, list[str]]:
    """How many pins a report of pip-audit judged, and what it found: a line for each advisory."""
    pins = json.loads(report)["dependencies"] if report.strip() else []
    judged = [pin for pin in pins if "skip_reason" not in pin]
    found = []
    for pin in judged:
        for one in pin["vulns"]:
            repaired = ", ".join(one["fix_versions"]) or "no version yet"
            found.append(f"{pin['name']} {pin['version']}: {one['id']}, repaired in {repaired}")
    return len(judged), found


def withdrawn(said: str) -> list[str]:
    """The yanked pins that uv warned of."""
    return [f"{pin}: yanked ({reason or 'no reason given'})" for pin, reason in YANKED.findall(said)]


def ask_services(locks: Sequence[str]) -> tuple[int, list[str]]:
    """The judgement of the first service that answers; none judged where no service does."""
    pins = [part for lock in locks for part in ("--requirement", lock)]
    for service in SERVICES:
        report = run(
            *("pip-audit", "--vulnerability-service", service, *pins, "--require-hashes", "--disable-pip"),
            *("--format", "json", "--timeout", PATIENCE, "--progress-spinner", "off"),
        )
        judged, found = advisories(report.stdout)
        if judged:
            return judged, found
    return 0, []


def ask_index(locks: Sequence[str]) -> tuple[bool, list[str]]:
    """Whether the package index answered, and the pins that it marks as yanked."""
    asked = run("uv", "pip", "compile", "--refresh", "--universal", "--no-deps", "-o", os.devnull, *locks)
    return asked.returncode == 0, withdrawn(asked.stderr)


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One of the programs of our own environment; its exit status is for the caller to read."""
    return subprocess.run([BIN / program, *arguments], capture_output=True, text=True, check=False)  # noqa: S603


def main(locks: Sequence[str]) -> None:
    """Exit status 1 for an advisory or a yanked pin, and in CI where nothing at all could be asked."""
    judged, vulnerable = ask_services(locks)
    answered, yanked = ask_index(locks)
    if judged:
        print(f"{judged} pins audited, {len(vulnerable)} advisories")
    elif answered:
        print("no advisory service can be reached; the pins were checked for yanked releases only")
    else:
        print("neither an advisory service nor the package index can be reached; the pins were not audited")
        if os.environ.get("CI"):
            sys.exit(1)
    if problems := [*vulnerable, *yanked]:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main(sys.argv[1:])
