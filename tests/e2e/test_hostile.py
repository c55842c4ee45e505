"""A suite that does everything a recorder could trip over, and one real bug."""
from harness import Case, main


class Hostile(Case):
    def test_exactly_one_tape_and_it_reproduces(self):
        """Refused polls, expected 503s, four workers, three restarts, an
        endless stream; the one failing test's history is the one tape."""
        self.config("commit: failed\n")
        r = self.run_suite('''
            import threading
            control = os.environ["DVR_CONTROL_URL"]
            gate = threading.Barrier(5)
            problems = []

            def session(name):
                s, body = post("/session", {"name": name}, url=control)
                assert s == 201, (s, body)
                return json.loads(body)

            def end(s, result):
                status, body = post("/session/%s/end" % s["id"], {"result": result}, url=control)
                assert status == 200, (status, body)

            def expected_503(worker, n):
                s = session("worker-%d-test-%d" % (worker, n))
                url = s["base_url"]
                for i in range(5):
                    # a restart may take a request away: then it is sent again
                    for attempt in range(400):
                        status, _ = get("/flaky-dependency", url=url)
                        if status: break
                        time.sleep(0.01)
                    if status != 503: problems.append((worker, n, status))
                end(s, "passed")

            def work(worker):
                try:
                    for n in range(4):
                        gate.wait(60)
                        expected_503(worker, n)
                except Exception as x:
                    problems.append((worker, repr(x)))
                    gate.abort()

            def stream():
                c = http.client.HTTPConnection(base.hostname, base.port, timeout=60)
                c.request("GET", "/events")
                return c, c.getresponse()

            threads = [threading.Thread(target=work, args=(w,)) for w in range(4)]
            for t in threads: t.start()
            sse, response = stream()
            assert response.status == 200
            for n in range(4):
                gate.wait(60)
                if n == 3: break
                status, body = post("/service/restart", url=control, timeout=60)
                assert status == 200, (status, body)
            for t in threads: t.join()
            assert not problems, problems
            sse.close()
            sse, response = stream()
            bug = session("test_total")
            request("PUT", "/items/1", {"price": -7}, url=bug["base_url"])
            status, _ = get("/total", url=bug["base_url"])
            assert status == 500
            end(bug, "failed")
            sys.exit(1)
        ''')
        self.assertEqual(r.code, 1, r)
        self.assertEqual(len(self.tapes()), 1, r)
        self.assertIn("get-total-500", self.tapes()[0])
        self.assertIn("reproduces: 3/3", r.err)
        self.env["BUG"] = "off"
        self.assertEqual(self.dvr("regress").code, 0)

    def test_a_suite_without_sessions_gets_one_tape_too(self):
        """The same storm in one run-wide session: ignore rules name the 503s."""
        self.config('ignore: [{route: "GET /flaky-dependency", status: 503, reason: "on purpose"}]\n')
        r = self.run_suite('''
            import threading
            def work():
                for i in range(10): get("/flaky-dependency")
            threads = [threading.Thread(target=work) for w in range(4)]
            for t in threads: t.start()
            c = http.client.HTTPConnection(base.hostname, base.port, timeout=60)
            c.request("GET", "/events")
            c.getresponse()
            for t in threads: t.join()
            request("PUT", "/items/1", {"price": -7})
            assert get("/total")[0] == 500
            c.close()
        ''')
        self.assertEqual(r.code, 0, r)
        self.assertEqual(len(self.tapes()), 1, r)
        self.assertIn("reproduces: 3/3", r.err)


if __name__ == "__main__":
    main()
