/*
 * Noise: fields that differ from themselves when one build is replayed several
 * times.  What is learned here becomes masks in replay.yaml, with a reason.
 */
#ifndef DVR_JUDGE_NOISE_H
#define DVR_JUDGE_NOISE_H

#include <dvr/judge/judge.h>

/* More fields than this are not noise but another answer. */
#define NOISE_MAX 500

/*
 * Compares `n` replays with each other; *out gets what should be masked and is
 * not: a field of an answer, and "clock", "uuid", "counter", "float",
 * "order-of-array" or "random".  Both live in `a`; places are raw text (names
 * come from live answers).  Never a status, a whole body, a list whose length
 * or a value whose type differs, nor what tells of errors in the failing
 * exchange, nor money, nor what is one of a few states; bound values and their
 * echoes need no mask.
 */
size_t noise_find(const struct tape *t, const struct plan *p,
		  const struct observed *seen, size_t n, struct arena *a,
		  struct plan_mask **out);

#endif
