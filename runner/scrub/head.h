/* Heads whose exact bytes are kept beside their lines. */
#ifndef SCRUB_HEAD_H
#define SCRUB_HEAD_H

#include <dvr/base/buf.h>

/*
 * Copies `raw` to `out` with lines[i] replaced by now[i]; what stands between
 * them (terminators, oddities) stays.  false when the lines are not found in
 * it, in order.
 */
bool head_replace(struct slice raw, const struct slice *lines,
		  const struct slice *now, size_t n, struct buf *out);

#endif
