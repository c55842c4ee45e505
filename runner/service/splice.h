/* Two sockets made one: what one end sends the other gets. */
#ifndef SERVICE_SPLICE_H
#define SERVICE_SPLICE_H

#include <dvr/net/loop.h>

struct splice;

/* Owns both descriptors from here on; `outer` may still be connecting.  It is
 * in *list until both directions have ended. */
void splice_start(struct splice **list, struct loop *l, int inner, int outer);
void splice_end_all(struct splice **list);

#endif
