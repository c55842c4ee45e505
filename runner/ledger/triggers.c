/* Tells which exchange failed and how, and which failures are none. */
#include "book.h"
#include "stream_record.h"

#include <dvr/wire/websocket.h>

#include <fnmatch.h>
#include <string.h>

#define REQUEST_LINE_MAX 4096u

/* The start line as it stands in the ring: "GET", "/path" (no query). */
struct request_line {
	char text[REQUEST_LINE_MAX];
	const char *method, *path;
};

static void
read_line(const struct ledger *l, const struct lx *x, struct request_line *out)
{
	struct ring_cursor w;
	struct record rec;
	struct slice line, method, target;
	size_t n = 0, part;
	ssize_t at;

	ring_walk(&w, &l->ring, &x->chain);
	while (n < sizeof(out->text) - 1 && ring_next(&w, &rec)) {
		if (rec.side != LX_REQUEST)
			continue;
		part = sizeof(out->text) - 1 - n;
		if (part > rec.bytes.n)
			part = rec.bytes.n;
		memcpy(out->text + n, rec.bytes.p, part);
		n += part;
		if (x->stream == 0 && memchr(rec.bytes.p, '\n', part))
			break;
	}
	out->text[n] = '\0';
	line = slice_of(out->text, n);
	if (x->stream > 0) {
		struct stream_record head;
		struct slice rest = line;

		if (!stream_record_next(&rest, &head) ||
		    !stream_record_line(&head.payload, &line))
			line = slice_of(out->text, 0);
	} else {
		line = slice_cut(&line, '\n');
	}
	method = slice_cut(&line, ' ');
	target = slice_cut(&line, ' ');
	if (slice_istarts(target, SLICE("http://")) &&
	    (at = slice_chr(slice_from(target, 7), '/')) >= 0)
		target = slice_from(target, 7 + (size_t)at);
	target = slice_cut(&target, '?');
	out->method = out->path = "";
	if (method.n > 0) {
		out->method = method.p;
		out->text[(size_t)(method.p - out->text) + method.n] = '\0';
	}
	if (target.p) {
		out->text[(size_t)(target.p - out->text) + target.n] = '\0';
		out->path = target.p;
	}
}

static bool
is_any(const char *pattern)
{
	return !pattern || pattern[0] == '\0' || strcmp(pattern, "*") == 0;
}

/* A rule with a status is about that answer only; one without covers every
 * failure of the route but a death of the service. */
static bool
ignored(const struct ledger *l, const struct failure *f)
{
	const struct ledger_ignore *r = l->config.ignore;
	struct request_line line;
	size_t i;

	if (!f->x || l->config.nignore == 0)
		return false;
	read_line(l, f->x, &line);
	for (i = 0; i < l->config.nignore; i++, r++) {
		if (r->status && (f->kind != TRIGGER_STATUS ||
				  (unsigned)f->value != r->status))
			continue;
		if (!is_any(r->method) && strcmp(r->method, line.method) != 0)
			continue;
		if (is_any(r->route) || fnmatch(r->route, line.path, 0) == 0)
			return true;
	}
	return false;
}

static bool
report(struct ledger *l, const struct failure *f)
{
	struct session *s = f->x ? f->x->session : f->session;

	if (l->draining || l->service == SERVICE_STOPPING)
		return false;
	if (f->x)
		f->x->flags |= LXF_TRIGGERED;
	if (ignored(l, f)) {
		l->stats.ignored_rules++;
		return false;
	}
	l->triggers++;
	if (s)
		s->triggers++;
	settle_add(l, f);
	return true;
}

static bool
status_triggers(const struct ledger *l, unsigned status)
{
	const struct status_range *r = l->config.on_status;
	size_t i;

	for (i = 0; i < l->config.non_status; i++)
		if (status >= r[i].from && status <= r[i].to)
			return true;
	return false;
}

static bool
grpc_triggers(const struct ledger *l, const struct lx *x)
{
	return x->grpc > 0 && x->grpc <= 32 &&
	       (l->config.on_grpc >> (x->grpc - 1) & 1);
}

/* What was seen of the answer says that it failed. */
static bool
answer_triggers(const struct ledger *l, const struct lx *x, struct failure *f)
{
	if (!(x->flags & LXF_ANSWER))
		return false;
	if (status_triggers(l, x->status)) {
		f->kind = TRIGGER_STATUS;
		f->value = x->status;
		return true;
	}
	f->kind = TRIGGER_GRPC;
	f->value = x->grpc - 1;
	return grpc_triggers(l, x);
}

/* Did the service close on its client, while it was meant to run? */
static bool
is_reset(const struct ledger *l, const struct lx *x, enum lx_end how)
{
	if (!l->config.on_exception || (x->flags & LXF_CLIENT_GONE))
		return false;
	if (how != LX_RST && how != LX_FIN)
		return false;
	/* Of a service that is gone: its end has been told already, or was
	 * meant. */
	return x->incarnation == l->incarnation;
}

void
trigger_answered(struct ledger *l, struct lx *x, enum lx_end how,
		 uint64_t at_ns)
{
	struct failure f = { .x = x, .at_ns = at_ns };

	if (!lx_ingress(l, x) || (x->flags & LXF_TRIGGERED) ||
	    how == LX_REFUSED)
		return;
	if (answer_triggers(l, x, &f)) {
		report(l, &f);
	} else if (is_reset(l, x, how)) {
		f.kind = TRIGGER_RESET;
		f.value = 0;
		report(l, &f);
	}
}

/* The client went away before the answer was whole: what it saw of it counts
 * when that was a failing status. */
void
trigger_left(struct ledger *l, struct lx *x, uint64_t at_ns)
{
	struct failure f = { .x = x, .at_ns = at_ns };

	if (lx_ingress(l, x) && !(x->flags & LXF_TRIGGERED) &&
	    answer_triggers(l, x, &f))
		report(l, &f);
}

void
ledger_websocket_close(struct ledger *l, struct lx *x, unsigned code,
		       uint64_t at_ns)
{
	struct failure f = {
		.kind = TRIGGER_CLOSE,
		.value = (int)code,
		.x = x,
		.at_ns = at_ns,
	};

	if (!(x->flags & (LXF_VOID | LXF_TRIGGERED)) && lx_ingress(l, x) &&
	    l->config.on_exception && websocket_code_failed(code))
		report(l, &f);
}

void
trigger_timeout(struct ledger *l, struct lx *x, uint64_t at_ns)
{
	struct failure f = {
		.kind = TRIGGER_TIMEOUT,
		.x = x,
		.at_ns = at_ns,
	};

	if (!(x->flags & LXF_TRIGGERED) && report(l, &f))
		x->flags |= LXF_TIMED_OUT;
}

static struct lx *
last_of(const struct ledger *l, const struct session *s)
{
	uint32_t slot;
	struct lx *x;

	for (slot = s->list.tail; slot != LX_NONE; slot = x->sprev) {
		x = lx_at(l, slot);
		if (lx_ingress(l, x) && !lx_refused(x))
			return x;
	}
	return NULL;
}

void
trigger_session(struct ledger *l, struct session *s, struct slice message,
		uint64_t at_ns)
{
	struct failure f = {
		.kind = TRIGGER_SESSION,
		.x = last_of(l, s),
		.session = s,
		.at_ns = at_ns,
		.line = message,
	};

	/* A failure that has a cause of its own was told with that. */
	if (l->config.on_session_failed && s->triggers == 0)
		report(l, &f);
}

void
trigger_suite(struct ledger *l, uint64_t at_ns)
{
	struct failure f = {
		.kind = TRIGGER_SUITE,
		.x = lx_find(l, l->last_ingress, l->last_ingress_seq),
		.session = l->run,
		.at_ns = at_ns,
	};

	report(l, &f);
}

/* Whose request a line in the log belongs to, as far as time can tell. */
static struct lx *
suspect_of(const struct ledger *l, uint64_t at_ns)
{
	uint32_t slot;
	struct lx *x;

	for (slot = l->lists[LX_OPEN].tail; slot != LX_NONE; slot = x->prev) {
		x = lx_at(l, slot);
		if (lx_ingress(l, x) && !lx_refused(x) &&
		    !(x->flags & LXF_ENDLESS))
			return x;
	}
	x = lx_find(l, l->last_ingress, l->last_ingress_seq);
	if (x && x->end_ns[LX_RESPONSE] + LAST_ANSWER_NS >= at_ns)
		return x;
	return NULL;
}

void
ledger_log_hit(struct ledger *l, struct slice line, struct slice tail,
	       uint64_t at_ns)
{
	struct failure f = {
		.kind = TRIGGER_LOG,
		.x = suspect_of(l, at_ns),
		.session = l->run,
		.at_ns = at_ns,
		.line = line,
		.tail = tail,
	};

	if (!l->config.on_exception)
		return;
	/* The same failure, seen from its other side. */
	if (f.x && (f.x->flags & LXF_TRIGGERED))
		return;
	report(l, &f);
}
