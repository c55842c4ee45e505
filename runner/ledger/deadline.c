/*
 * on_timeout: one timer over the open ingress exchanges, in the order in which
 * they are to be looked at.
 *
 * Bytes do not move an exchange in the list (that would cost every read);
 * when its turn comes, the time of its last byte says when to look again.
 */
#include "book.h"

static void
list_insert(struct ledger *l, struct live *v)
{
	struct live *at = l->deadlines.prev;

	/* New ones belong at the end; only those looked at again walk. */
	while (at != &l->deadlines && at->check_ns > v->check_ns)
		at = at->prev;
	v->prev = at;
	v->next = at->next;
	at->next->prev = v;
	at->next = v;
	v->timed = true;
}

static void
list_take(struct live *v)
{
	v->prev->next = v->next;
	v->next->prev = v->prev;
	v->timed = false;
}

void
deadline_begin(struct ledger *l, struct lx *x)
{
	struct live *v = x->live;

	if (l->config.on_timeout_ns == 0)
		return;
	v->check_ns = v->last_ns + l->config.on_timeout_ns;
	list_insert(l, v);
	if (l->deadlines.next == v)
		ledger_arm(l, v->check_ns);
}

void
deadline_end(struct ledger *l, struct lx *x)
{
	(void)l;
	if (x->live->timed)
		list_take(x->live);
}

/* Is it the service that is late?  Not while the client still sends, and not
 * when the answer is one that may rest as long as it likes. */
static bool
service_is_late(const struct lx *x)
{
	if (x->flags & (LXF_RESP_ENDED | LXF_ENDLESS | LXF_CLIENT_GONE))
		return false;
	return (x->flags & (LXF_REQ_ENDED | LXF_ANSWER)) != 0;
}

uint64_t
deadline_check(struct ledger *l, uint64_t now_ns)
{
	uint64_t due;
	struct live *v;

	while (l->deadlines.next != &l->deadlines) {
		v = l->deadlines.next;
		if (v->check_ns > now_ns)
			return v->check_ns;
		list_take(v);
		if (v->x->flags & LXF_ENDLESS)
			continue;
		due = v->last_ns + l->config.on_timeout_ns;
		if (due <= now_ns && service_is_late(v->x)) {
			trigger_timeout(l, v->x, now_ns);
			continue;
		}
		v->check_ns = due > now_ns ? due :
			now_ns + l->config.on_timeout_ns;
		list_insert(l, v);
	}
	return UINT64_MAX;
}
