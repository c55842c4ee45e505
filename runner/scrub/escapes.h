/* Text of terminals: colours and titles among its letters. */
#ifndef SCRUB_ESCAPES_H
#define SCRUB_ESCAPES_H

#include <dvr/base/arena.h>

/* The text without escape sequences (ECMA-48): they tear secrets apart.  The
 * text itself when there are none. */
struct slice without_escapes(struct arena *a, struct slice text);

#endif
