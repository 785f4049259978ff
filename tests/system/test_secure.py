"""TLS: towards clients and between daemons, as whoever connects sees it; and the WebSocket contract once more over it."""
import asyncio
import json
import socket
import ssl
import unittest

import test_websocket_contract as contract
from chat import Person
from cluster import BIN, eventually
from secure_plane import HOST, Authority, SecurePlane


def setUpModule():
    contract.Contract.cluster = SecurePlane().__enter__()


def tearDownModule():
    contract.Contract.cluster.__exit__(None, None, None)


def some(base, *names):
    """Those tests of a suite of the contract, over TLS."""
    for name in names:
        assert hasattr(base, f"test_{name}"), name
    wanted = {f"test_{name}" for name in names}
    others = {name: None for name in dir(base) if name.startswith("test_") and name not in wanted}
    return type(f"{base.__name__}OverTls", (base,), others)


SigningOn = some(contract.SigningOn, "a_token_in_the_header_is_judged_before_the_upgrade",
                 "a_browser_signs_on_with_the_first_frame", "frames_of_the_wrong_kind_or_length_close",
                 "websocket_pings_and_pieces_are_understood")
Messages = some(contract.Messages, "the_ack_and_the_message_have_every_field",
                "content_comes_back_byte_for_byte_up_to_its_bound", "receipts")
Syncing = some(contract.Syncing, "live_traffic_is_held_until_the_sync_is_done")


class Tls(contract.Contract):
    def connect(self, port, context, seconds=10):
        """A TLS socket, after its handshake."""
        raw = socket.create_connection((HOST, port), timeout=seconds)
        self.addCleanup(raw.close)
        secure = context.wrap_socket(raw, server_hostname=HOST)
        self.addCleanup(secure.close)
        return secure

    def said_to(self, port, bytes_, seconds=10):
        """What a plain client gets until the server closes."""
        with socket.create_connection((HOST, port), timeout=seconds) as plain:
            plain.sendall(bytes_)
            got = b""
            try:
                while part := plain.recv(4096):
                    got += part
            except ConnectionError:
                pass
            return got

    def trusting(self):
        return self.cluster.authority.trusting()

    async def test_only_1_3_is_spoken_unless_told_otherwise(self):
        for port in (self.cluster.gateway, self.cluster.rest):
            self.assertEqual(self.connect(port, self.trusting()).version(), "TLSv1.3")
            old = self.trusting()
            old.maximum_version = ssl.TLSVersion.TLSv1_2
            with self.assertRaises(ssl.SSLError):
                self.connect(port, old)

    async def test_another_ca_is_not_believed(self):
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.connect(self.cluster.gateway, self.cluster.internal.trusting())

    async def test_who_speaks_plain_http_is_told_so_and_closed(self):
        for port in (self.cluster.gateway, self.cluster.rest):
            answer = self.said_to(port, b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertIn(b"400 Bad Request", answer)
            self.assertIn(b"this port speaks TLS", answer)
            self.said_to(port, b"\x00" * 64)

    async def test_silent_clients_keep_nobody_out(self):
        silent = [socket.create_connection((HOST, self.cluster.gateway)) for _ in range(700)]
        try:
            ann, a, bob, b, talk = await self.pair()
            await a.say(talk, "past them")
            await b.expect("message", content="past them")
        finally:
            for each in silent:
                each.close()

    async def test_chat_messages_takes_calls_only_from_who_has_a_certificate_of_the_cluster(self):
        call = (9).to_bytes(4, "big") + (1).to_bytes(8, "big") + b"\x00"
        port = self.cluster.messages
        self.assertNotIn(call[:4], self.said_to(port, call))
        stranger = Authority(self.cluster.work / "stranger")
        nameless = self.cluster.internal.issue(self.cluster.work / "nameless", name="other.internal")
        foreign = stranger.issue(self.cluster.work / "foreign", name=self.cluster.NAME)
        for folder in (None, nameless, foreign):
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                secure = self.connect(port, self.cluster.internal.trusting(folder))
                secure.sendall(call)  # in TLS 1.3 a client is through before the server has judged it
                secure.recv(4096)
        secure = self.connect(port, self.cluster.internal.trusting(self.cluster.between))
        secure.sendall(call)
        self.assertEqual(secure.recv(12)[4:12], call[4:12])

    async def test_a_new_certificate_is_for_new_connections_and_open_ones_go_on(self):
        ann, a, bob, b, talk = await self.pair()
        serial = self.serial()
        self.cluster.authority.issue(self.cluster.for_clients)
        self.cluster.internal.issue(self.cluster.between, name=self.cluster.NAME)
        eventually("the new certificate", lambda: self.serial() != serial, 15)
        await a.say(talk, "over an old connection")
        await b.expect("message", content="over an old connection")
        carol = await Person.make(self.cluster.api)
        with_ann = await carol.talk_to(ann)
        c = await self.socket(carol)
        await c.say(with_ann, "over a new one")
        await a.expect("message", content="over a new one")
        self.assertEqual(self.cluster.findings("gateway-t"), {})

    def serial(self):
        return self.connect(self.cluster.gateway, self.trusting()).getpeercert()["serialNumber"]

    async def test_files_that_do_not_fit_are_shown_and_the_old_ones_go_on(self):
        good = (self.cluster.for_clients / "tls.key").read_text()
        serial = self.serial()
        key = (self.cluster.for_clients / "tls.key").resolve()
        key.write_text(good[: len(good) // 2])
        try:
            eventually("the finding", lambda: "CertificateInvalid" in self.cluster.findings("gateway-t"), 15)
            eventually("the API's too", lambda: "CertificateInvalid" in self.cluster.findings("api-t"), 15)
            self.assertIn("the certificate for clients", self.cluster.findings("gateway-t")["CertificateInvalid"])
            self.assertEqual(self.serial(), serial)
        finally:
            key.write_text(good)
        eventually("no finding", lambda: self.cluster.findings("gateway-t") == {}, 15)

    async def test_a_certificate_that_ends_soon_is_shown(self):
        self.cluster.authority.issue(self.cluster.for_clients, days=3)
        try:
            eventually("the finding", lambda: "CertificateExpires" in self.cluster.findings("gateway-t"), 15)
        finally:
            self.cluster.authority.issue(self.cluster.for_clients)
        eventually("no finding", lambda: self.cluster.findings("gateway-t") == {}, 15)

    async def test_the_admin_side_is_served_with_tls_and_asks_for_no_certificate(self):
        self.assertEqual(json.loads(self.cluster.ask_admin("gateway-t", "/status"))["state"], "Serving")
        self.assertIn(b"this port speaks TLS", self.said_to(self.cluster.admins["gateway-t"],
                                                            b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"))

    async def test_a_daemon_whose_files_are_unfit_does_not_start_and_says_why(self):
        config = (self.cluster.work / "gateway-t.yaml").read_text()
        missing = self.cluster.work / "missing.yaml"
        missing.write_text(config.replace(str(self.cluster.for_clients / "tls.key"), "/nowhere/tls.key"))
        ended = await asyncio.create_subprocess_exec(str(BIN / "chat-gateway"), "--config", str(missing),
                                                     stderr=asyncio.subprocess.PIPE)
        _, said = await asyncio.wait_for(ended.communicate(), 20)
        self.assertEqual(ended.returncode, 1)
        self.assertIn("/nowhere/tls.key", said.decode())


if __name__ == "__main__":
    unittest.main()
