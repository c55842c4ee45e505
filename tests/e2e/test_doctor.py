"""dvr doctor: what it says, for people and for tools."""
import json

from harness import Case, main


class Doctor(Case):
    def test_it_says_what_works(self):
        self.config()
        r = self.dvr("doctor")
        self.assertEqual(r.code, 0, r)
        for word in "libcurl", "isolation", "clock", "ports", "python3":
            self.assertIn(word, r.out)

    def test_json_has_the_same_rows(self):
        self.config()
        r = self.dvr("doctor", "--json")
        rows = json.loads(r.out)
        self.assertEqual(len(rows), len(self.dvr("doctor").out.splitlines()))
        self.assertTrue(all(row["state"] in ("ok", "no", "fail") for row in rows), rows)

    def test_what_is_asked_for_and_not_here_fails(self):
        self.config(service=False, spec="service: {command: [no-such-command-here]}")
        r = self.dvr("doctor")
        self.assertEqual(r.code, 4, r)
        self.assertRegex(r.out, "FAIL +service +'no-such-command-here' is not on the PATH")


if __name__ == "__main__":
    main()
