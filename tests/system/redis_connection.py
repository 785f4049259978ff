"""As much of a Redis client as the tests need."""
import asyncio
import re


class RedisConnection:
    @classmethod
    async def open(cls, cluster):
        text = cluster.config("gateway-0")
        host, port = re.search(r'^redis: *"?([^":\n]+):(\d+)', text, re.M).groups()
        with open(re.search(r'^redis_password_file: *"?([^"\n]+)', text, re.M).group(1)) as secret:
            password = secret.read().strip()
        self = cls()
        self.port = int(port)
        self.reader, self.writer = await asyncio.open_connection(host, port, limit=1 << 20)
        assert await self.command("AUTH", password) == "+OK"
        return self

    async def command(self, *words):
        """The answer's first line, or the text of a bulk string."""
        self.writer.write(f"*{len(words)}\r\n".encode() + b"".join(f"${len(w)}\r\n{w}\r\n".encode() for w in words))
        line = (await self.reader.readline()).decode().rstrip("\r\n")
        if not line.startswith("$") or line == "$-1":
            return line
        return (await self.reader.readexactly(int(line[1:]) + 2)).decode()[:-2]

    def close(self):
        self.writer.close()
