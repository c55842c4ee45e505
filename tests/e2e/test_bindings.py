"""Values that a service makes up anew on every start reach the requests that
were recorded with older ones."""
import json
import os
import re

from harness import Case, main

SERVICE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "issuing_service.py")

FLOW = '''
import base64, re
from urllib.parse import quote, urlencode

class Client:
    """A client with a cookie jar that looks at what it is told."""
    jar, head = {}, {}

    def __call__(self, method, path, body=None, **headers):
        c = http.client.HTTPConnection(base.hostname, base.port, timeout=20)
        headers = {k.replace("_", "-"): v for k, v in dict(self.head, **headers).items()}
        if self.jar:
            headers["Cookie"] = "; ".join("%s=%s" % i for i in self.jar.items())
        if isinstance(body, dict):
            body, headers["Content-Type"] = json.dumps(body), "application/json"
        c.request(method, path, body, headers)
        r = c.getresponse()
        data = r.read().decode()
        for v in r.headers.get_all("Set-Cookie") or []:
            self.jar.update([v.split(";")[0].split("=", 1)])
        self.status, self.location = r.status, r.headers.get("Location")
        c.close()
        assert r.status < 400 or path == "/pay", (method, path, r.status, data)
        return json.loads(data) if data.startswith("{") else data

do = Client()
csrf = re.search('value="([^"]*)"', do("GET", "/login")).group(1)
do("POST", "/login", urlencode({"user": "u17", "csrf": csrf}),
   Content_Type="application/x-www-form-urlencoded")
home = do("GET", do.location)
item = home["shop"]["items"][1]["id"]
do.head = {"Authorization": "Bearer " + home["auth"]["token"]}
do("POST", "/carts", {"for": "u17"})
cart = do.location
line = do("POST", cart + "/items", {"item": item}, X_CSRF_Token=csrf)["line"]["id"]
do("GET", "%s/items/%s?ref=%s" % (cart, line, quote(base64.b64encode(item.encode()).decode())))
paid = do("POST", "/pay", {"cart_id": int(cart.split("/")[2]), "note": "for line %s, soon" % line})
'''


class Bindings(Case):
    def issuing(self, spec=""):
        self.config("service: {command: [python3, %s], ready: {path: /health, timeout: 20s}}\n%s"
                    % (json.dumps(SERVICE), spec), service=False)

    def plan(self):
        return self.path("fixtures", self.tapes()[0], "replay.yaml")

    def edit_plan(self, old, new):
        with open(self.plan()) as f:
            text = f.read()
        self.assertIn(old, text)
        with open(self.plan(), "w") as f:
            f.write(text.replace(old, new, 1))

    def assertRepeats(self, r, k, n):
        self.assertIn("reproduced %d/%d " % (k, n), r.out, r)

    def test_a_chained_flow_reproduces_and_passes_when_fixed(self):
        """Every carrier on the way: page, form, cookies, Location, Bearer,
        path, query in base64, header, nested JSON, a piece of a text."""
        self.issuing()
        r = self.run_suite(FLOW + "sys.exit(do.status == 500)")
        self.assertEqual(r.code, 1, r)
        self.assertEqual(len(self.tapes()), 1, r)
        self.assertIn("reproduces: 3/3", r.err)
        with open(self.plan()) as f:
            plan = f.read()
        for binding in ("from: '?1.resp.body#/csrf'?, to: '?2.req.body#/csrf'?",
                        "from: '?1.resp.cookie/pre'?, to: '?2.req.cookie/pre'?",
                        "take: query/ticket", "as: base64", "before: 7",
                        "to: '?5.req.path/1'?", "to: '?7.req.body#/cart_id'?"):
            self.assertRegex(plan, binding)
        bad = self.dvr("regress", "--repeat", "3")
        self.assertEqual(bad.code, 1, bad)
        self.assertRepeats(bad, 3, 3)
        self.env["BUG"] = "off"
        good = self.dvr("regress", "--repeat", "3")
        self.assertEqual(good.code, 0, good)
        self.assertRepeats(good, 0, 3)

    def test_a_flow_without_a_bug_replays_as_recorded_ten_of_ten(self):
        self.env["BUG"] = "off"
        self.issuing("triggers: [{on_suite: nonzero}]\n")
        r = self.run_suite(FLOW + "sys.exit(3)")
        self.assertEqual((r.code, len(self.tapes())), (3, 1), r)
        self.edit_plan("expect: fixed", "expect: same")
        same = self.dvr("regress", "--repeat", "10", "-v")
        self.assertEqual(same.code, 0, same)
        self.assertRepeats(same, 0, 10)
        self.assertNotIn("binding to", same.out)

    def test_what_differs_from_itself_is_masked_with_its_reason(self):
        """Learned by the verification, or by --learn where that is wanted."""
        self.env.update(BUG="off", NOISE="on")
        self.issuing("triggers: [{on_suite: nonzero}]\n")
        r = self.run_suite(FLOW + "sys.exit(3)", "--no-verify")
        self.edit_plan("expect: fixed", "expect: same")
        self.assertEqual(self.dvr("regress").code, 1)
        learned = self.dvr("regress", "--learn")
        self.assertEqual(learned.code, 0, learned)
        with open(self.plan()) as f:
            plan = f.read()
        self.assertRegex(plan, r"field: '?3.resp.body#/shop/items/0/id'?, reason: uuid")
        self.assertRegex(plan, r"field: '?5.resp.body#/trace'?, reason: uuid")
        self.assertRegex(plan, r"field: '?5.resp.body#/took'?, reason: float")
        self.assertEqual(plan.count("reason:"), 4, plan)
        self.assertNotIn("status", plan)

    def test_without_its_bindings_the_flow_does_not_get_there(self):
        """The bindings are what makes it reproduce, and not the service."""
        self.issuing()
        r = self.run_suite(FLOW + "sys.exit(do.status == 500)")
        self.assertIn("reproduces: 3/3", r.err)
        with open(self.plan(), "w") as f:
            f.write("expect: fixed\nreproduces: {hits: 3, of: 3}\n")
        bad = self.dvr("regress")
        self.assertEqual(bad.code, 1, bad)
        self.assertIn("diverged", bad.out)

    def test_only_places_are_written(self):
        """Nothing that the service made up stands in replay.yaml."""
        self.issuing()
        r = self.run_suite(FLOW + '''
with open("said", "w") as f:
    f.write("\\n".join([csrf, do.jar["pre"], do.jar["sid"], home["auth"]["token"], item, line]))
''')
        self.assertEqual(len(self.tapes()), 1, r)
        said = self.read("said").decode().split()
        self.assertEqual(len(said), 6)
        with open(self.plan()) as f:
            text = f.read()
        for value in said:
            self.assertNotIn(value, text)

    def test_a_binding_that_names_a_missing_exchange_has_its_place(self):
        self.issuing()
        self.run_suite(FLOW)
        for old, new, said in (
                (r"from: \S+, to: \S+?(,|})", "from: 99.resp.body#/x, to: 7.req.path/1}",
                 r"replay.yaml:\d+: a binding names exchange 99"),
                (r"from: 99\S+ to: \S+?}", "from: 7.resp.body#/x, to: 2.req.path/1}",
                 r"replay.yaml:\d+: a binding from exchange 7"),
                (r"from: 7.resp\S+", "from: seven,", r"replay.yaml:\d+:\d+: bad place 'seven'")):
            with open(self.plan()) as f:
                text = f.read()
            lines = text.split("\n")
            at = lines.index("bindings:") + 1
            lines[at] = re.sub(old + ".*", new, lines[at]) if "seven" not in new else \
                "  - {from: seven, to: 2.req.path/1}"
            with open(self.plan(), "w") as f:
                f.write("\n".join(lines))
            r = self.dvr("regress")
            self.assertEqual(r.code, 3, r)
            self.assertRegex(r.out + r.err, said)


if __name__ == "__main__":
    main()
