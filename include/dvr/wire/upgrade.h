/*
 * `Upgrade: h2c` (RFC 7540 §3.2), which is never passed on: who declines it
 * takes Upgrade, HTTP2-Settings and what Connection says of them out of a
 * request, and the client goes on in HTTP/1.1.
 */
#ifndef DVR_WIRE_UPGRADE_H
#define DVR_WIRE_UPGRADE_H

#include <dvr/base/buf.h>

#include <stdbool.h>

/* Do these values of Upgrade and of HTTP2-Settings (p NULL: not there) offer
 * it? */
bool upgrade_offers_h2c(struct slice upgrade, struct slice settings);
/* Does a field of this name belong to the offer alone? */
bool upgrade_is_field(struct slice name);
/* Adds a Connection field's value without the offer; false: nothing is left of
 * it, and nothing was added. */
bool upgrade_decline(struct slice connection, struct buf *out);

#endif
