"""The man page, completion and installation: all follow from the tables."""
import os
import re
import shutil
import subprocess

from harness import Case, main

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ["BUILD"]


def run(*argv, **kw):
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, **kw)


class Manual(Case):
    def commands(self):
        text = self.dvr("--help").out.split("Commands:\n")[1]
        return re.findall(r"^  (\w+) ", text, re.M)

    def options(self, command):
        """Long options by the command's own --help."""
        text = self.dvr(command, "--help").out.split("Options:\n")[1]
        return re.findall(r"--([a-z-]+)", "\n".join(line[:30] for line in text.splitlines()))

    def test_every_command_and_option_is_everywhere(self):
        page = self.dvr("manual").out.replace("\\-", "-").replace("\\fB", "")
        scripts = {s: self.dvr("completion", s).out for s in ("bash", "zsh", "fish")}
        self.assertGreater(len(self.commands()), 5)
        for c in self.commands():
            self.assertIn(".SS dvr %s " % c, page)
            self.assertIn(c, scripts["zsh"])
            for o in self.options(c):
                with self.subTest(command=c, option=o):
                    self.assertIn("--" + o, page)
                    self.assertRegex(scripts["bash"], r"%s\) words='[^']*--%s\b" % (c, o))
                    self.assertRegex(scripts["fish"], r"from %s' -l %s " % (c, o))

    def test_the_page_is_sound_roff(self):
        for tool in (["groff", "-man", "-ww", "-Tutf8", "-k"],):
            r = run(*tool, input=self.dvr("manual").out)
            self.assertEqual((r.returncode, r.stderr), (0, ""))
            self.assertIn("EXIT STATUS", re.sub(r"\x1b\[[0-9;]*m|.\x08", "", r.stdout))

    def test_the_scripts_parse(self):
        for shell in ("bash", "zsh", "fish"):
            if shell != "bash" and not shutil.which(shell):
                continue
            path = self.write("completion." + shell, self.dvr("completion", shell).out)
            r = run(shell, "-n", path)
            self.assertEqual((r.returncode, r.stderr), (0, ""), shell)
        self.assertOneLineError(self.dvr("completion", "tcsh"), 2, "tcsh")

    def complete(self, *words):
        """What bash offers behind `words`."""
        path = self.write("completion.bash", self.dvr("completion", "bash").out)
        script = ('source "$1"; shift; dvr() { "$DVR" "$@"; }; COMP_WORDS=("$@"); '
                  'COMP_CWORD=$(($# - 1)); _dvr; printf "%s\\n" "${COMPREPLY[@]}"')
        r = run("bash", "-c", script, "bash", path, "dvr", *words, cwd=self.dir)
        self.assertEqual(r.stderr, "")
        return r.stdout.split()

    def test_bash_offers_what_fits(self):
        self.config()
        self.run_suite('get("/boom")')
        tape = os.listdir(self.path("fixtures"))
        self.assertEqual(self.complete("regr"), ["regress"])
        self.assertEqual(self.complete("regress", "--timing", "pre"), ["precise"])
        self.assertEqual(self.complete("regress", "--timing", "=", "pre"), ["precise"])
        self.assertEqual(self.complete("regress", "--timing", "="), ["recorded", "fast", "2x", "precise"])
        self.assertIn("--junit", self.complete("regress", "--j"))
        self.assertEqual(self.complete("show", ""), tape)
        self.assertIn("dvr.yaml", self.complete("regress", "-c", "dv"))
        self.assertEqual(self.complete("completion", "f"), ["fish"])

    def test_fish_and_zsh_offer_what_fits(self):
        if shutil.which("fish"):
            path = self.write("dvr.fish", self.dvr("completion", "fish").out)
            r = run("fish", "-c", "source %s; complete -C 'dvr regress --timing pre'" % path, cwd=self.dir)
            self.assertIn("precise", r.stdout, r.stderr)

    def test_install_goes_where_it_is_told(self):
        r = run("make", "-C", ROOT, "-s", "install", "BUILD=" + os.path.relpath(BUILD, ROOT),
                "DESTDIR=" + self.path("root"), "PREFIX=/opt/dvr")
        self.assertEqual(r.returncode, 0, r.stderr)
        at = lambda *p: self.path("root", "opt", "dvr", *p)
        self.assertIn("dvr ", run(at("bin", "dvr-cli"), "--version").stdout)
        for p in ("man/man1/dvr.1", "bash-completion/completions/dvr",
                  "zsh/site-functions/_dvr", "fish/vendor_completions.d/dvr.fish"):
            self.assertGreater(os.path.getsize(at("share", p)), 500, p)


main()
