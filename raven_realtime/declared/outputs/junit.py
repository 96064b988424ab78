"""For test reports (GitLab, Jenkins, Azure): JUnit's XML, a case for each finding.

Source: GitLab documentation, "Unit test reports"; the Ant task's schema that Jenkins reads.
"""

from __future__ import annotations

import typer

from raven_realtime.declared.outputs.report import TOOL, Report
from raven_realtime.declared.outputs.xml import document, element
from raven_realtime.findings.entry import Finding


def write(report: Report) -> None:
    """Print a report: what makes the run fail is a failure, what does not is a passed case that says what was seen."""
    cases = [_case(finding, report) for finding in report.findings]
    cases += [
        element("testcase", {"classname": TOOL, "name": "a file is read"}, [element("error", {"message": problem})])
        for problem in report.problems
    ]
    cases = cases or [element("testcase", {"classname": TOOL, "name": "nothing found"})]
    counts = {
        "tests": len(cases),
        "failures": sum(map(report.fails, report.findings)),
        "errors": len(report.problems),
    }
    suite = element("testsuite", {"name": TOOL, **counts}, cases)
    typer.echo(document(element("testsuites", counts, [suite])).encode())


def _case(finding: Finding, report: Report) -> str:
    where = finding.location
    about = {
        "classname": where.path if where else TOOL,
        "name": f"{finding.code} {finding.entry.title}" + (f" (line {where.line})" if where and where.line else ""),
        "file": where.path if where else None,
        "line": where.line if where else None,
    }
    said = f"{finding.evidence}\n{finding.todo.strip()}"
    if report.fails(finding):
        inner = element("failure", {"message": finding.evidence, "type": str(finding.level)}, text=said)
    else:
        inner = element("system-out", {}, text=f"{finding.level}: {said}")
    return element("testcase", about, [inner])
