"""Ways in which a build can be wrong without showing the recorded failure.

SHOP_MUTANT names one; without it nothing here does anything.
  unauthorized  401 to every call
  missing       404 to every call
  other500      the payment fails for another reason
  dies          the process ends 200 ms after its last answer
  hangs         the payment is never answered
  late          the first answer (init) comes 400 ms late
"""
import os
import threading
import time

CHOSEN = os.environ.get("SHOP_MUTANT", "")
KNOWN = ("", "unauthorized", "missing", "other500", "dies", "hangs", "late")
if CHOSEN not in KNOWN:
    raise SystemExit(f"SHOP_MUTANT={CHOSEN}: there are {', '.join(KNOWN[1:])}")

DIES_AFTER_S = 0.2
LATE_S = 0.4
_lock = threading.Lock()
_death = None


class Answer(Exception):
    """Ends a call with this status and body."""


def before(path):
    """Called before each call does its work."""
    if CHOSEN == "unauthorized":
        raise Answer(401, {"error": "who are you?"})
    if CHOSEN == "missing":
        raise Answer(404, {"error": "no such call"})
    if CHOSEN == "late" and path.endswith("/init"):
        time.sleep(LATE_S)
    if path.endswith("/process_payment"):
        if CHOSEN == "other500":
            raise KeyError("currency")
        if CHOSEN == "hangs":
            threading.Event().wait()


def begun():
    """A request has come: the last answer was not the last one after all."""
    global _death
    with _lock:
        if _death is not None:
            _death.cancel()
            _death = None


def answered():
    global _death
    if CHOSEN != "dies":
        return
    with _lock:
        if _death is not None:
            _death.cancel()
        _death = threading.Timer(DIES_AFTER_S, os._exit, (70,))
        _death.daemon = True
        _death.start()
