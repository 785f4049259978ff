"""One check per invariant. Each takes a History and gives Findings: none is what a working system gives."""
import typing


class Finding(typing.NamedTuple):
    invariant: str
    kind: str      # lost · doubled · reordered · missed · leaked · refused
    sentence: str

    def __str__(self):
        return f"{self.invariant}: {self.sentence}"
