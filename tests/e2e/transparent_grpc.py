"""gRPC by hand-written methods, no generated code: `serve` or `call` all four kinds."""
import concurrent.futures
import hashlib
import json
import os
import sys

import grpc


def short(data):
    return [len(data), hashlib.sha256(data).hexdigest()[:16]]


def note(context, method):
    with open(os.environ["LOG"], "a") as f:
        f.write(json.dumps({"at": "POST /grpc/" + method, "headers": [
            [k, v if isinstance(v, str) else v.hex()] for k, v in context.invocation_metadata()]}) + "\n")


def unary(data, context):
    note(context, "Unary")
    context.send_initial_metadata((("x-first", "1"), ("x-data-bin", b"\0\xff")))
    context.set_trailing_metadata((("x-last", "2"),))
    return data


def fail(data, context):
    note(context, "Fail")
    context.set_trailing_metadata((("why-bin", b"\1\2"),))
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not so: \u00e9 100%")


def upload(requests, context):
    note(context, "Upload")
    return json.dumps([short(r) for r in requests]).encode()


def watch(data, context):
    note(context, "Watch")
    for i in range(5):
        yield b"event %d" % i + data * i


def chat(requests, context):
    note(context, "Chat")
    for r in requests:
        yield r[::-1]


def serve():
    kinds = {
        "Unary": grpc.unary_unary_rpc_method_handler(unary),
        "Fail": grpc.unary_unary_rpc_method_handler(fail),
        "Upload": grpc.stream_unary_rpc_method_handler(upload),
        "Watch": grpc.unary_stream_rpc_method_handler(watch),
        "Chat": grpc.stream_stream_rpc_method_handler(chat),
    }
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", kinds),))
    pem = [open(os.environ[n], "rb").read() for n in ("KEY", "CERT")]
    ports = [server.add_insecure_port("127.0.0.1:0"),
             server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([tuple(pem)]))]
    server.start()
    print(json.dumps(ports), flush=True)
    server.wait_for_termination()


def plain(metadata):
    return [[k, v if isinstance(v, str) else v.hex()] for k, v in metadata or ()]


def call(url):
    host = url.split("//")[1].rstrip("/")
    channel = (grpc.secure_channel(host, grpc.ssl_channel_credentials()) if url.startswith("https")
               else grpc.insecure_channel(host))
    meta = (("x-client", "yes"), ("x-some-bin", b"\0\1\xfe"))
    seen = []

    def done(name, c, messages):
        seen.append([name, [short(m) for m in messages], plain(c.initial_metadata()), plain(c.trailing_metadata()),
                     str(c.code()), c.details()])
    with channel:
        for data in (b"", b"hello", b"z" * 1500000):
            m, c = channel.unary_unary("/t.T/Unary").with_call(data, metadata=meta, timeout=20)
            done("unary", c, [m])
        try:
            channel.unary_unary("/t.T/Fail")(b"x", metadata=meta, timeout=20)
        except grpc.RpcError as x:
            done("fail", x, [])
        try:
            channel.unary_unary("/t.T/Nowhere")(b"x", timeout=20)
        except grpc.RpcError as x:
            done("unimplemented", x, [])
        m, c = channel.stream_unary("/t.T/Upload").with_call(iter([b"a", b"b" * 100000, b""]), timeout=20)
        done("client streaming", c, [m])
        c = channel.unary_stream("/t.T/Watch")(b"w" * 1000, timeout=20)
        done("server streaming", c, list(c))
        c = channel.stream_stream("/t.T/Chat")(iter([b"one", b"two", b"three" * 9000]), timeout=20)
        done("both streaming", c, list(c))
    print(json.dumps(seen))


if __name__ == "__main__":
    serve() if sys.argv[1] == "serve" else call(sys.argv[2])
