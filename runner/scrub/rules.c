/* The user's rules: PCRE2 with limits, and places. */
#include "rules.h"

#include <dvr/base/mem.h>

#include "handle.h"

#include <stdlib.h>
#include <string.h>

#include <pcre2.h>

/* What one match may cost; beyond, the text is withheld. */
#define MATCH_LIMIT 1000000u	/* backtracks */
#define DEPTH_LIMIT 10000u
#define HEAP_LIMIT_KIB 16384u
#define REPLACE_PARTS 16
#define DEFAULT_CLASS "value"

struct part {			/* of a replace text */
	struct slice text;	/* literal, or the name of a class */
	bool is_class;
	int group;		/* $1 … $9; -1 none */
};

struct rule {
	struct slice name;	/* "dvr.yaml:12" for the tape's list */
	pcre2_code *code;	/* NULL for a rule about places */
	bool keep;		/* what stands at the place stays */
	char *field_text;
	struct place field;
	struct part parts[REPLACE_PARTS];
	size_t nparts, nclasses;
};

struct rules {
	struct rule *v;
	size_t n, nplaces;
	struct arena *arena;
	pcre2_match_context *limits;
	pcre2_match_data *match;
};

/* ---- compile ----------------------------------------------------------- */

static bool
is_class_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* "[MOCK_TOKEN]" at the start of `s`: its length, else 0. */
static size_t
class_length(struct slice s)
{
	size_t n = 1;

	if (s.n < 3 || s.p[0] != '[')
		return 0;
	while (n < s.n && is_class_char(s.p[n]))
		n++;
	return n > 1 && n < s.n && s.p[n] == ']' ? n + 1 : 0;
}

static struct slice
lower_class(struct arena *a, struct slice s)
{
	struct slice copy = arena_copy(a, slice_range(s, 0,
						      HANDLE_CLASS_MAX - 8));
	char *p = arena_str(a, copy);
	size_t i;

	for (i = 0; i < copy.n; i++) {
		char c = p[i];

		if (c >= 'A' && c <= 'Z')
			p[i] = (char)(c - 'A' + 'a');
		else if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'))
			p[i] = '_';
	}
	return slice_of(p, copy.n);
}

static int
add_part(struct rule *r, struct part p)
{
	if (!p.is_class && p.group < 0 && p.text.n == 0)
		return 0;
	if (r->nparts == REPLACE_PARTS)
		return -1;
	r->nclasses += p.is_class;
	r->parts[r->nparts++] = p;
	return 0;
}

static int
parse_replace(struct arena *a, struct rule *r, struct slice s)
{
	size_t i = 0, from = 0;

	while (i < s.n) {
		struct part p = { .group = -1 };
		size_t n = class_length(slice_from(s, i));

		if (n > 0) {
			p.is_class = true;
			p.text = lower_class(a, slice_range(s, i + 1,
							    i + n - 1));
		} else if (s.p[i] == '$' && i + 1 < s.n &&
			   s.p[i + 1] >= '0' && s.p[i + 1] <= '9') {
			p.group = s.p[i + 1] - '0';
			n = 2;
		} else {
			i++;
			continue;
		}
		if (add_part(r, (struct part){ .group = -1, .text =
			     slice_range(s, from, i) }) < 0 ||
		    add_part(r, p) < 0)
			return -1;
		i += n;
		from = i;
	}
	return add_part(r, (struct part){ .group = -1,
			.text = slice_range(s, from, s.n) });
}

/* "Authorization: x" → "(?i:Authorization:) x": names match in any case. */
static void
any_case_name(struct slice regex, struct buf *out)
{
	size_t i = 0, from = regex.n > 0 && regex.p[0] == '^';

	for (i = from; i < regex.n; i++) {
		char c = regex.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || c == '-' || c == '_'))
			break;
	}
	if (i == from || i >= regex.n || regex.p[i] != ':') {
		buf_add(out, regex);
		return;
	}
	buf_add(out, slice_range(regex, 0, from));
	buf_adds(out, "(?i:");
	buf_add(out, slice_range(regex, from, i + 1));
	buf_addc(out, ')');
	buf_add(out, slice_from(regex, i + 1));
}

static int
compile_regex(struct rule *r, const struct scrub_rule *in, struct err *e)
{
	pcre2_compile_context *ctx = pcre2_compile_context_create(NULL);
	struct buf text;
	PCRE2_SIZE at = 0;
	int code = 0;

	pcre2_set_newline(ctx, PCRE2_NEWLINE_ANYCRLF);
	buf_init(&text, 64 * KiB);
	any_case_name(slice_str(in->regex), &text);
	r->code = text.full ? NULL : pcre2_compile(
		(PCRE2_SPTR)buf_cstr(&text), text.n, PCRE2_UTF |
		PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C, &code,
		&at, ctx);
	pcre2_compile_context_free(ctx);
	buf_release(&text);
	if (!r->code) {
		PCRE2_UCHAR why[256] = "longer than 64 KiB";

		if (code)
			pcre2_get_error_message(code, why, sizeof(why));
		return err_set(e, ERR_USAGE,
			       "%s:%u:%u: bad regex: %s (at offset %zu)",
			       in->file ? in->file : "rule", in->line,
			       in->column, (const char *)why, (size_t)at);
	}
	/* without JIT the interpreter takes over */
	pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE);
	return 0;
}

static int
compile_place(struct rules *rs, struct rule *r, const struct scrub_rule *in,
	      struct err *e)
{
	char q[QUOTE_MAX];
	struct slice text = arena_copy(rs->arena, slice_str(
		in->keep ? in->keep : in->field));

	if (place_parse(text, &r->field) < 0)
		return err_set(e, ERR_USAGE, "%s:%u:%u: bad %s '%s'; "
			       "expected a place such as '*.req.body#/user/"
			       "name' or '*.resp.header/x-token'",
			       in->file ? in->file : "rule", in->line,
			       in->column, in->keep ? "keep" : "field",
			       quote(text, q));
	rs->nplaces++;
	return 0;
}

/* Reviewers of a tape read the reason, so there has to be one. */
static int
compile_keep(struct rules *rs, struct rule *r, const struct scrub_rule *in,
	     struct err *e)
{
	struct slice reason = slice_trim(slice_str(in->reason));

	if (reason.n == 0)
		return err_set(e, ERR_USAGE, "%s:%u:%u: a keep needs a reason",
			       in->file ? in->file : "rule", in->line,
			       in->column);
	r->keep = true;
	r->name = arena_fmt(rs->arena, KEEP_RULE "%.*s", SLICE_ARG(reason));
	return compile_place(rs, r, in, e);
}

/* A field rule's `replace` is a class, with or without brackets. */
static struct slice
field_class(struct arena *a, struct slice s)
{
	if (class_length(s) == s.n && s.n > 0)
		s = slice_range(s, 1, s.n - 1);
	return lower_class(a, s);
}

static int
compile(struct rules *rs, struct rule *r, const struct scrub_rule *in,
	struct err *e)
{
	struct slice replace = arena_copy(rs->arena, in->replace ?
		slice_str(in->replace) : SLICE("[VALUE]"));

	r->name = arena_fmt(rs->arena, "%s:%u", in->file ? in->file : "rule",
			    in->line);
	if (in->keep)
		return compile_keep(rs, r, in, e);
	if (!in->regex) {
		r->parts[0] = (struct part){ .is_class = true, .group = -1 };
		r->parts[0].text = field_class(rs->arena, replace);
		r->nparts = r->nclasses = 1;
		return compile_place(rs, r, in, e);
	}
	if (parse_replace(rs->arena, r, replace) < 0)
		return err_set(e, ERR_USAGE, "%s:%u:%u: replace has more "
			       "than %d parts", in->file ? in->file : "rule",
			       in->line, in->column, REPLACE_PARTS);
	return compile_regex(r, in, e);
}

struct rules *
rules_create(const struct scrub_rule *v, size_t n, struct err *e)
{
	struct rules *rs = mem_alloc(sizeof(*rs));
	size_t i;

	rs->arena = arena_create();
	rs->v = mem_array(n + 1, sizeof(*rs->v));
	rs->limits = pcre2_match_context_create(NULL);
	rs->match = pcre2_match_data_create(10, NULL);
	pcre2_set_match_limit(rs->limits, MATCH_LIMIT);
	pcre2_set_depth_limit(rs->limits, DEPTH_LIMIT);
	pcre2_set_heap_limit(rs->limits, HEAP_LIMIT_KIB);
	for (i = 0; i < n; i++) {
		rs->n = i + 1;
		if (compile(rs, &rs->v[i], &v[i], e) < 0) {
			rules_destroy(rs);
			return NULL;
		}
	}
	return rs;
}

void
rules_destroy(struct rules *r)
{
	size_t i;

	if (!r)
		return;
	for (i = 0; i < r->n; i++)
		pcre2_code_free(r->v[i].code);
	pcre2_match_data_free(r->match);
	pcre2_match_context_free(r->limits);
	arena_destroy(r->arena);
	free(r->v);
	free(r);
}

/* ---- match ------------------------------------------------------------- */

static struct slice
group_text(const struct rules *rs, struct slice text, int group, int count)
{
	const PCRE2_SIZE *o = pcre2_get_ovector_pointer(rs->match);

	if (group < 0 || group >= count || o[group * 2] == PCRE2_UNSET ||
	    o[group * 2 + 1] < o[group * 2])
		return (struct slice){ 0 };
	return slice_range(text, o[group * 2], o[group * 2 + 1]);
}

static struct slice
part_text(const struct rules *rs, const struct part *p, struct slice text,
	  int count)
{
	return p->group < 0 ? p->text : group_text(rs, text, p->group, count);
}

/*
 * With one class in `replace`, what the literals around it already say stays
 * as it was on the wire, and the rest is the secret: so `Bearer [MOCK_TOKEN]`
 * names the token alone, wherever else it stands.
 */
static bool
trim_literals(const struct rules *rs, const struct rule *r,
	      struct slice text, int count, struct span *x)
{
	size_t from = x->from, to = x->to, i = 0, k = r->nparts;

	for (; i < r->nparts && !r->parts[i].is_class; i++) {
		struct slice lit = part_text(rs, &r->parts[i], text, count);

		if (!slice_istarts(slice_range(text, from, to), lit))
			return false;
		from += lit.n;
	}
	for (; k > i + 1; k--) {
		struct slice lit = part_text(rs, &r->parts[k - 1], text,
					     count);

		if (to - from < lit.n ||
		    !slice_ieq(slice_range(text, to - lit.n, to), lit))
			return false;
		to -= lit.n;
	}
	x->from = from;
	x->to = to;
	x->class = r->parts[i].text;
	x->value = slice_range(text, from, to);
	return true;
}

/*
 * Any other `replace`: its literals stand on the tape.  Classes in it become
 * handles of the whole match, spelled later: the first one names the class,
 * so the text is built only when there is none.
 */
static void
replace_whole(const struct rules *rs, const struct rule *r,
	      struct arena *a, struct slice text, int count, struct span *x)
{
	struct buf b;
	size_t i;

	x->value = slice_range(text, x->from, x->to);
	for (i = 0; i < r->nparts; i++) {
		if (r->parts[i].is_class) {
			x->class = r->parts[i].text;
			return;
		}
	}
	x->class = SLICE(DEFAULT_CLASS);
	buf_init(&b, 1 * MiB);
	for (i = 0; i < r->nparts; i++)
		buf_add(&b, part_text(rs, &r->parts[i], text, count));
	x->text = arena_copy(a, buf_slice(&b));
	buf_release(&b);
}

static int
search(const struct rules *rs, const struct rule *r, struct arena *a,
       struct slice text, struct spans *out)
{
	const PCRE2_SIZE *o = pcre2_get_ovector_pointer(rs->match);
	size_t at = 0;

	while (at <= text.n) {
		struct span x = { .rank = RANK_USER, .rule = r->name };
		int count = pcre2_match(r->code, (PCRE2_SPTR)(text.p ? text.p :
					"" ), text.n, at, 0, rs->match,
					rs->limits);

		if (count == PCRE2_ERROR_NOMATCH)
			return 0;
		if (count < 0)
			return -1;
		if (count == 0)
			count = 10;	/* more groups than are kept */
		x.from = o[0];
		x.to = o[1];
		at = o[1] > at ? o[1] : at + 1;
		if (x.to <= x.from)
			continue;
		if (r->nclasses != 1 ||
		    !trim_literals(rs, r, text, count, &x))
			replace_whole(rs, r, a, text, count, &x);
		spans_add(out, &x);
	}
	return 0;
}

int
rules_search(const struct rules *r, struct arena *a, struct slice text,
	     struct spans *out)
{
	size_t i;
	int result = 0;

	for (i = 0; i < r->n; i++) {
		if (r->v[i].code && search(r, &r->v[i], a, text, out) < 0)
			result = -1;
	}
	return result;
}

struct slice
rules_field(const struct rules *r, const struct place *p, struct slice *rule)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		if (r->v[i].code || r->v[i].keep ||
		    !place_matches(&r->v[i].field, p))
			continue;
		*rule = r->v[i].name;
		return r->v[i].parts[0].text;
	}
	return (struct slice){ 0 };
}

struct slice
rules_keep(const struct rules *r, const struct place *p)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		if (r->v[i].keep && place_matches(&r->v[i].field, p))
			return r->v[i].name;
	}
	return (struct slice){ 0 };
}

bool
rules_have_places(const struct rules *r)
{
	return r->nplaces > 0;
}
