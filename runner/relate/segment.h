/* Which words of a path or a key are values rather than names. */
#ifndef RELATE_SEGMENT_H
#define RELATE_SEGMENT_H

#include <dvr/base/slice.h>

/* How a scrub handle begins, recognised by its text. */
#define HANDLE_MARK "\xe2\x9f\xa6" "dvr:"

/* A number, UUID, hex of 8 or more, a handle, an address, or letters mixed
 * with digits (but for v1, v2 …). */
bool segment_is_value(struct slice s);

#endif
