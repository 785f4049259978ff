#!/usr/bin/env python3
"""spec.tls from a Secret: people chat over TLS 1.3, verified; the Secret is renewed and new connections get the new certificate,
while nobody is disconnected and nothing restarts."""
import asyncio
import pathlib
import shutil
import socket
import ssl
import tempfile
import unittest

from judged import Scenario, eventually, in_thread
import chat
from certificates import Authority
from chat import Person, check_history, history


class Secure(Scenario):
    @classmethod
    def begin(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="chatcluster-e2e-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.authority = Authority(cls.folder)
        cls.cluster.secure = True
        cls.cluster.expose()
        cls.renew("first")
        chat.authority = str(cls.authority.certificate)
        cls.cluster.apply_demo(tls={"secretName": "people-tls"})
        cls.cluster.wait_settled()
        for component in ("gateway", "api"):  # where there was a Secret of that name before, its Pods have that for a minute
            eventually(f"{component} shows the first", lambda of=component: cls.shown(of)[1] == "first", 180)

    @classmethod
    def renew(cls, name):
        """A certificate of that name, in the Secret."""
        certificate, key = cls.authority.issue(name, f"/CN={name}", "serverAuth", [f"IP:{cls.cluster.node_address()}"])
        made = cls.cluster.kubectl("create", "secret", "tls", "people-tls", f"--cert={certificate}", f"--key={key}", "--dry-run=client",
                                   "-o", "json")
        cls.cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=made)

    @classmethod
    def shown(cls, component):
        """(TLS version, the name in the certificate) of a new connection."""
        host, _, port = cls.cluster.outside(component).rpartition(":")
        context = ssl.create_default_context(cafile=chat.authority)
        with context.wrap_socket(socket.create_connection((host, int(port)), 10), server_hostname=host) as connection:
            return connection.version(), dict(part[0] for part in connection.getpeercert()["subject"])["commonName"]

    def test_an_older_version_of_tls_is_refused(self):
        host, _, port = self.cluster.outside("gateway").rpartition(":")
        context = ssl.create_default_context(cafile=chat.authority)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with self.assertRaises(ssl.SSLError):
            context.wrap_socket(socket.create_connection((host, int(port)), 10), server_hostname=host)

    async def stay_alive(self, device):
        """A device from which nothing comes for a minute is taken for gone."""
        while True:
            await device.send("ping")
            await asyncio.sleep(15)

    async def test_a_renewed_certificate_disconnects_nobody(self):
        api = await in_thread(lambda: self.cluster.api)
        ann, bob = await Person.make(api), await Person.make(api)
        a, b = await ann.socket(), await bob.socket()
        talk = await ann.talk_to(bob)
        acks = [await a.say(talk, "before")]
        for component in ("gateway", "api"):
            self.assertEqual(await in_thread(self.shown, component), ("TLSv1.3", "first"))
        before = await in_thread(self.cluster.lives)
        await in_thread(self.renew, "second")
        alive = [asyncio.create_task(self.stay_alive(one)) for one in (a, b)]
        # kubelet brings a changed Secret to its Pods within a minute or so.
        for component in ("gateway", "api"):
            await self.eventually(f"{component} shows the second", lambda: self.shown(component) == ("TLSv1.3", "second"), 180)
        for one in alive:
            one.cancel()
        acks.append(await a.say(talk, "after"))
        await b.expect("message", conversation_id=talk, seq=2)
        check_history(await history(ann, talk), acks)
        self.assertEqual(await in_thread(self.cluster.lives), before)
        await a.close()
        await b.close()


if __name__ == "__main__":
    unittest.main()
