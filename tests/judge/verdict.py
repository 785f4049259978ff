"""All checks over one history, and what to print of what they find."""
from checks.answered import answered
from checks.complete import complete
from checks.durable import durable
from checks.members_only import members_only
from checks.once import once
from checks.order import order

CHECKS = {"I1 durable": durable, "I2 once": once, "I3 order": order, "I4 complete": complete,
          "I6 members only": members_only, "answered": answered}
MOST_SHOWN = 10  # of one invariant


def judge(history):
    return [finding for check in CHECKS.values() for finding in check(history)]


def nothing_found(history):
    findings = judge(history)
    assert not findings, report(findings)


def report(findings):
    lines = []
    for invariant in CHECKS:
        mine = [f for f in findings if f.invariant == invariant]
        lines += [str(f) for f in mine[:MOST_SHOWN]]
        if len(mine) > MOST_SHOWN:
            lines.append(f"{invariant}: and {len(mine) - MOST_SHOWN} more")
    return "\n".join(lines)
