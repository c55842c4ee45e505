/* What sort of noise are these values of one field? (private to noise.c) */
#ifndef DVR_RUNNER_JUDGE_NOISE_KIND_H
#define DVR_RUNNER_JUDGE_NOISE_KIND_H

#include <dvr/base/slice.h>

/*
 * "clock", "uuid", "counter", "float" or "random"; NULL: none.  What takes the
 * same value in two replays and another one in a third is one of a few states
 * (by who came first, say), and money that differs is a finding.
 */
const char *noise_kind(struct slice place, const struct slice *v, size_t n);

/* noise_name.c: "subtotal_cents", "/lines/0/unitPrice"; "took_ms". */
bool noise_names_amount(struct slice place);
bool noise_names_time(struct slice place);

#endif
