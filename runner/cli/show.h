/* What `dvr show` prints of an exchange, a file for each kind. */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include <dvr/tape/tape.h>

/* Text of a tape on a terminal: controls are escaped. */
void show_safe(struct slice s);
/* The messages of a call or a WebSocket, one a line, with their fields; at
 * most `most` of them. */
void show_messages(const struct exchange *x, size_t most);

#endif
