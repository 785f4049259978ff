"""Reads tests/kubernetes/corpus: YAML documents, each below a comment that says what becomes of it.

    # refused: a name for people         accepted, refused, refused by local mode only; after "then" it is applied over
    #   says: a piece of its message     the document before it
    #   server: one of the API server's message only
"""
import dataclasses
import pathlib
import re

FOLDER = pathlib.Path(__file__).resolve().parent / "corpus"
VERDICT = re.compile(r"^# (then )?(accepted|refused|refused by local mode only): (.*)$", re.M)


@dataclasses.dataclass
class Case:
    file: str
    name: str
    yaml: str
    before: "str | None"  # the document that is there already
    accepted: bool        # by the API server
    says: list


def cases():
    found = []
    for path in sorted(FOLDER.glob("*.yaml")):
        previous = None
        for document in re.split(r"^---\n", path.read_text(), flags=re.M):
            verdict = VERDICT.search(document)
            if verdict:
                says = re.findall(r"^#   (?:says|server): (.*)$", document, re.M)
                found.append(Case(path.name, verdict[3], document, previous if verdict[1] else None,
                                  verdict[2] != "refused", says))
            previous = document
    return found
