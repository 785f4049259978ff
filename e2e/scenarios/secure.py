#!/usr/bin/env python3
"""spec.tls from a Secret: people chat over TLS 1.3, verified; the Secret is renewed and new connections get the new certificate,
while nobody is disconnected and nothing restarts. Made so, its parts talk TLS to each other too, with certificates of the operator's."""
import asyncio
import base64
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
        cls.begin_anew()
        cls.addClassCleanup(cls.begin_anew)
        cls.cluster.secure = True
        cls.cluster.expose()
        cls.renew("first")
        chat.authority = str(cls.authority.certificate)
        cls.cluster.apply_demo(tls={"secretName": "people-tls"})
        cls.cluster.wait_settled()
        for component in ("gateway", "api"):  # where there was a Secret of that name before, its Pods have that for a minute
            eventually(f"{component} shows the first", lambda of=component: cls.shown(of)[1] == "first", 180)

    @classmethod
    def begin_anew(cls):
        """Whether its parts talk TLS is decided when a ChatCluster is made."""
        cls.cluster.remove_with_its_data()
        cls.cluster.kubectl("delete", "secret", "people-tls", "--ignore-not-found")

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

    def test_the_parts_talk_tls_to_each_other(self):
        """PostgreSQL is the one that tells who comes how."""
        shards = self.SHARDS(self.cluster)
        for shard in shards.names:
            seen = shards.rows(shard, "select json_build_array(application_name, ssl, version) from pg_stat_ssl join pg_stat_activity "
                                      "using (pid) where client_addr is not null and application_name like 'chat-%'")
            self.assertTrue(any(name.startswith("chat-operator") for name, _, _ in seen), seen)
            self.assertTrue(any(name.startswith("chat-messages") for name, _, _ in seen), seen)
            self.assertTrue(all(secure and version == "TLSv1.3" for _, secure, version in seen), seen)

    async def test_parts_with_a_new_certificate_talk_to_those_with_the_old(self):
        api = await in_thread(lambda: self.cluster.api)
        ann, bob = await Person.make(api), await Person.make(api)
        talk = await ann.talk_to(bob)
        device = await ann.socket()
        acks = [await device.say(talk, "before")]
        before = await in_thread(lambda: self.cluster.get("secret", "demo-tls")["data"])
        await in_thread(lambda: self.cluster.kubectl("delete", "secret", "demo-tls"))
        alive = asyncio.create_task(self.stay_alive(device))
        await self.eventually("the operator has issued another", lambda: "demo-tls" in self.cluster.items("secrets"), 120)
        after = await in_thread(lambda: self.cluster.get("secret", "demo-tls")["data"])
        self.assertNotEqual(after["tls.crt"], before["tls.crt"])
        self.assertEqual(after["ca.crt"], before["ca.crt"])
        for component in ("messages", "redis", "api"):
            await in_thread(lambda: self.cluster.kubectl("delete", "pod", *self.cluster.ready(component), "--wait=true", timeout=180))
            await in_thread(self.cluster.wait_settled)
        acks.append(await device.say(talk, "after"))
        check_history(await history(ann, talk), acks)
        alive.cancel()
        await device.close()

    async def test_people_chat_while_all_passwords_change(self):
        values = ("admin_token", "postgres_superuser_password", "postgres_chat_password", "redis_password")

        async def during(load):
            before = await in_thread(self.cluster.lives)
            earlier = await in_thread(lambda: self.cluster.get("secret", "demo-secrets")["data"])
            await in_thread(lambda: self.cluster.kubectl("annotate", "secret", "demo-secrets", "chatcluster.io/rotate=now"))
            await self.eventually("all are new", lambda: all(self.cluster.get("secret", "demo-secrets")["data"][name] != earlier[name]
                                                             for name in values), 180)
            await self.eventually("Redis takes what its Pod reads", lambda: self.redis_password() != base64.b64decode(
                earlier["redis_password"]).decode() and self.redis_says() == "PONG")
            self.assertEqual(await in_thread(self.cluster.lives), before, "nothing begins anew")
            await load.every_writer_acknowledged_again()
            for component in ("redis", "messages", "shard"):  # whoever begins anew knows them
                await in_thread(lambda: self.cluster.kubectl("delete", "pod", *self.cluster.ready(component), timeout=180))
                await in_thread(self.cluster.wait_settled)
            await load.every_writer_acknowledged_again()
        await self.judged("all passwords change", during=during)

    def in_redis(self, script):
        return self.cluster.kubectl("exec", "demo-redis-0", "--", "/bin/sh", "-c", script).strip()

    def redis_password(self):
        return self.in_redis("cat /etc/chatcluster/secrets/redis_password")

    def redis_says(self):
        return self.in_redis("REDISCLI_AUTH=$(cat /etc/chatcluster/secrets/redis_password) redis-cli -h 127.0.0.1 --tls --insecure ping")

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
