/* A tape as plain text: a line a field, nothing that differs by itself. */
#ifndef CLI_PLAIN_H
#define CLI_PLAIN_H

#include <dvr/tape/tape.h>

/*
 * What two tapes are compared by: heads, fields of bodies in the document's
 * order, messages; no times, no hashes.  Controls are escaped.
 */
void plain_tape(const struct tape *t, struct buf *out);

#endif
