#!/usr/bin/env python3
"""The shop's integration suite: a customer checks out.

Init, add an item, apply a discount 50 ms later (customers do not wait), pay.
Talks to DVR_BASE_URL, or to SHOP_URL when it runs without dvr; ends with 1
when the checkout failed.
"""
import hashlib
import http.client
import json
import os
import sys
import threading
import time
import urllib.parse

GAP_S = 0.050
BASE = urllib.parse.urlsplit(os.environ.get("DVR_BASE_URL") or os.environ.get("SHOP_URL", "http://127.0.0.1:7000"))
# Made of parts, so that nobody takes them for a real customer's.
TOKEN = hashlib.sha256(b"shop's test customer").hexdigest()
CARD = "4111" + 3 * "1111"
EMAIL = "ada" + "@" + "customers.example"
CHECKOUT = "/api/v2/checkout/"


class Failed(Exception):
    pass


class Customer:
    """One connection to the shop, kept alive."""

    def __init__(self):
        self.link = http.client.HTTPConnection(BASE.hostname, BASE.port, timeout=30)
        self.link.connect()
        self.sent = threading.Event()
        self.sent_at = 0.0

    def call(self, name, value):
        body = json.dumps(value)
        headers = {"Content-Type": "application/json", "Authorization": "Bearer " + TOKEN, "X-Session-Id": "checkout"}
        began = time.monotonic()
        self.link.request("POST", CHECKOUT + name, body, headers)
        self.sent_at = time.monotonic()
        self.sent.set()
        answer = self.link.getresponse()
        text = answer.read()
        print(f"  {name:16} {answer.status}  {1000 * (time.monotonic() - began):5.1f} ms", flush=True)
        if answer.status != 200:
            raise Failed(f"{name} answered {answer.status}: {text.decode(errors='replace')}")
        return json.loads(text)


def in_background(task, errors):
    def run():
        try:
            task()
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def checkout():
    tab, other_tab = Customer(), Customer()
    cart = tab.call("init", {"user": "u-17", "email": EMAIL})["id"]
    errors = []
    tab.sent.clear()
    adding = in_background(lambda: tab.call("add_item", {"cart": cart, "sku": "mug-blue", "quantity": 2}), errors)
    if not tab.sent.wait(10):
        raise Failed("add_item could not be sent")
    time.sleep(max(0.0, tab.sent_at + GAP_S - time.monotonic()))
    other_tab.call("apply_discount", {"cart": cart, "code": "WELCOME10"})
    adding.join()
    if errors:
        raise errors[0]
    card = {"number": CARD, "holder": "Ada Customer", "expires": "12/39"}
    paid = tab.call("process_payment", {"cart": cart, "card": card, "email": EMAIL})
    if paid["paid_cents"] != 2250:
        raise Failed(f"paid {paid['paid_cents']} cents, expected 2250")


def main():
    print("checkout", flush=True)
    try:
        checkout()
    except (Failed, OSError, http.client.HTTPException) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    print("passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
