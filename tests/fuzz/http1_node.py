"""Our HTTP/1.1 decoder against Node's parser, with streams of a grammar and their
mutations: http1_node.py SECONDS [SEED]. What the two judge otherwise is printed (the
shortest of each kind) and is the exit status."""
import os
import random
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from http1_streams import ANSWERS, Grammar, NodeParser, TRAPS, build_tool, differences, mutate

BATCH = 2000


def batches(rnd):
    known = [("q", s) for s in TRAPS] + ANSWERS
    while True:
        grammar = Grammar(rnd, rnd.choice((0.01, 0.04, 0.1, 0.3)))
        yield [grammar.record() if rnd.random() < 0.8 else (lambda r: (r[0], mutate(rnd, r[1])))(rnd.choice(known))
               for _ in range(BATCH)]


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60
    seed = sys.argv[2] if len(sys.argv) > 2 else str(time.time_ns())
    until, count, found = time.monotonic() + seconds, 0, {}
    with tempfile.TemporaryDirectory() as tmp, NodeParser() as parser:
        tool = build_tool(tmp)
        for batch in batches(random.Random(seed)):
            for why, kind, stream, we, they in differences(batch, tool, parser):
                best = found.get((why, kind))
                if best is None or len(stream) < len(best[0]):
                    found[why, kind] = stream, we, they
            count += len(batch)
            if time.monotonic() > until:
                break
    for (why, kind), (stream, we, they) in sorted(found.items()):
        print("%s (%s)\n  sent %r\n  ours %r\n  node %r" % (why, kind, stream, we, they))
    print("%d streams in %.0f s with seed %s, %d kinds of difference" % (count, seconds, seed, len(found)))
    return 1 if found else 0


sys.exit(main())
