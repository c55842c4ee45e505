/* Signs failures and counts those that are known (see seen.h). */
#include "seen.h"
#include "decode.h"

#include <dvr/base/mem.h>
#include <dvr/relate/route.h>

#include <stdlib.h>
#include <string.h>

/* What of a message the parent decodes for a signature: heads and the shape of
 * a body.  More would stall the relay. */
#define SIGN_BYTES (64u * KiB)
#define DETAIL_MAX 1024u
#define TRIGGER_TEXT_MAX 512u

struct slice
seen_detail(const struct pending *p)
{
	struct slice line = SLICE("");
	struct buf b;

	switch (p->kind) {
	case TRIGGER_EXIT:
	case TRIGGER_SIGNAL:
		line = exception_line(p->tail);
		break;
	case TRIGGER_LOG:
	case TRIGGER_SESSION:
		line = slice_cut(&(struct slice){ p->line.p, p->line.n },
				 '\n');
		break;
	case TRIGGER_STATUS:
	case TRIGGER_RESET:
	case TRIGGER_TIMEOUT:
	case TRIGGER_SUITE:
	case TRIGGER_GRPC:
	case TRIGGER_CLOSE:
		/* Which log line is theirs is a matter of chance. */
		break;
	}
	if (line.n == 0)
		return slice_of(NULL, 0);
	buf_init(&b, 16 * DETAIL_MAX);
	route_normalise_exception(slice_words(line, DETAIL_MAX), &b);
	return slice_of(b.p, b.n);
}

static void
trigger_for(const struct pending *p, struct slice detail, struct trigger *out)
{
	*out = (struct trigger){
		.kind = p->kind,
		.exchange = p->x ? 1 : 0,
		.value = p->value,
		.detail = detail,
	};
}

static void
failing_exchange(const struct ledger *l, const struct pending *p,
		 struct arena *a, struct exchange *out)
{
	struct decode_in in = {
		.ledger = l,
		.x = p->x,
		.max_bytes = SIGN_BYTES,
		.until_ns = UINT64_MAX,
	};

	*out = (struct exchange){ .id = 1 };
	if (!p->x)
		return;
	if (p->kind == TRIGGER_TIMEOUT)
		in.until_ns = p->at_ns;
	in.t0_ns = p->x->at_ns[LX_REQUEST];
	decode_exchange(a, &in, out);
}

void
seen_sign(struct ledger *l, struct pending *p)
{
	struct arena *a;
	struct exchange x;
	struct trigger t;
	struct slice detail;

	if (p->signed_off)
		return;
	a = arena_create();
	detail = seen_detail(p);
	trigger_for(p, detail, &t);
	failing_exchange(l, p, a, &x);
	route_signature(&x, &t, p->signature);
	p->signed_off = true;
	if (detail.n > 0)
		explicit_bzero((char *)(uintptr_t)detail.p, detail.n);
	free((char *)(uintptr_t)detail.p);
	arena_wipe(a);
}

size_t
seen_entry(const struct ledger *l, const char *signature)
{
	size_t i;

	for (i = 0; i < l->nentries; i++)
		if (strcmp(l->entries[i].signature, signature) == 0)
			return i;
	return SIZE_MAX;
}

static void
kind_text(const struct pending *p, struct buf *out)
{
	switch (p->kind) {
	case TRIGGER_STATUS:
		buf_fmt(out, "%d", p->value);
		break;
	case TRIGGER_GRPC:
		buf_fmt(out, "grpc-status %d", p->value);
		break;
	case TRIGGER_CLOSE:
		buf_fmt(out, "close %d", p->value);
		break;
	case TRIGGER_EXIT:
		buf_fmt(out, "exit %d", p->value);
		break;
	case TRIGGER_SIGNAL:
		buf_fmt(out, "signal %d", p->value);
		break;
	case TRIGGER_RESET:
		buf_adds(out, "connection reset");
		break;
	case TRIGGER_LOG:
		buf_adds(out, "exception logged");
		break;
	case TRIGGER_TIMEOUT:
		buf_adds(out, "time-out");
		break;
	case TRIGGER_SESSION:
		buf_adds(out, "session failed");
		break;
	case TRIGGER_SUITE:
		buf_adds(out, "suite failed");
		break;
	}
}

/* "500 POST /checkout/{}": goes to the terminal, so it is scrubbed. */
static char *
trigger_text(struct ledger *l, const struct pending *p)
{
	struct arena *a = arena_create();
	struct buf raw, clean;
	struct exchange x;
	char *text;
	size_t i;

	buf_init(&raw, HTTP1_HEAD_MAX);
	buf_init(&clean, HTTP1_HEAD_MAX);
	failing_exchange(l, p, a, &x);
	if (x.request.present) {
		buf_addc(&raw, ' ');
		buf_add(&raw, message_method(&x.request));
		buf_addc(&raw, ' ');
		route_of(&x.request, &raw);
	}
	kind_text(p, &clean);
	if (l->scrub)
		scrub_text(l->scrub, buf_slice(&raw), &clean);
	text = mem_strdup(buf_cstr(&clean));
	for (i = 0; text[i]; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = '?';
	if (i > TRIGGER_TEXT_MAX)
		text[TRIGGER_TEXT_MAX] = '\0';
	buf_release(&raw);
	buf_release(&clean);
	arena_wipe(a);
	return text;
}

static size_t
add_row(struct ledger *l, struct pending *p)
{
	size_t i = l->nentries;

	if (i >= ENTRIES_MAX)
		return SIZE_MAX;
	l->tapes = mem_grow(l->tapes, i + 1, sizeof(*l->tapes));
	l->entries = mem_grow(l->entries, i + 1, sizeof(*l->entries));
	l->entries[i] = (struct entry){ .decided = false };
	memcpy(l->entries[i].signature, p->signature, sizeof(p->signature));
	l->tapes[i] = (struct ledger_tape){
		.id = mem_strdup(""),
		.dir = mem_strdup(""),
		.trigger = trigger_text(l, p),
		.seen = p->seen,
	};
	l->nentries++;
	return i;
}

bool
seen_count(struct ledger *l, struct pending *p)
{
	size_t i = seen_entry(l, p->signature), k;

	if (i != SIZE_MAX) {
		l->tapes[i].seen += p->seen;
		return true;
	}
	for (k = 0; k < l->nknown; k++)
		if (strcmp(l->known[k].signature, p->signature) == 0)
			break;
	if (k == l->nknown || (i = add_row(l, p)) == SIZE_MAX)
		return false;
	free(l->tapes[i].id);
	l->tapes[i].id = mem_strdup(l->known[k].tape);
	l->tapes[i].known = true;
	l->entries[i].decided = true;
	return true;
}

size_t
seen_add(struct ledger *l, struct pending *p)
{
	return add_row(l, p);
}

void
ledger_known(struct ledger *l, const char *signature, const char *tape)
{
	struct known *k;

	if (strlen(signature) != sizeof(k->signature) - 1)
		return;
	l->known = mem_grow(l->known, l->nknown + 1, sizeof(*l->known));
	k = &l->known[l->nknown++];
	memcpy(k->signature, signature, sizeof(k->signature));
	k->tape = mem_strdup(tape);
}

void
seen_finish(struct ledger *l)
{
	size_t i;

	for (i = 0; i < l->nknown; i++)
		free(l->known[i].tape);
	for (i = 0; i < l->nentries; i++) {
		free(l->tapes[i].id);
		free(l->tapes[i].dir);
		free(l->tapes[i].trigger);
		free(l->tapes[i].error);
		free(l->tapes[i].not_replayable);
		free(l->tapes[i].loss);
		free(l->tapes[i].mocks);
	}
	free(l->known);
	free(l->tapes);
	free(l->entries);
}
