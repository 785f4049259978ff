"""Bytes that no honest client sends, and what a server may answer to them. Tables for test_hostile_input.py."""
import struct

KILO, MEGA = 1024, 1024 * 1024
DEEP = "[" * 10_000 + "]" * 10_000
ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
TLS_HELLO = bytes.fromhex("16030100a5010000a10303") + bytes(range(154))


def request(line="GET /livez HTTP/1.1", *headers, body=b""):
    return "\r\n".join([line, "Host: h", *headers, "", ""]).encode("latin-1") + body


def post(body, *headers):
    return request("POST /v1/auth/login HTTP/1.1", "Content-Type: application/json", *headers, body=body)


# name -> bytes, statuses that are good answers; None: closed without one. Whatever comes, the connection ends.
HTTP = {
    "a TLS hello": (TLS_HELLO, {400, None}),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400}),
    "nothing but NUL": (bytes(KILO), {400}),
    "nothing but 0xff": (b"\xff" * KILO, {400}),
    "no version": (b"GET /livez\r\n\r\n", {400}),
    "a version that is not": (request("GET /livez HTTP/7.3"), {400}),
    "a method with a space": (request("GE T /livez HTTP/1.1"), {400}),
    "a target with a NUL": (request("GET /li\0vez HTTP/1.1"), {400}),
    "a header with a NUL": (request("GET /livez HTTP/1.1", "X: a\0b"), {400}),
    "a header without a name": (request("GET /livez HTTP/1.1", ": x"), {400}),
    "a space before the colon": (request("GET /livez HTTP/1.1", "Content-Length : 3"), {400}),
    "line feeds alone": (b"GET /livez HTTP/1.1\nHost: h\n\n", {400, None}),
    "two lengths": (post(b"{}", "Content-Length: 2", "Content-Length: 3"), {400}),
    "a length and chunks": (post(b"0\r\n\r\n", "Content-Length: 5", "Transfer-Encoding: chunked"), {400}),
    "chunks and a length": (post(b"0\r\n\r\n", "Transfer-Encoding: chunked", "Content-Length: 5"), {400}),
    "a length below zero": (post(b"", "Content-Length: -1"), {400}),
    "a length past 64 bits": (post(b"", "Content-Length: 18446744073709551616"), {400}),
    "a length that is no number": (post(b"", "Content-Length: 0x10"), {400}),
    "100 MB announced": (post(b"{", f"Content-Length: {100 * MEGA}"), {413}),
    "2^63 announced": (post(b"{", f"Content-Length: {2**63}"), {413, 400}),
    "12 MB in chunks": (post((b"10000\r\n" + b" " * 65536 + b"\r\n") * 192 + b"0\r\n\r\n",
                             "Transfer-Encoding: chunked"), {413}),
    "a chunk past 64 bits": (post(b"fffffffffffffffff\r\nx", "Transfer-Encoding: chunked"), {400, 413}),
    "a chunk that is no number": (post(b"zz\r\nx", "Transfer-Encoding: chunked"), {400}),
    "a header of 1 MB": (request("GET /livez HTTP/1.1", "X: " + "x" * MEGA), {431}),
    "100,000 headers": (request("GET /livez HTTP/1.1", *["X: x"] * 100_000), {431}),
    "a target of 1 MB": (request("GET /" + "x" * MEGA + " HTTP/1.1"), {431}),
    "garbage behind a request": (request() + b"\x00\x01garbage\r\n\r\n", {200, 400}),
}

# What is wrong with the bodies of calls: all 400, and nothing is stored.
def bodies(group):
    text = '{"conversation_id":"%s","client_msg_id":"h","content":%s}'
    fields = '{"conversation_id":"%s","client_msg_id":"h","content":"x",%s}'
    return {
        "invalid UTF-8": (text % (group, '"a\xff"')).encode("latin-1"),
        "an overlong slash": (text % (group, '"\xc0\xaf"')).encode("latin-1"),
        "a surrogate in UTF-8": (text % (group, '"\xed\xa0\x80"')).encode("latin-1"),
        "past U+10FFFF": (text % (group, '"\xf4\x90\x80\x80"')).encode("latin-1"),
        "half a character": (text % (group, '"\xe2\x82"')).encode("latin-1"),
        "a NUL": (text % (group, '"a\0b"')).encode(),
        "an escaped NUL": (text % (group, r'"a\u0000b"')).encode(),
        "a lone high surrogate": (text % (group, r'"\ud800"')).encode(),
        "a lone low surrogate": (text % (group, r'"\udc00x"')).encode(),
        "surrogates the wrong way": (text % (group, r'"\udc00\ud800"')).encode(),
        "empty text": (text % (group, '""')).encode(),
        "a number for text": (text % (group, "5")).encode(),
        "a list for text": (text % (group, '["x"]')).encode(),
        "no text": (text % (group, "null")).encode(),
        "10,000 deep": (fields % (group, '"x":' + DEEP)).encode(),
        "10,000 deep, not closed": (fields % (group, '"x":' + DEEP[:10_000])).encode(),
        "a key twice": (fields % (group, '"content":"y"')).encode(),
        "a key twice, once escaped": (fields % (group, r'"\u0063ontent":"y"')).encode(),
        "two documents": (text % (group, '"x"')).encode() * 2,
        "reply to 0": (fields % (group, '"reply_to_seq":0')).encode(),
        "reply to -1": (fields % (group, '"reply_to_seq":-1')).encode(),
        "reply to 1.0": (fields % (group, '"reply_to_seq":1.0')).encode(),
        "reply to 1e0": (fields % (group, '"reply_to_seq":1e0')).encode(),
        "reply to 2^63": (fields % (group, f'"reply_to_seq":{2**63}')).encode(),
        "reply to 2^64": (fields % (group, f'"reply_to_seq":{2**64}')).encode(),
        "reply to 1e999": (fields % (group, '"reply_to_seq":1e999')).encode(),
        "reply to NaN": (fields % (group, '"reply_to_seq":NaN')).encode(),
        "an unknown message_type": (fields % (group, '"message_type":"video"')).encode(),
        "a message_type of 7": (fields % (group, '"message_type":7')).encode(),
        "media without an id": (fields % (group, '"message_type":"media"')).encode(),
        "101 mentions": (fields % (group, '"mentions":[' + ",".join([f'"{ULID}"'] * 101) + "]")).encode(),
        "mentions of no one": (fields % (group, '"mentions":["ann"]')).encode(),
        "mentions of a number": (fields % (group, '"mentions":7')).encode(),
        "a long client_msg_id": ('{"conversation_id":"%s","client_msg_id":"%s","content":"x"}' % (group, "x" * 129)).encode(),
        "a NUL in client_msg_id": ('{"conversation_id":"%s","client_msg_id":"\\u0000","content":"x"}' % group).encode(),
        "an id past 128 bits": b'{"conversation_id":"8ZZZZZZZZZZZZZZZZZZZZZZZZZ","client_msg_id":"h","content":"x"}',
        "a number for an id": b'{"conversation_id":7,"client_msg_id":"h","content":"x"}',
    }


# Bodies that no call takes.
BODY_KINDS = {
    "nothing": b" ", "half": b"{", "a list": b"[]", "null": b"null", "text": b'"x"', "a number": b"7",
    "two documents": b"{}{}", "a NUL": b'{"name":"a\0"}', "invalid UTF-8": b'{"name":"\xff"}',
    "a lone surrogate": rb'{"name":"\ud800"}', "a key twice": b'{"name":"a","name":"b"}',
    "10,000 deep": b'{"name":' + DEEP.encode() + b"}", "a number past a double": b'{"name":1e999}', "nothing known": b"{}",
    "a form": b"name=x&password=y", "YAML": b"name: x", "a comment": b'{/**/"name":"x"}',
    "a BOM twice": b"\xef\xbb\xbf" * 2 + b"{}",
}


def frame(first, second, length=b"", payload=b""):
    """A WebSocket frame from its bytes; a mask of zeros where `second` says that there is one."""
    return bytes([first, second]) + length + (bytes(4) if second & 0x80 else b"") + payload


PING = b'{"type":"ping"}'
# name -> bytes after the upgrade, close codes that are good answers.
FRAMES = {
    "not masked": (frame(0x81, len(PING), payload=PING), {1002}),
    "reserved bit 1": (frame(0xC1, 0x80 | len(PING), payload=PING), {1002}),
    "reserved bit 2": (frame(0xA1, 0x80 | len(PING), payload=PING), {1002}),
    "reserved bit 3": (frame(0x91, 0x80 | len(PING), payload=PING), {1002}),
    **{f"opcode {opcode}": (frame(0x80 | opcode, 0x80), {1002}) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    "a ping in pieces": (frame(0x09, 0x80 | 1, payload=b"x"), {1002}),
    "a ping of 126 bytes": (frame(0x89, 0xFE, struct.pack(">H", 126), bytes(126)), {1002}),
    "a piece of nothing": (frame(0x80, 0x80 | 1, payload=b"x"), {1002}),
    "text within a text": (frame(0x01, 0x80 | 1, payload=b"x") + frame(0x81, 0x80 | 1, payload=b"x"), {1002}),
    "a length longer than it must be": (frame(0x81, 0xFE, struct.pack(">H", 5), b"hello"), {1002}),
    "a long length of 5": (frame(0x81, 0xFF, struct.pack(">Q", 5), b"hello"), {1002}),
    "a length past 63 bits": (frame(0x81, 0xFF, struct.pack(">Q", 2**63 + 5)), {1002, 1009}),
    "100 MB announced": (frame(0x81, 0xFF, struct.pack(">Q", 100 * MEGA), bytes(KILO)), {1009}),
    "2^63-1 announced": (frame(0x81, 0xFF, struct.pack(">Q", 2**63 - 1), bytes(KILO)), {1009}),
    "pieces without an end": (frame(0x01, 0x80) + frame(0x00, 0xFE, struct.pack(">H", 65535), b" " * 65535) * 21, {1009}),
    "binary": (frame(0x82, 0x80 | 1, payload=b"x"), {1003}),
    "a goodbye of one byte": (frame(0x88, 0x80 | 1, payload=b"\x03"), {1002}),
    "a goodbye with 1005": (frame(0x88, 0x80 | 2, payload=struct.pack(">H", 1005)), {1002}),
    "a goodbye with 65535": (frame(0x88, 0x80 | 2, payload=struct.pack(">H", 65535)), {1002, 65535}),  # Beast repeats it
    "a goodbye in no language": (frame(0x88, 0x80 | 3, payload=struct.pack(">H", 1000) + b"\xff"), {1002, 1007}),
    "a TLS hello": (TLS_HELLO, {1002, 1009}),
    "a request": (request(), {1002}),
}

# Frames of the daemons' own stream (io/rpc): length, call, payload. "closed", or "error" for an answer that is one.
STREAM = {
    "a length of 0": (struct.pack(">I", 0), "closed"),
    "a length of 7": (struct.pack(">I", 7) + bytes(7), "closed"),
    "17 MB announced": (struct.pack(">IQ", 17 * MEGA, 1), "closed"),
    "4 GB announced": (struct.pack(">IQ", 2**32 - 1, 1), "closed"),
    "a request over HTTP": (request(), "closed"),
    "a TLS hello": (TLS_HELLO, "closed"),
    "no call": (struct.pack(">IQ", 8, 1), "error"),
    "garbage for a call": (struct.pack(">IQ", 8 + 64, 1) + b"\xff" * 64, "error"),
    "a send without ids": (struct.pack(">IQ", 8 + 2, 1) + b"\x12\x00", "error"),
    "a send with short ids": (struct.pack(">IQ", 8 + 5, 1) + b"\x12\x03\x0a\x01x", "error"),
    "text that is no UTF-8": (struct.pack(">IQ", 8 + 7, 1) + b"\x12\x05\x22\x03a\xff\xfe", "error"),
}
