"""A WebSocket client by hand, for suites: open, say, hear."""
import base64
import os
import socket
import ssl
import struct
import urllib.parse
import zlib


class Socket:
    def __init__(self, path="/room", url=None, deflate=False, headers=()):
        at = urllib.parse.urlsplit(url or os.environ["DVR_BASE_URL"])
        self.sock = socket.create_connection((at.hostname, at.port), timeout=20)
        if at.scheme in ("https", "wss"):
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=at.hostname)
        lines = ["GET %s HTTP/1.1" % path, "Host: %s" % at.netloc, "Connection: Upgrade",
                 "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                 "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode()]
        if deflate:
            lines.append("Sec-WebSocket-Extensions: permessage-deflate")
        self.sock.sendall("\r\n".join([*lines, *headers, "", ""]).encode())
        self.inflate = zlib.decompressobj(-15)
        self.file = self.sock.makefile("rb")
        self.head = []
        while (line := self.file.readline().strip()):
            self.head.append(line.decode())
        assert " 101 " in self.head[0], self.head

    def frame(self, opcode, payload):
        mask = os.urandom(4)
        n = len(payload)
        head = struct.pack(">BB", 0x80 | opcode, 0x80 | n) if n < 126 else \
            struct.pack(">BBH", 0x80 | opcode, 0x80 | 126, n)
        self.sock.sendall(head + mask + bytes(b ^ mask[i & 3] for i, b in enumerate(payload)))

    def say(self, text):
        self.frame(1, text.encode())

    def hear(self):
        """(opcode, payload) or None when the connection is gone."""
        head = self.file.read(2)
        if len(head) < 2:
            return None
        n = head[1] & 127
        if n == 126:
            n, = struct.unpack(">H", self.file.read(2))
        data = self.file.read(n)
        if head[0] & 0x40:
            data = self.inflate.decompress(data + b"\0\0\xff\xff")
        return head[0] & 15, data

    def close(self, code=1000):
        self.frame(8, struct.pack(">H", code))
        while self.hear():
            pass
        self.sock.close()
