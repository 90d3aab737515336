"""Whether a report says of a planted fault what it must say."""

from clinometer.check import Verdict
from tests.corpus.case import claimed

__all__ = ["named_cause", "named_entries"]


def named_cause(case, report):
    """Whether the cause named first is a fair one."""
    return bool(report.causes) and report.causes[0] in case.causes


def named_entries(case, report):
    """Whether the findings name exactly the wrong entries.

    A leaf all of whose entries are wrong may be named as a whole.
    """
    wrong = case.where()
    right = claimed(case.twin())
    found = [f for f in report.findings if f.verdict is Verdict.DIFFERS]
    named = {path: {f.index for f in found if f.path == path} for path in wrong}
    if {f.path for f in found} - set(wrong) - {"x"}:
        return False
    for path, entries in wrong.items():
        whole = not entries or len(entries) == right[path].size
        if whole and named[path]:
            continue
        if named[path] - {None} != set(entries):
            return False
    return True
