"""What one user asked the API server for, by its audit log."""
import collections
import json

POLICY = """apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
- level: Metadata
  users: ["{user}"]
- level: None
"""
WRITES = ("create", "update", "patch", "delete", "deletecollection")


class Audit:
    def __init__(self, folder, user):
        self.log = folder / "audit.log"
        self.policy = folder / "audit-policy.yaml"
        self.policy.write_text(POLICY.format(user=user))
        self.log.touch()

    def flags(self):
        return [f"--audit-policy-file={self.policy}", f"--audit-log-path={self.log}", "--audit-log-maxsize=8000"]

    def mark(self):
        """Now, for since()."""
        return self.log.stat().st_size

    def since(self, mark, until=None):
        """{"patch apps/deployments": number} of what was answered after the mark; what belongs to Leases is left out, for it
        is what an operator at rest is there for. Watches that ended count as one."""
        found = collections.Counter()
        with open(self.log, "rb") as log:
            log.seek(mark)
            for line in log.read((until - mark) if until else -1).splitlines():
                try:
                    event = json.loads(line)
                except ValueError:
                    continue  # its last part is not written yet
                where = event.get("objectRef", {})
                if where.get("resource") == "leases":
                    continue
                name = "/".join(filter(None, (where.get("apiGroup"), where.get("resource"), where.get("subresource"))))
                found[f"{event['verb']} {name}"] += 1
        return dict(found)


def writes(requests):
    return {name: count for name, count in requests.items() if name.split(" ")[0] in WRITES}
