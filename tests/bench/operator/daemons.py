"""Stands in for what runs in the Pods: the daemons' admin side, and the way to the Postgres of a shard.

    daemons.py FOLDER      FOLDER/shard-N/ has the socket of the Postgres that answers for every shard-N

Every address of 127.0.0.0/8 is a Pod (pods.py gives them), so this belongs into a network namespace of its own. A daemon
has the map that was pushed to it, is ready once it has one, and has no connections; told to drain, it is drained.
127.0.0.1 is nobody's: GET /asked there tells how many daemons were asked for their status since POST /asked.
"""
import asyncio
import json
import pathlib
import sys

import pods

ADMIN_PORT, POSTGRES_PORT = 9090, 5432


class Plane:
    def __init__(self):
        self.maps, self.draining, self.asked = {}, set(), set()

    def answer(self, address, method, path, body):
        """(status, body) of one request to the daemon at that address."""
        if path == "/asked":
            count = len(self.asked)
            if method == "POST":
                self.asked.clear()
            return 200, {"asked": count}
        if path == "/status":
            self.asked.add(address)
            draining = address in self.draining
            return 200, {"state": "Draining" if draining else "Serving", "map_version": self.maps.get(address, 0),
                         "connections": 0, "draining": draining, "findings": []}
        if path == "/readyz":
            return (200, {}) if address in self.maps else (503, "no map yet")
        if path == "/map":
            self.maps[address] = json.loads(body)["version"]
            return 204, None
        if path == "/drain":
            self.draining.add(address)
            return 202, {}
        return 404, {}


class Admin(asyncio.Protocol):
    """One request a connection, as the operator asks."""

    def __init__(self, plane):
        self.plane, self.received = plane, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.received += data
        head, end, body = self.received.partition(b"\r\n\r\n")
        if not end:
            return
        lines = head.decode("latin-1").split("\r\n")
        length = next((int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:")), 0)
        if len(body) < length:
            return
        method, path, _ = lines[0].split(" ")
        address = self.transport.get_extra_info("sockname")[0]
        status, answer = self.plane.answer(address, method, path.split("?")[0], body)
        text = b"" if answer is None else json.dumps(answer).encode()
        length = f"Content-Length: {len(text)}\r\n" if answer is not None else ""
        self.transport.write(f"HTTP/1.1 {status} .\r\n{length}Connection: close\r\n\r\n".encode() + text)
        self.transport.close()


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass  # one side ended: so does the other
    finally:
        writer.close()


async def relay(folder, reader, writer):
    shard = pods.shard_of(writer.get_extra_info("sockname")[0])
    try:
        there_reader, there_writer = await asyncio.open_unix_connection(folder / shard / f".s.PGSQL.{POSTGRES_PORT}")
    except OSError:
        writer.close()
        return
    await asyncio.gather(copy(reader, there_writer), copy(there_reader, writer))


async def main(folder):
    loop, plane = asyncio.get_running_loop(), Plane()
    await loop.create_server(lambda: Admin(plane), "0.0.0.0", ADMIN_PORT, backlog=4096)
    await asyncio.start_server(lambda *streams: relay(folder, *streams), "0.0.0.0", POSTGRES_PORT, backlog=1024)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(pathlib.Path(sys.argv[1])))
