"""What a soak found, added up over its rounds."""
import collections

COLUMNS = ("lost", "doubled", "reordered", "missed", "leaked", "refused", "unanswered")


class Report:
    def __init__(self, seed):
        self.seed, self.rounds = seed, 0
        self.sends = self.acknowledged = self.shown = 0
        self.findings = collections.Counter()
        self.sentences, self.broken = [], []
        self.faults = collections.Counter()
        self.longest = collections.defaultdict(float)

    def add(self, history, waits, findings):
        self.rounds += 1
        self.sends += len(history.tries)
        self.acknowledged += len({a.key for a in history.acks()})
        self.shown += sum(e.kind == "message" for c in history.connections for e in c.events)
        self.findings.update(f.kind for f in findings)
        self.sentences += [str(f) for f in findings]
        for kind, wait in waits:
            self.faults[kind] += 1
            self.longest[kind] = max(self.longest[kind], wait)

    def good(self):
        return not self.findings and not self.broken and self.rounds > 0

    def as_json(self):
        return {"seed": self.seed, "rounds": self.rounds, "fault_runs": sum(self.faults.values()), "sends": self.sends,
                "acknowledged": self.acknowledged, "shown": self.shown, **{c: self.findings[c] for c in COLUMNS},
                "findings": self.sentences, "not_finished": self.broken,
                "faults": {k: {"runs": n, "longest_silence_seconds": round(self.longest[k], 2)}
                           for k, n in sorted(self.faults.items())}}

    def as_text(self):
        lines = [f"seed {self.seed}: {self.rounds} rounds, {sum(self.faults.values())} fault runs, {self.sends} sends of "
                 f"{self.acknowledged} acknowledged messages, {self.shown} shown",
                 "  ".join(f"{c} {self.findings[c]}" for c in COLUMNS), "",
                 f"{'fault':24} {'runs':>5}  longest silence (from a send, or the fault, to the ack)"]
        lines += [f"{kind:24} {count:5}  {self.longest[kind]:8.2f} s" for kind, count in sorted(self.faults.items())]
        return "\n".join(lines + self.broken + ["GOOD" if self.good() else "NOT GOOD"])
