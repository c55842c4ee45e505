#!/usr/bin/env python3
"""The shop's cart service: init, add_item, apply_discount, process_payment.

It has a bug. add_item reads the cart, asks the inventory (some 50 ms), and
writes the cart back: a discount that is applied in between is lost, or is
taken off a total that is out of date. process_payment notices and gives up.
Nothing happens as long as the inventory is quick.

Environment: PORT, DB (a file), INVENTORY_URL.
SHOP_BUILD=fixed    the same program with the lock that is missing
SHOP_MUTANT=NAME    breaks it in another way (see mutants.py)
"""
import contextlib
import http.client
import json
import os
import sqlite3
import sys
import threading
import traceback
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import mutants

SCHEMA = """
create table if not exists carts (
    id integer primary key, user text, items text, subtotal_cents integer,
    discount_percent integer, total_cents integer);
create table if not exists redemptions (cart integer, code text, percent integer);
create table if not exists payments (cart integer, amount_cents integer, receipt_to text);
"""
COUPONS = {"WELCOME10": 10, "TEA25": 25}
TRACE_HEADERS = ("traceparent", "X-DVR-Correlation-Id")

# The fix: whoever reads a cart in order to write it holds this lock meanwhile.
FIXED = os.environ.get("SHOP_BUILD") == "fixed"
cart_lock = threading.Lock() if FIXED else contextlib.nullcontext()


class Refused(Exception):
    """A client's mistake: status and reason."""


class InconsistentCart(Exception):
    pass


def database():
    db = sqlite3.connect(os.environ["DB"], timeout=10, isolation_level=None)
    db.row_factory = sqlite3.Row
    db.execute("pragma synchronous = off")
    return contextlib.closing(db)


def total_of(subtotal_cents, percent):
    return subtotal_cents - subtotal_cents * percent // 100


def read_cart(db, cart):
    row = db.execute("select * from carts where id = ?", (cart,)).fetchone()
    if row is None:
        raise Refused(404, "no such cart")
    return dict(row, items=json.loads(row["items"]))


def write_cart(db, cart):
    cart["total_cents"] = total_of(cart["subtotal_cents"], cart["discount_percent"])
    db.execute(
        "update carts set items = ?, subtotal_cents = ?, discount_percent = ?, total_cents = ? where id = ?",
        (json.dumps(cart["items"]), cart["subtotal_cents"], cart["discount_percent"], cart["total_cents"], cart["id"]),
    )


def reserve(sku, quantity, trace):
    """Asks the inventory; returns the price of one."""
    url = urllib.parse.urlsplit(os.environ["INVENTORY_URL"])
    link = http.client.HTTPConnection(url.hostname, url.port, timeout=10)
    try:
        body = json.dumps({"sku": sku, "quantity": quantity})
        link.request("POST", "/reserve", body, {"Content-Type": "application/json", **trace})
        answer = link.getresponse()
        reply = json.loads(answer.read())
    finally:
        link.close()
    if answer.status == 409:
        raise Refused(409, "out of stock")
    if answer.status != 200:
        raise RuntimeError(f"inventory answered {answer.status}")
    return reply["price_cents"]


def init(wish, trace):
    with database() as db:
        row = db.execute("insert into carts values (null, ?, '[]', 0, 0, 0)", (wish["user"],))
        return read_cart(db, row.lastrowid)


def add_item(wish, trace):
    with cart_lock, database() as db:
        cart = read_cart(db, wish["cart"])
        price_cents = reserve(wish["sku"], wish["quantity"], trace)
        cart["items"].append({"sku": wish["sku"], "quantity": wish["quantity"], "price_cents": price_cents})
        cart["subtotal_cents"] += price_cents * wish["quantity"]
        write_cart(db, cart)
        return cart


def apply_discount(wish, trace):
    percent = COUPONS.get(wish["code"])
    if percent is None:
        raise Refused(422, "no such coupon")
    with cart_lock, database() as db:
        cart = read_cart(db, wish["cart"])
        cart["discount_percent"] = percent
        db.execute("insert into redemptions values (?, ?, ?)", (cart["id"], wish["code"], percent))
        write_cart(db, cart)
        return cart


def process_payment(wish, trace):
    card = wish["card"]["number"].replace(" ", "")
    if not card.isdigit() or not 12 <= len(card) <= 19:
        raise Refused(422, "not a card number")
    with cart_lock, database() as db:
        cart = read_cart(db, wish["cart"])
        percent = db.execute("select coalesce(sum(percent), 0) from redemptions where cart = ?", (cart["id"],))
        subtotal_cents = sum(i["price_cents"] * i["quantity"] for i in cart["items"])
        due_cents = total_of(subtotal_cents, percent.fetchone()[0])
        if due_cents != cart["total_cents"]:
            raise InconsistentCart(f"cart {cart['id']}: {due_cents} cents are due, its total says {cart['total_cents']}")
        db.execute("insert into payments values (?, ?, ?)", (cart["id"], due_cents, wish["email"]))
        return {"cart": cart["id"], "paid_cents": due_cents, "receipt_to": wish["email"]}


CALLS = {
    "/api/v2/checkout/init": init,
    "/api/v2/checkout/add_item": add_item,
    "/api/v2/checkout/apply_discount": apply_discount,
    "/api/v2/checkout/process_payment": process_payment,
}


class Cart(BaseHTTPRequestHandler):
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
        self.wfile.flush()

    def do_GET(self):
        if self.path == "/health":
            self.answer(200, {"up": True})
        else:
            self.answer(404, {"error": "no such page"})

    def call(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        trace = {name: self.headers[name] for name in TRACE_HEADERS if name in self.headers}
        if self.path not in CALLS:
            raise Refused(404, "no such call")
        if not self.headers.get("Authorization", "").startswith("Bearer "):
            raise Refused(401, "who are you?")
        mutants.before(self.path)
        return CALLS[self.path](json.loads(body), trace)

    def do_POST(self):
        mutants.begun()
        try:
            status, value = 200, self.call()
        except mutants.Answer as answer:
            status, value = answer.args
        except Refused as refusal:
            status, value = refusal.args[0], {"error": refusal.args[1]}
        except Exception as error:
            traceback.print_exc()
            sys.stderr.flush()
            status, value = 500, {"error": type(error).__name__}
        self.answer(status, value)
        mutants.answered()


def main():
    with database() as db:
        db.executescript(SCHEMA)
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Cart)
    server.daemon_threads = True
    print(f"cart: listening on {server.server_port} ({'fixed' if FIXED else 'buggy'} build)", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
