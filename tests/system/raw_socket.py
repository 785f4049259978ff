"""A WebSocket by hand: what a library would refuse to send, or hide when it comes."""
import asyncio
import base64
import json
import os
import ssl
import struct
import urllib.parse

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class RawSocket:
    def __init__(self, status, headers, body, reader, writer):
        self.status, self.headers, self.body, self.reader, self.writer = status, headers, body, reader, writer

    @classmethod
    async def open(cls, url, token=None, **more):
        where = urllib.parse.urlsplit(url)
        secure = ssl.create_default_context() if where.scheme == "wss" else None
        reader, writer = await asyncio.open_connection(where.hostname, where.port, ssl=secure)
        headers = {"Host": where.netloc, "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                   "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode()}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        headers.update({name.replace("_", "-"): value for name, value in more.items()})
        lines = [f"GET {where.path} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers.items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)).decode()
        first, *rest_lines = head.strip().split("\r\n")
        answered = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in rest_lines}
        status = int(first.split()[1])
        body = b""
        if status != 101:
            body = await asyncio.wait_for(reader.readexactly(int(answered.get("content-length", 0))), 10)
        return cls(status, answered, body, reader, writer)

    def frame(self, opcode, payload, final=True):
        size = len(payload)
        length = (bytes([0x80 | size]) if size < 126 else
                  bytes([0x80 | 126]) + struct.pack(">H", size) if size < 65536 else
                  bytes([0x80 | 127]) + struct.pack(">Q", size))
        self.writer.write(bytes([(0x80 if final else 0) | opcode]) + length + bytes(4) + payload)  # a mask of zeros

    async def read(self, seconds=10):
        """(opcode, payload); (None, b"") where the peer has gone."""
        async def one():
            first, second = await self.reader.readexactly(2)
            size = second & 0x7F
            if size == 126:
                size = struct.unpack(">H", await self.reader.readexactly(2))[0]
            elif size == 127:
                size = struct.unpack(">Q", await self.reader.readexactly(8))[0]
            return first & 0x0F, await self.reader.readexactly(size)
        try:
            return await asyncio.wait_for(one(), seconds)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None, b""

    async def read_json(self, type_=None):
        while True:
            opcode, payload = await self.read()
            if opcode == TEXT:
                frame = json.loads(payload)
                if type_ in (None, frame["type"]):
                    return frame
            elif opcode in (CLOSE, None):
                raise ConnectionError(f"closed with {payload!r}")

    async def closed_with(self, seconds=15):
        while True:
            opcode, payload = await self.read(seconds)
            if opcode == CLOSE:
                return struct.unpack(">H", payload[:2])[0]
            if opcode is None:
                return None

    def close(self):
        self.writer.close()
