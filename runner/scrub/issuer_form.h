/*
 * Forms: what stands for a credential of several parts is of the same parts,
 * so that who cuts it at its dots, or asks for its prefix, still can.
 */
#ifndef SCRUB_ISSUER_FORM_H
#define SCRUB_ISSUER_FORM_H

#include "draw.h"
#include "handle.h"

/* Has the class a form? */
bool form_is_of(struct slice class);
/* Appends h->length bytes in the form of its class; false: it has none, or
 * none of that length. */
bool form_expand(const struct handle *h, struct stream *s, struct buf *out);

#endif
