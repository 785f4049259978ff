"""What each call and frame answers to whom: printed, and what the test of strangers compares."""

# operationId -> the status of who is signed in and no member of what the call is about. Every call of the served
# OpenAPI document is here: one that is not fails the test until someone has thought about it.
STRANGER = {
    "register": 201, "login": 401, "refresh": 401, "logout": 204, "jwks": 200, "connect": 200, "openapi": 200, "web": 200,
    "alive": 200, "ready": 200, "started": 200, "me": 200, "changeMe": 200, "user": 200, "searchUsers": 200,
    "createConversation": 201, "createGroup": 201, "conversations": 200, "conversation": 404, "renameConversation": 404,
    "deleteConversation": 404, "members": 404, "addMembers": 404, "removeMember": 404, "changeRole": 404, "messages": 404,
    "sendMessage": 404,
}
# Those that want no access token at all, by the contract.
OPEN = {"register", "login", "refresh", "logout", "jwks", "openapi", "web", "alive", "ready", "started"}


class Table:
    def __init__(self, columns):
        self.columns, self.rows = columns, []

    def add(self, name, answers):
        self.rows.append((name, [answers.get(column, "") for column in self.columns]))

    def __str__(self):
        wide = max(len(name) for name, _ in self.rows) + 2
        widths = [max(len(column), *(len(str(cells[n])) for _, cells in self.rows)) + 2
                  for n, column in enumerate(self.columns)]
        lines = ["".ljust(wide) + "".join(column.ljust(width) for column, width in zip(self.columns, widths))]
        for name, cells in self.rows:
            lines.append(name.ljust(wide) + "".join(str(cell).ljust(width) for cell, width in zip(cells, widths)))
        return "\n".join(line.rstrip() for line in lines)
