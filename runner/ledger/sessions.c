/* Which exchanges belong together: the run, named and control sessions. */
#include "snapshots.h"

#include <dvr/base/hash.h>
#include <dvr/base/mem.h>
#include <dvr/field/header.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_SIZE (2u * SESSIONS_MAX)	/* a power of two */

static uint64_t
fnv(uint64_t h, struct slice s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3ull;
	return h;
}

/* Tenants never share a session: the namespace is part of the key, and a 0
 * byte, which no header value holds, keeps "a"+"bc" and "ab"+"c" apart. */
static uint64_t
key_hash(struct slice namespace, struct slice name)
{
	uint64_t h = fnv(0xcbf29ce484222325ull, namespace);

	return fnv(fnv(h, slice_of("\0", 1)), name);
}

static struct session **
bucket(const struct ledger *l, uint64_t hash)
{
	return &l->table[hash & (TABLE_SIZE - 1)];
}

static void
unhash(struct ledger *l, struct session *s)
{
	struct session **p = bucket(l, s->hash);

	if (!s->hashed)
		return;
	while (*p != s)
		p = &(*p)->hash_next;
	*p = s->hash_next;
	s->hashed = false;
}

static void
touch(struct ledger *l, struct session *s)
{
	if (l->used.older == s)
		return;
	if (s->newer) {
		s->newer->older = s->older;
		s->older->newer = s->newer;
	}
	s->newer = &l->used;
	s->older = l->used.older;
	s->older->newer = s;
	l->used.older = s;
}

static void
session_free(struct ledger *l, struct session *s)
{
	unhash(l, s);
	s->newer->older = s->older;
	s->older->newer = s->newer;
	l->nsessions--;
	snapshots_free(l, s->snapshot);
	free(s->label);
	free(s->prefix);
	free(s);
}

int
sessions_init(struct ledger *l, struct err *e)
{
	struct slice ns = slice_str(l->config.namespace);

	l->used.newer = l->used.older = &l->used;
	l->table = mem_array(TABLE_SIZE, sizeof(struct session *));
	l->run = session_get(l, SESSION_RUN, ns, SLICE(""));
	if (!l->run)
		return err_set(e, ERR_INTERNAL, "no room for a session");
	l->run->holds++;
	return 0;
}

void
sessions_finish(struct ledger *l)
{
	if (!l->table)
		return;
	while (l->used.older != &l->used)
		session_free(l, l->used.older);
	free(l->table);
}

/* The least recently used one that nothing open needs, with its exchanges. */
static bool
reclaim(struct ledger *l)
{
	struct session *s = l->used.newer;
	uint32_t slot, next;

	while (s != &l->used && (s->holds > 0 ||
	       (s->kind == SESSION_CONTROL && !s->ended)))
		s = s->newer;
	if (s == &l->used)
		return false;
	s->holds++;
	for (slot = s->list.head; slot != LX_NONE; slot = next) {
		next = lx_at(l, slot)->snext;
		l->stats.evicted++;
		lx_drop(l, lx_at(l, slot));
	}
	session_free(l, s);
	return true;
}

static char *
header_safe(struct slice s, char *out)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		out[i] = s.p[i] > ' ' && s.p[i] < 0x7f && s.p[i] != '/' ?
			s.p[i] : '_';
	return out + s.n;
}

/* A cookie's value is a secret: its session goes by a number. */
static void
name_session(struct ledger *l, struct session *s, const char *label)
{
	struct slice n;
	char *p;

	s->label = mem_strdup(label);
	n = slice_str(s->label);
	s->prefix = mem_alloc(s->namespace.n + n.n + 3);
	p = header_safe(s->namespace, s->prefix);
	*p++ = '/';
	p = header_safe(n, p);
	*p++ = '/';
	s->prefix_n = (size_t)(p - s->prefix);
	l->stats.sessions++;
}

/* What does not fit a name keeps its start and gets a hash. */
static struct slice
bounded(struct slice s, char out[SESSION_NAME_MAX])
{
	char hex[SHA256_HEX];
	const size_t keep = SESSION_NAME_MAX - 17;

	if (s.n <= SESSION_NAME_MAX)
		return s;
	sha256_hex(s, hex);
	memcpy(out, s.p, keep);
	out[keep] = '-';
	memcpy(out + keep + 1, hex, 16);
	return slice_of(out, SESSION_NAME_MAX);
}

static struct session *
session_find(const struct ledger *l, struct slice namespace,
	     struct slice name)
{
	struct session *s;

	s = *bucket(l, key_hash(namespace, name));
	while (s && !(slice_eq(s->name, name) &&
		      slice_eq(s->namespace, namespace)))
		s = s->hash_next;
	return s;
}

static struct session *
session_make(struct ledger *l, enum session_kind kind, struct slice namespace,
	     struct slice name)
{
	struct session *s, **head;
	char *key;

	if (l->nsessions >= SESSIONS_MAX && !reclaim(l))
		return NULL;
	s = mem_alloc(sizeof(*s) + namespace.n + name.n + 2);
	key = (char *)(s + 1);
	if (namespace.n > 0)
		memcpy(key, namespace.p, namespace.n);
	if (name.n > 0)
		memcpy(key + namespace.n + 1, name.p, name.n);
	s->namespace = slice_of(key, namespace.n);
	s->name = slice_of(key + namespace.n + 1, name.n);
	s->kind = kind;
	s->list = (struct lx_list){ LX_NONE, LX_NONE, 0 };
	s->hash = key_hash(namespace, name);
	s->hashed = true;
	head = bucket(l, s->hash);
	s->hash_next = *head;
	*head = s;
	l->nsessions++;
	touch(l, s);
	return s;
}

struct session *
session_get(struct ledger *l, enum session_kind kind, struct slice namespace,
	    struct slice name)
{
	char ns_tmp[SESSION_NAME_MAX], tmp[SESSION_NAME_MAX];
	struct session *s;

	namespace = bounded(namespace, ns_tmp);
	name = bounded(name, tmp);
	s = session_find(l, namespace, name);
	if (s) {
		touch(l, s);
		return s;
	}
	s = session_make(l, kind, namespace, name);
	if (s)
		name_session(l, s, kind == SESSION_RUN ? "run" :
			     (const char *)s->name.p);
	return s;
}

/* By a value that must not be shown; its label is an ordinal. */
static struct session *
session_secret(struct ledger *l, struct slice namespace, struct slice value)
{
	char ns_tmp[SESSION_NAME_MAX], tmp[SESSION_NAME_MAX], label[40];
	struct session *s;
	struct buf b;

	namespace = bounded(namespace, ns_tmp);
	value = bounded(value, tmp);
	s = session_find(l, namespace, value);
	if (s) {
		touch(l, s);
		return s;
	}
	s = session_make(l, SESSION_NAMED, namespace, value);
	if (!s)
		return NULL;
	buf_init(&b, sizeof(label));
	buf_fmt(&b, "cookie-%llu", (unsigned long long)++l->nlabels);
	name_session(l, s, buf_cstr(&b));
	buf_release(&b);
	return s;
}

struct session *
session_run(struct ledger *l, struct slice namespace)
{
	if (slice_eq(namespace, l->run->namespace))
		return l->run;
	return session_get(l, SESSION_RUN, namespace, SLICE(""));
}

/* One cookie's value from a Cookie header. */
static struct slice
cookie_value(struct slice header, struct slice name)
{
	struct header_walk w = header_walk(HEADER_COOKIE, header);
	struct header_part p;

	while (header_next(&w, &p)) {
		if (p.value.p && slice_eq(p.name, name))
			return p.value;
	}
	return SLICE("");
}

struct session *
session_of(struct ledger *l, const struct http1_head *h, const char *fixed)
{
	const struct ledger_config *c = &l->config;
	const struct http1_header *f = NULL;
	struct slice ns = l->run->namespace, v;

	if (c->namespace_header)
		f = http1_field(h, c->namespace_header);
	if (f && f->value.n > 0)
		ns = f->value;
	if (fixed)
		return session_get(l, SESSION_CONTROL, ns, slice_str(fixed));
	if (c->session_header && (f = http1_field(h, c->session_header)) &&
	    f->value.n > 0)
		return session_get(l, SESSION_NAMED, ns, f->value);
	if (c->session_cookie && (f = http1_field(h, "cookie"))) {
		v = cookie_value(f->value, slice_str(c->session_cookie));
		if (v.n > 0)
			return session_secret(l, ns, v);
	}
	if (c->session_traceparent && (f = http1_field(h, "traceparent")) &&
	    f->value.n >= 35)
		return session_get(l, SESSION_NAMED, ns,
				   slice_range(f->value, 3, 35));
	return session_run(l, ns);
}

static uint64_t *
begun_counter(struct session *s, uint32_t incarnation)
{
	if (s->incarnation < incarnation) {
		s->was_incarnation = s->incarnation;
		s->was_begun = s->begun;
		s->incarnation = incarnation;
		s->begun = 0;
	}
	if (s->incarnation == incarnation)
		return &s->begun;
	return s->was_incarnation == incarnation ? &s->was_begun : NULL;
}

uint64_t
session_begun(const struct session *s, uint32_t incarnation)
{
	if (s->incarnation == incarnation)
		return s->begun;
	return s->was_incarnation == incarnation ? s->was_begun : 0;
}

void
session_uncount(struct session *s, const struct lx *x)
{
	uint64_t *n = begun_counter(s, x->incarnation);

	if (n && *n > 0)
		--*n;
}

static void
slist_push(struct ledger *l, struct session *s, struct lx *x)
{
	uint32_t slot = lx_slot(l, x);

	x->sprev = s->list.tail;
	x->snext = LX_NONE;
	if (x->sprev != LX_NONE)
		lx_at(l, x->sprev)->snext = slot;
	else
		s->list.head = slot;
	s->list.tail = slot;
	s->list.count++;
}

static void
slist_remove(struct ledger *l, struct session *s, struct lx *x)
{
	if (x->sprev != LX_NONE)
		lx_at(l, x->sprev)->snext = x->snext;
	else
		s->list.head = x->snext;
	if (x->snext != LX_NONE)
		lx_at(l, x->snext)->sprev = x->sprev;
	else
		s->list.tail = x->sprev;
	s->list.count--;
}

void
session_join(struct ledger *l, struct session *s, struct lx *x)
{
	uint64_t *n;

	if (x->session == s)
		return;
	if (x->session) {
		session_uncount(x->session, x);
		session_leave(l, x);
	}
	x->session = s;
	if (x->where == LX_OPEN)
		s->holds++;
	n = begun_counter(s, x->incarnation);
	if (n)
		++*n;
	slist_push(l, s, x);
}

void
session_leave(struct ledger *l, struct lx *x)
{
	struct session *s = x->session;

	if (!s)
		return;
	slist_remove(l, s, x);
	x->session = NULL;
	if (x->where == LX_OPEN)
		s->holds--;
	session_release(l, s);
}

void
session_release(struct ledger *l, struct session *s)
{
	if (s->holds == 0 && s->list.count == 0 && s->ended)
		session_free(l, s);
}

int
ledger_session_start(struct ledger *l, const char *name, struct err *e)
{
	struct slice key = slice_str(name);
	struct session *s;
	char tmp[SESSION_NAME_MAX], shown[QUOTE_MAX];

	if (key.n == 0)
		return err_set(e, ERR_USAGE, "a session needs a name");
	s = session_find(l, l->run->namespace, bounded(key, tmp));
	if (s && s->kind == SESSION_CONTROL && !s->ended)
		return err_set(e, ERR_USAGE, "session '%s' runs already",
			       quote(key, shown));
	/* A second try of a test is another session. */
	if (s && s->ended)
		unhash(l, s);
	s = session_get(l, SESSION_CONTROL, l->run->namespace, key);
	if (!s)
		return err_set(e, ERR_INTERNAL,
			       "more than %u sessions at a time",
			       SESSIONS_MAX);
	s->kind = SESSION_CONTROL;
	return 0;
}

static void
end_session(struct ledger *l, struct session *s, bool failed,
	    struct slice message)
{
	uint64_t now = loop_now_ns(l->loop);
	uint32_t slot, next;

	s->holds++;
	s->ended = true;
	s->failed = failed;
	if (failed)
		trigger_session(l, s, message, now);
	settle_verdict(l, s, failed);
	for (slot = s->list.head; slot != LX_NONE; slot = next) {
		next = lx_at(l, slot)->snext;
		lx_retire(l, lx_at(l, slot));
	}
	s->holds--;
	session_release(l, s);
}

int
ledger_session_end(struct ledger *l, const char *name, bool failed,
		   struct slice message, struct err *e)
{
	char tmp[SESSION_NAME_MAX], shown[QUOTE_MAX];
	struct slice key = bounded(slice_str(name), tmp);
	struct session *s, *next;
	size_t ended = 0;

	/* Every tenant's part of it. */
	for (s = l->used.older; s != &l->used; s = next) {
		next = s->older;
		if (s->kind != SESSION_CONTROL || s->ended ||
		    !slice_eq(s->name, key))
			continue;
		ended++;
		end_session(l, s, failed, message);
	}
	if (ended == 0)
		return err_set(e, ERR_USAGE, "no session '%s' is running",
			       quote(slice_str(name), shown));
	return 0;
}
