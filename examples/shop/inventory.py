#!/usr/bin/env python3
"""The shop's inventory: reserves stock and says what an article costs.

It is slow at times, as dependencies are: an answer takes 25 to 70 ms.
Prints its port on a line of its own when it listens.
"""
import argparse
import json
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PRICES_CENTS = {"mug-blue": 1250, "mug-red": 1250, "teapot": 3900}


class Stock:
    def __init__(self):
        self.lock = threading.Lock()
        self.left = {sku: 1000 for sku in PRICES_CENTS}

    def reserve(self, sku, quantity):
        with self.lock:
            if self.left.get(sku, 0) < quantity:
                return None
            self.left[sku] -= quantity
            return {"sku": sku, "quantity": quantity, "price_cents": PRICES_CENTS[sku], "left": self.left[sku]}


class Inventory(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(200, {"up": True})

    def do_POST(self):
        wish = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        low, high = self.server.latency_ms
        time.sleep(random.uniform(low, high) / 1000)
        if self.path != "/reserve":
            return self.answer(404, {"error": "no such call"})
        reserved = self.server.stock.reserve(wish["sku"], wish["quantity"])
        if reserved is None:
            return self.answer(409, {"error": "out of stock"})
        self.answer(200, reserved)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=7001, help="0: any free one")
    options.add_argument("--latency-ms", type=float, nargs=2, default=(25, 70), metavar=("LOW", "HIGH"))
    chosen = options.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", chosen.port), Inventory)
    server.daemon_threads = True
    server.latency_ms = chosen.latency_ms
    server.stock = Stock()
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
