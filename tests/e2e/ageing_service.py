"""A shop's API in eleven versions, each one step away from the one before.

VERSION=0..10    how far it has evolved
BUG=on           paying answers 500 where there are more than two items

/carts and /bookings are alike; the later steps change the bookings alone.
DENY=401, 404    a build that says no to everything
"""
import http.server
import itertools
import json
import os
import uuid

VERSION = int(os.environ.get("VERSION", "0"))
BUG = os.environ.get("BUG", "on") == "on"
DENY = int(os.environ.get("DENY") or "0")
PRICES = {"mug": 1250, "teapot": 3900, "spoon": 310}

STEPS = ("as recorded", "an added field", "a new header", "other words in messages",
         "a field that has a default", "a renamed field", "another format of ids",
         "201 for a new note", "another name of a booking's id",
         "pages instead of a list", "a field that a booking needs")

carts, orders, sessions = {}, [], set()
numbers = itertools.count(1)


class Refused(Exception):
    """Status and what is wrong."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def answer(self, status, value):
        if VERSION >= 1 and isinstance(value, dict):
            value = dict(value, links={"self": self.path.split("?")[0]})
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if VERSION >= 2:
            self.send_header("X-Api-Version", "2.%d" % VERSION)
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    def user(self):
        token = self.headers.get("Authorization", "").partition("Bearer ")[2]
        if token not in sessions:
            raise Refused(401, "who are you?")

    def cart(self, number):
        if number not in carts:
            raise Refused(404, "cart not found" if VERSION >= 3 else "no such cart")
        return carts[number]

    def shown(self, cart):
        total = sum(PRICES[i["sku"]] * i["quantity"] for i in cart["items"])
        renamed = VERSION >= 8 and self.path.startswith("/bookings")
        return {("booking_id" if renamed else "id"): cart["id"],
                "items": cart["items"],
                ("total_cents" if VERSION >= 5 else "total"): total,
                "currency": cart["currency"]}

    def login(self, wish):
        token = uuid.uuid4().hex
        sessions.add(token)
        return 200, {"token": token, "greeting": "Welcome back!" if VERSION >= 3 else "hello"}

    def init(self, wish):
        if VERSION >= 10 and self.path == "/bookings" and "currency" not in wish:
            raise Refused(400, "currency required")
        number = "cart_" + uuid.uuid4().hex if VERSION >= 6 else uuid.uuid4().hex[:12]
        carts[number] = {"id": number, "items": [], "currency": wish.get("currency", "EUR")}
        return 201, self.shown(carts[number])

    def add(self, number, wish):
        cart = self.cart(number)
        if wish.get("sku") not in PRICES:
            raise Refused(422, "unknown article" if VERSION >= 3 else "no such sku")
        cart["items"].append({"sku": wish["sku"], "quantity": wish["quantity"]})
        return 200, self.shown(cart)

    def note(self, number, wish):
        self.cart(number)
        return (201 if VERSION >= 7 else 200), {"noted": wish["text"]}

    def pay(self, number, way):
        cart = self.cart(number)
        if BUG and len(cart["items"]) > 2:
            raise RuntimeError("more than two items")
        orders.append({"cart": number, "way": way, "n": next(numbers)})
        return 200, {"paid": True, "way": way}

    def listed(self):
        mine = [{"cart": o["cart"], "way": o["way"]} for o in orders[-2:]]
        return 200, {"items": mine, "next": None} if VERSION >= 9 else mine

    def call(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        wish = json.loads(body) if body else {}
        parts = self.path.split("?")[0].strip("/").split("/")
        if parts == ["health"]:
            return 200, {"up": True}
        if DENY:
            raise Refused(DENY, "no")
        if parts == ["login"]:
            return self.login(wish)
        self.user()
        if parts in (["carts"], ["bookings"]):
            return self.init(wish)
        if parts == ["orders"]:
            return self.listed()
        if parts[0] not in ("carts", "bookings"):
            raise Refused(404, "no route")
        if len(parts) == 2:
            return 200, self.shown(self.cart(parts[1]))
        if parts[2] == "items":
            return self.add(parts[1], wish)
        if parts[2] == "note":
            return self.note(parts[1], wish)
        return self.pay(parts[1], parts[3])

    def do_GET(self):
        try:
            status, value = self.call()
        except Refused as refusal:
            status, value = refusal.args[0], {"error": refusal.args[1]}
        except Exception as error:
            status, value = 500, {"error": type(error).__name__}
        self.answer(status, value)

    do_POST = do_GET


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler)
server.daemon_threads = True
server.serve_forever()
