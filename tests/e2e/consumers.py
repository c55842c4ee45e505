"""Programs of others that tests ask: installed from npm below build/."""
import os
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("BUILD", os.path.join(ROOT, "build"))
CONSUMERS = os.path.join(BUILD, "consumers")


def run(*argv, **kw):
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=240, **kw)


def install(name):
    """The folder of tests/NAME's packages below build/; installs them the first time."""
    r = run("sh", os.path.join(ROOT, "tests", "consumers", "install.sh"), name, env=dict(os.environ, BUILD=BUILD))
    if r.returncode:
        raise AssertionError("npm could not install the %s:\n" % name + r.stdout + r.stderr)
    return os.path.join(BUILD, name)


def installed():
    """The readers' folder, with our programs that use them."""
    install("consumers")
    for name in os.listdir(os.path.join(ROOT, "tests", "consumers")):
        if name.endswith(".mjs"):
            with open(os.path.join(ROOT, "tests", "consumers", name)) as src, \
                    tempfile.NamedTemporaryFile("w", dir=CONSUMERS, delete=False) as dst:
                dst.write(src.read())
            os.replace(dst.name, os.path.join(CONSUMERS, name))    # others may run it just now
    return CONSUMERS
