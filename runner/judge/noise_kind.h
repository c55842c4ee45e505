/* What sort of noise are these values of one field? (private to noise.c) */
#ifndef DVR_RUNNER_JUDGE_NOISE_KIND_H
#define DVR_RUNNER_JUDGE_NOISE_KIND_H

#include <dvr/base/slice.h>

/* "clock", "uuid", "counter", "float" or "random". */
const char *noise_kind(const struct slice *v, size_t n);

#endif
