/* Route templates and failure signatures: when are two failures the same? */
#ifndef DVR_RELATE_ROUTE_H
#define DVR_RELATE_ROUTE_H

#include <dvr/tape/tape.h>

/*
 * "/api/v2/orders/{}/items": a segment that is a number, UUID, hex of 8 or
 * more, a scrub handle, or mixes letters with digits (but for v1, v2 …) is
 * `{}`.  Appended to `out`, without the query.
 */
void route_template(struct slice path, struct buf *out);
/* A request's: its path's template, or for a gRPC call the path itself, which
 * names service and method. */
void route_of(const struct message *request, struct buf *out);
/* GraphQL operation name or first field, SOAPAction, X-Amz-Target, gRPC has
 * it in the path; "" when none.  Slice into the message or arena. */
struct slice route_operation(struct arena *a, const struct message *request);
/* "ValueError: bad id 17 at /x/y.py:33" → numbers, hex, paths and quoted text
 * replaced by their class, so that equal exceptions are equal. */
void route_normalise_exception(struct slice line, struct buf *out);
/*
 * Hex SHA-256 over method, template, operation, outcome, normalised exception
 * and the shape of the request's body (keys and kinds, not values).
 */
void route_signature(const struct exchange *x, const struct trigger *t,
		     char out[65]);
/* "post-checkout-pay-500-7889a": readable and deterministic; [a-z0-9-]. */
void route_tape_id(const struct exchange *x, const struct trigger *t,
		   const char *signature, struct buf *out);

#endif
