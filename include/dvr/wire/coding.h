/*
 * Content codings (RFC 9110 §8.4): gzip, deflate (zlib or raw), br, zstd,
 * identity, and lists of them.  Bounded in output size and in ratio, so that a
 * bomb costs what its limit says.
 */
#ifndef DVR_WIRE_CODING_H
#define DVR_WIRE_CODING_H

#include <dvr/base/buf.h>
#include <dvr/base/err.h>

enum coding_result {
	CODING_OK,
	CODING_UNKNOWN,		/* a name that is not known */
	CODING_BROKEN,		/* truncated or corrupt */
	CODING_LIMIT		/* over out's limit, or over the ratio cap */
};

/* `names` is the header's value ("gzip, br"); undone from the last to the
 * first.  Appends to `out`; on failure `out` keeps what was decoded before the
 * fault (a broken stream's readable part is still scanned for secrets). */
enum coding_result coding_decode(struct slice names, struct slice in,
				 struct buf *out);
/* Appends `in` under the codings that `names` lists, applied from the first to
 * the last; not the same bytes as another encoder's. */
enum coding_result coding_encode(struct slice names, struct slice in,
				 struct buf *out);
/* True when every name is known (so that an identity-only list is too). */
bool coding_known(struct slice names);
/* True when there is nothing to undo. */
bool coding_identity(struct slice names);

#endif
