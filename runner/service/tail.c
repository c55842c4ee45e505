/* The bounded tail of a service's output and the patterns over its lines. */
#include "tail.h"

#include <dvr/base/mem.h>
#include <dvr/service/service.h>

#include <pcre2.h>
#include <stdlib.h>

/* Patterns see this much of a line: a longer one is data, not a message. */
#define LINE_MAX_BYTES (16u * KiB)
/* A pattern that backtracks without end gives up after some milliseconds. */
#define MATCH_LIMIT 100000u
#define DEPTH_LIMIT 10000u
#define HEAP_LIMIT_KIB 4096u

struct tail {
	struct buf text;	/* up to twice the tail: cut seldom */
	struct buf line;	/* the unfinished line */
	struct buf hit_line;
	bool cut;		/* the text began earlier */
	pcre2_code *hit, *ready;
	pcre2_match_context *limits;
	pcre2_match_data *match;
};

static int
compile(const char *pattern, pcre2_code **out, struct err *e)
{
	char q[QUOTE_MAX], why[128];
	PCRE2_SIZE at;
	int code;

	if (!pattern)
		return 0;
	*out = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, 0,
			     &code, &at, NULL);
	if (*out)
		return 0;
	pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof(why));
	return err_set(e, ERR_USAGE, "bad log pattern '%s' at offset %zu: %s",
		       quote(slice_str(pattern), q), (size_t)at, why);
}

struct tail *
tail_create(const char *hit, const char *ready, struct err *e)
{
	struct tail *t = mem_alloc(sizeof(*t));

	buf_init(&t->text, (size_t)2 * SERVICE_LOG_TAIL);
	buf_init(&t->line, LINE_MAX_BYTES);
	buf_init(&t->hit_line, LINE_MAX_BYTES);
	t->limits = pcre2_match_context_create(NULL);
	t->match = pcre2_match_data_create(1, NULL);
	if (!t->limits || !t->match)
		abort();
	pcre2_set_match_limit(t->limits, MATCH_LIMIT);
	pcre2_set_depth_limit(t->limits, DEPTH_LIMIT);
	pcre2_set_heap_limit(t->limits, HEAP_LIMIT_KIB);
	if (compile(hit, &t->hit, e) < 0 || compile(ready, &t->ready, e) < 0) {
		tail_destroy(t);
		return NULL;
	}
	return t;
}

void
tail_destroy(struct tail *t)
{
	if (!t)
		return;
	pcre2_code_free(t->hit);
	pcre2_code_free(t->ready);
	pcre2_match_data_free(t->match);
	pcre2_match_context_free(t->limits);
	buf_release(&t->text);
	buf_release(&t->line);
	buf_release(&t->hit_line);
	free(t);
}

void
tail_clear(struct tail *t)
{
	buf_clear(&t->text);
	buf_clear(&t->line);
	buf_clear(&t->hit_line);
	t->cut = false;
}

static bool
matches(const struct tail *t, const pcre2_code *code, struct slice line)
{
	/* Too much work counts as no match. */
	return code && pcre2_match(code, (PCRE2_SPTR)line.p, line.n, 0, 0,
				   t->match, t->limits) >= 0;
}

/* Looks at the line in `line`, which is whole, and empties it. */
static unsigned
line_done(struct tail *t)
{
	struct slice line = slice_str("");
	unsigned seen = 0;

	if (t->line.n > 0)
		line = buf_slice(&t->line);
	if (t->line.n == t->line.limit)
		line = slice_words(line, line.n - 1);
	if (slice_ends(line, SLICE("\r")))
		line.n--;
	if (matches(t, t->hit, line)) {
		buf_clear(&t->hit_line);
		buf_add(&t->hit_line, line);
		seen |= TAIL_HIT;
	}
	if (matches(t, t->ready, line))
		seen |= TAIL_READY;
	buf_clear(&t->line);
	return seen;
}

static void
add_to_line(struct tail *t, struct slice s)
{
	size_t room = t->line.limit - t->line.n;

	buf_add(&t->line, slice_range(s, 0, room));
}

static void
keep(struct tail *t, struct slice s)
{
	if (s.n >= SERVICE_LOG_TAIL) {
		t->cut |= s.n > SERVICE_LOG_TAIL || t->text.n > 0;
		s = slice_from(s, s.n - SERVICE_LOG_TAIL);
		buf_clear(&t->text);
	}
	if (s.n > t->text.limit - t->text.n) {
		t->cut = true;
		buf_drop(&t->text, t->text.n - (SERVICE_LOG_TAIL - s.n));
	}
	buf_add(&t->text, s);
}

unsigned
tail_add(struct tail *t, struct slice s)
{
	unsigned seen = 0;

	keep(t, s);
	if (!t->hit && !t->ready)
		return 0;
	for (ssize_t at; (at = slice_chr(s, '\n')) >= 0;) {
		add_to_line(t, slice_range(s, 0, (size_t)at));
		seen |= line_done(t);
		s = slice_from(s, (size_t)at + 1);
	}
	add_to_line(t, s);
	/* "listening on 80" may well be flushed before its line's end. */
	if (t->line.n > 0 && matches(t, t->ready, buf_slice(&t->line)))
		seen |= TAIL_READY;
	return seen;
}

unsigned
tail_end(struct tail *t)
{
	return t->line.n > 0 ? line_done(t) : 0;
}

struct slice
tail_text(const struct tail *t)
{
	struct slice all = buf_slice(&t->text);
	ssize_t newline;

	if (!t->cut && all.n <= SERVICE_LOG_TAIL)
		return all;
	if (all.n > SERVICE_LOG_TAIL)
		all = slice_from(all, all.n - SERVICE_LOG_TAIL);
	/* Half a line may begin with half a secret, which nobody knows for
	 * one any more. */
	newline = slice_chr(all, '\n');
	return slice_from(all, newline < 0 ? all.n : (size_t)newline + 1);
}

struct slice
tail_hit_line(const struct tail *t)
{
	return buf_slice(&t->hit_line);
}
