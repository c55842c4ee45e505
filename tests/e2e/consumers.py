"""Programs of others that tests ask: installed from npm below build/."""
import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ["BUILD"]
CONSUMERS = os.path.join(BUILD, "consumers")


def run(*argv, **kw):
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=240, **kw)


def installed():
    """The readers' folder; installs them the first time."""
    r = run("sh", os.path.join(ROOT, "tests", "consumers", "install.sh"))
    if r.returncode:
        raise AssertionError("npm could not install the readers:\n" + r.stdout + r.stderr)
    for name in os.listdir(os.path.join(ROOT, "tests", "consumers")):
        if name.endswith(".mjs"):
            with open(os.path.join(ROOT, "tests", "consumers", name)) as src, \
                    open(os.path.join(CONSUMERS, name), "w") as dst:
                dst.write(src.read())
    return CONSUMERS
