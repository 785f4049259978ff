"""What tests of the WebSocket contract share: people, sockets, a question and its answer."""
import asyncio
import base64
import os
import unittest

from chat import Person


class Contract(unittest.IsolatedAsyncioTestCase):
    async def people(self, count):
        return await asyncio.gather(*(Person.make(self.cluster.api) for _ in range(count)))

    async def socket(self, person, url=None):
        socket = await person.socket(url)
        self.addAsyncCleanup(socket.close)
        return socket

    async def pair(self):
        ann, bob = await self.people(2)
        a, b = await self.socket(ann), await self.socket(bob)
        return ann, a, bob, b, await ann.talk_to(bob)

    async def answer(self, socket, id_, type_, **fields):
        await socket.send(type_, id=id_, **fields)
        return await socket.find(lambda f: f.get("id") == id_)

    async def alive(self, socket):
        id_ = base64.b32encode(os.urandom(5)).decode()
        self.assertEqual((await self.answer(socket, id_, "ping"))["type"], "pong")
