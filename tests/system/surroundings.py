"""What a test can do to the surroundings of a cluster: a clock that is elsewhere, a slow disk, proxies that delay, a
resolver that is gone, small disks. The first four work through a library that is loaded into the cluster's processes
(surroundings_preload.cpp); each is changed while everything runs."""
import asyncio
import contextlib
import mmap
import os
import pathlib
import socket
import struct
import subprocess
import tempfile
import threading
import unittest

from cluster import BIN

LIBRARY = BIN.parent / "tests" / "libsurroundings_preload.so"
NEEDS_ROOT = unittest.skipUnless(os.geteuid() == 0, "needs root: it mounts small disks and changes what the machine has")
FIELDS = ["clock_ms", "postgres_clock_ms", "flush_ms", "slow_shard", "names_fail", "names_asked"]
REDIRECTS = 8


class Surroundings:
    """The numbers that the library reads. Give `environment` to the Cluster."""

    def __init__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="surroundings-"))
        self.home.chmod(0o755)
        file = self.home / "control"
        file.write_bytes(bytes(8 * (len(FIELDS) + 2 * REDIRECTS)))
        file.chmod(0o666)  # PostgreSQL runs as another user
        with open(file, "r+b") as control:
            self.numbers = mmap.mmap(control.fileno(), 0)
        self.environment = {"LD_PRELOAD": str(LIBRARY), "CHATCLUSTER_SURROUNDINGS": str(file)}
        self.redirected = 0

    def set(self, **values):
        for name, value in values.items():
            struct.pack_into("q", self.numbers, 8 * FIELDS.index(name), value)

    def get(self, name):
        return struct.unpack_from("q", self.numbers, 8 * FIELDS.index(name))[0]

    def redirect(self, port, proxy):
        """Whoever connects to that port from now on gets the proxy."""
        struct.pack_into("q", self.numbers, 8 * (len(FIELDS) + self.redirected), port)
        struct.pack_into("q", self.numbers, 8 * (len(FIELDS) + REDIRECTS + self.redirected), proxy.port)
        self.redirected += 1


class Proxy:
    """Between the cluster's processes and one of their servers: it delays what the server answers, each part by the
    same time and without losing pace, and cuts connections. In a thread of its own, so that a test may block."""

    def __init__(self, port):
        self.target, self.delay, self.links = port, 0.0, set()
        self.loop = asyncio.new_event_loop()
        listening = socket.create_server(("127.0.0.1", 0))
        self.port = listening.getsockname()[1]
        self.thread = threading.Thread(target=self.run, args=(listening,), daemon=True)
        self.thread.start()

    def run(self, listening):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(asyncio.start_server(self.serve, sock=listening, limit=1 << 20))
        self.loop.run_forever()

    async def serve(self, reader, writer):
        try:
            upstream, answers = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        self.links |= {writer, answers}
        await asyncio.gather(self.pipe(reader, answers, lambda: 0), self.pipe(upstream, writer, lambda: self.delay))
        self.links -= {writer, answers}

    async def pipe(self, reader, writer, delay):
        waiting = asyncio.Queue(maxsize=10_000)

        async def send():
            while True:
                due, part = await waiting.get()
                if due > self.loop.time():
                    await asyncio.sleep(due - self.loop.time())
                if not part:
                    break
                writer.write(part)
                await writer.drain()

        sending = asyncio.create_task(send())
        with contextlib.suppress(OSError):
            while part := await reader.read(65536):
                await waiting.put((self.loop.time() + delay(), part))
        await waiting.put((0, b""))
        with contextlib.suppress(OSError):
            await sending
        writer.close()

    def cut(self):
        """Every connection through it breaks."""
        self.loop.call_soon_threadsafe(lambda: [writer.transport.abort() for writer in self.links])

    def close(self):
        self.cut()
        self.loop.call_soon_threadsafe(self.loop.stop)


@contextlib.contextmanager
def small_disk(path, size):
    """A disk of its own at that place, of `size` as mount says it ("300m")."""
    path.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", path], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", path], check=False)


def fill(folder):
    """Takes all the room that is left there; the file, to be removed."""
    file = folder / "what-fills-it"
    with open(file, "wb") as filler:
        with contextlib.suppress(OSError):
            while True:
                filler.write(bytes(1 << 20))
                filler.flush()
        with contextlib.suppress(OSError):
            while True:
                os.write(filler.fileno(), bytes(512))
    return file
