/* What the user should know of connections that no tape tells in full. */
#include "state.h"

#include <stdio.h>
#include <string.h>

struct proxy_notice *
notice(struct lane *l, enum proxy_notice_kind kind, const char *peer,
       const char *why)
{
	struct proxy *p = l->proxy;
	struct proxy_notice *n = p->notices, *end = n + p->nnotices;

	while (n < end && (n->kind != kind || n->lane != l->name ||
			   strcmp(n->peer, peer) != 0 ||
			   strcmp(n->why, why) != 0))
		n++;
	if (n == end && p->nnotices < NOTICES_MAX) {
		p->nnotices++;
		*n = (struct proxy_notice){ .kind = kind, .lane = l->name };
		snprintf(n->peer, sizeof(n->peer), "%s", peer);
		snprintf(n->why, sizeof(n->why), "%s", why);
	} else if (n == end) {
		n--;	/* the last one stands for all that follow */
	}
	n->count++;
	return n;
}

size_t
proxy_notices(const struct proxy *p, const struct proxy_notice **out)
{
	*out = p->notices;
	return p->nnotices;
}
