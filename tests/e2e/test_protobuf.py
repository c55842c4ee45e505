"""gRPC in compressed messages, with the names of a real descriptor set."""
import json
import shutil
import subprocess
import unittest

from harness import Case, main

PYTHON = "/usr/bin/python3"      # the one that Debian's python3-grpcio is for
PROTO = '''
syntax = "proto3";
package shop.v1;
import "item.proto";
message Who { string user = 1; }
message Session { string token = 1; string at = 2; }
message Order { string token = 1; shop.item.Item item = 2; }
message Paid { string receipt = 1; }
service Shop {
  rpc Login(Who) returns (Session);
  rpc Pay(Order) returns (Paid);
}
'''
ITEM = '''
syntax = "proto3";
package shop.item;
message Item { string sku = 1; string nick = 2; }
'''
WIRE = '''
import grpc, os, secrets, sys, time
from concurrent import futures
from urllib.parse import urlsplit

def put(number, data):
    data = data.encode() if isinstance(data, str) else data
    return bytes([number << 3 | 2, len(data)]) + data

def get(message, number):
    while message:
        n = message[1]
        if message[0] >> 3 == number:
            return message[2:2 + n]
        message = message[2 + n:]
'''
SERVICE = WIRE + '''
token = secrets.token_hex(16)

def login(message, context):
    return put(1, token) + put(2, secrets.token_hex(8))

def pay(message, context):
    if get(message, 1).decode() != token:
        context.abort(grpc.StatusCode.UNAUTHENTICATED, "who is that")
    if os.environ.get("BUG", "on") == "on":
        context.abort(grpc.StatusCode.INTERNAL, "no till")
    return put(1, "r-1")

server = grpc.server(futures.ThreadPoolExecutor(4), compression=grpc.Compression.Gzip)
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("shop.v1.Shop", {
    "Login": grpc.unary_unary_rpc_method_handler(login),
    "Pay": grpc.unary_unary_rpc_method_handler(pay)}),))
server.add_insecure_port("127.0.0.1:" + os.environ["PORT"])
server.start()
print("listening", flush=True)
server.wait_for_termination()
'''
CLIENT = WIRE + '''
where = urlsplit(os.environ["DVR_BASE_URL"]).netloc
with grpc.insecure_channel(where, compression=grpc.Compression.Gzip) as channel:
    token = get(channel.unary_unary("/shop.v1.Shop/Login")(put(1, "u17"), timeout=20), 1)
    item = put(1, "tea-pot-for-two-and-more") + put(2, "Zaphod the " + "very " * 14 + "tall")
    try:
        channel.unary_unary("/shop.v1.Shop/Pay")(put(1, token) + put(2, item), timeout=20)
    except grpc.RpcError as e:
        print(e.code())
'''


@unittest.skipUnless(shutil.which("protoc"), "protobuf-compiler is not installed")
class Protobuf(Case):
    def setUp(self):
        super().setUp()
        self.write("shop.proto", PROTO)
        self.write("item.proto", ITEM)
        self.service = self.write("service.py", SERVICE)
        self.client = self.write("client.py", CLIENT)

    def protoc(self, name, *flags):
        subprocess.run(["protoc", "-I", self.dir, "--descriptor_set_out", self.path(name), *flags,
                        self.path("shop.proto")], check=True, timeout=60)

    def spec(self, more=""):
        self.config("service: {command: [/usr/bin/python3, %s], ready: {log: listening, timeout: 20s}}\n"
                    "protobuf: {descriptors: [shop.pb]}\n%s" % (json.dumps(self.service), more), service=False)

    def record(self):
        r = self.dvr("run", "--", PYTHON, self.client)
        self.assertIn("INTERNAL", r.out, r)
        self.assertEqual(len(self.tapes()), 1, r)
        return r, [self.read("fixtures", self.tapes()[0], n).decode() for n in ("tape.yaml", "replay.yaml")]

    def test_names_stand_in_tapes_rules_and_bindings(self):
        self.protoc("shop.pb", "--include_imports")
        self.spec("sanitization: [{field: '*.req.body#/0/item/nick', replace: '[nick]'}]\n")
        r, (tape, plan) = self.record()
        self.assertIn("reproduces: 3/3", r.err)
        self.assertRegex(tape, r"(?m)^descriptors: '?[0-9a-f]{64}'?$")
        self.assertRegex(plan, "from: '?1.resp.body#/0/token'?, to: '?2.req.body#/0/token'?")
        self.assertNotIn("Zaphod", tape)
        self.assertIn("dvr:_nick_", tape)
        self.assertIn("decoded: gzip", tape)    # the message was compressed
        show = self.dvr("show", self.tapes()[0])
        self.assertIn("/item/sku = ", show.out)
        bad = self.dvr("regress", "--repeat", "2")
        self.assertEqual(bad.code, 1, bad)
        self.assertIn("reproduced 2/2 ", bad.out)
        self.env["BUG"] = "off"
        good = self.dvr("regress", "--repeat", "3")
        self.assertEqual(good.code, 0, good)
        # other descriptors: numbers, and that is said
        with open(self.path("item.proto"), "a") as f:
            f.write("message Other { string x = 1; }\n")
        self.protoc("shop.pb", "--include_imports")
        other = self.dvr("regress", "-v")
        self.assertIn("recorded with other protobuf descriptors", other.out)

    def test_masks_reach_named_fields_of_compressed_messages(self):
        self.protoc("shop.pb", "--include_imports")
        self.spec("masks: [{field: '*.resp.body#/0/token', reason: made anew}]\n")
        _, (tape, plan) = self.record()
        self.assertRegex(plan, r"field: '?1.resp.body#/0/at'?, reason: random")

    def test_what_is_no_descriptor_set_is_told_with_its_line(self):
        self.spec()
        self.assertOneLineError(self.dvr("ls"), 2, "dvr.yaml:6:", "shop.pb")
        self.write("shop.pb", "hello")
        self.assertOneLineError(self.dvr("ls"), 2, "dvr.yaml:6:", "not a descriptor set")
        self.protoc("shop.pb")      # without its imports
        self.assertOneLineError(self.dvr("ls"), 2, "dvr.yaml:6:", "shop.item.Item", "--include_imports")


if __name__ == "__main__":
    main()
