/*
 * Bindings from and into the messages of WebSockets: a place in the body of
 * such an exchange begins with the number of a message of that side.
 */
#ifndef REPLAY_RESOLVE_SPOKEN_H
#define REPLAY_RESOLVE_SPOKEN_H

#include "resolve_private.h"

/* Is the value at `p` in a message of the exchange? */
bool spoken_place(const struct tape *t, size_t index, const struct place *p);
/* Reads the server's message that the binding takes its value from, if it is a
 * message, and has come. */
void spoken_read(struct resolver *r, struct bound *b);

#endif
