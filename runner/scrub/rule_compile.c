/* The user's rules made ready: patterns, replacements, places. */
#include "rule_set.h"

#include <dvr/base/mem.h>

#include "handle.h"

#include <string.h>

#define CARET_BEFORE 60	/* bytes of a pattern shown around its error */
#define CARET_AFTER 20

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

static pcre2_code *
compile_text(struct slice text, int *code, PCRE2_SIZE *at)
{
	pcre2_compile_context *ctx = pcre2_compile_context_create(NULL);
	pcre2_code *done;

	pcre2_set_newline(ctx, PCRE2_NEWLINE_ANYCRLF);
	done = pcre2_compile((PCRE2_SPTR)text.p, text.n, PCRE2_UTF |
			     PCRE2_MATCH_INVALID_UTF |
			     PCRE2_NEVER_BACKSLASH_C, code, at, ctx);
	pcre2_compile_context_free(ctx);
	return done;
}

/* The words of PCRE2, and the pattern around `at` with a caret under it. */
static int
bad_regex(const struct scrub_rule *in, int code, size_t at, struct err *e)
{
	struct slice text = slice_str(in->regex);
	size_t from = at > CARET_BEFORE ? at - CARET_BEFORE : 0;
	char before[QUOTE_MAX], after[QUOTE_MAX];
	PCRE2_UCHAR why[256] = "longer than 64 KiB";

	if (code)
		pcre2_get_error_message(code, why, sizeof(why));
	quote(slice_range(text, from, at), before);
	quote(slice_range(text, at, at + CARET_AFTER), after);
	return err_set(e, ERR_USAGE, "%s:%u:%u: bad regex: %s (at offset %zu)"
		       "\n  %s%s%s\n  %*s^",
		       in->file ? in->file : "rule", in->line, in->column,
		       (const char *)why, at, from > 0 ? "\xe2\x80\xa6" : "",
		       before, after, (int)strlen(before) + (from > 0), "");
}

static int
compile_regex(struct rule *r, const struct scrub_rule *in, struct err *e)
{
	struct buf text;
	PCRE2_SIZE at = 0;
	int code = 0;

	buf_init(&text, 64 * KiB);
	any_case_name(slice_str(in->regex), &text);
	r->code = text.full ? NULL :
		compile_text(slice_str(buf_cstr(&text)), &code, &at);
	buf_release(&text);
	if (!r->code) {
		/* offsets are told in the user's own text */
		if (code)
			pcre2_code_free(compile_text(slice_str(in->regex),
						     &code, &at));
		return bad_regex(in, code, at, e);
	}
	/* without JIT the interpreter takes over */
	pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE);
	return 0;
}

static int
compile_place(struct rules *rs, struct rule *r, const struct scrub_rule *in,
	      const char *pattern, struct err *e)
{
	char q[QUOTE_MAX];
	struct slice text = arena_copy(rs->arena, slice_str(pattern));

	if (place_parse(text, &r->field) < 0)
		return err_set(e, ERR_USAGE, "%s:%u:%u: bad %s '%s'; "
			       "expected a place such as '*.req.body#/user/"
			       "name' or '*.resp.header/x-token'",
			       in->file ? in->file : "rule", in->line,
			       in->column, r->kind == RULE_KEEP ? "keep" :
			       r->kind == RULE_WITHHOLD ? "withhold" : "field",
			       quote(text, q));
	rs->nplaces++;
	return 0;
}

/* Reviewers of a tape read the reason, so there has to be one. */
static int
compile_reason(struct rules *rs, struct rule *r, const struct scrub_rule *in,
	       const char *what, struct err *e)
{
	struct slice reason = slice_trim(slice_str(in->reason));

	if (reason.n == 0)
		return err_set(e, ERR_USAGE, "%s:%u:%u: a %s needs a reason",
			       in->file ? in->file : "rule", in->line,
			       in->column, what);
	r->name = arena_fmt(rs->arena, "%s: %.*s", what, SLICE_ARG(reason));
	return 0;
}

static int
compile_keep(struct rules *rs, struct rule *r, const struct scrub_rule *in,
	     struct err *e)
{
	r->kind = RULE_KEEP;
	return compile_reason(rs, r, in, "keep", e) < 0 ? -1 :
	       compile_place(rs, r, in, in->keep, e);
}

static int
compile_withhold(struct rules *rs, struct rule *r, const struct scrub_rule *in,
		 struct err *e)
{
	r->kind = RULE_WITHHOLD;
	r->parts[0] = (struct part){ .is_class = true, .group = -1,
				     .text = SLICE("withheld") };
	r->nparts = r->nclasses = 1;
	return compile_reason(rs, r, in, "withhold", e) < 0 ? -1 :
	       compile_place(rs, r, in, in->withhold, e);
}

/* A field rule's `replace` is a class, with or without brackets. */
static struct slice
field_class(struct arena *a, struct slice s)
{
	if (class_length(s) == s.n && s.n > 0)
		s = slice_range(s, 1, s.n - 1);
	return lower_class(a, s);
}

int
rule_compile(struct rules *rs, struct rule *r, const struct scrub_rule *in,
	     struct err *e)
{
	struct slice replace = arena_copy(rs->arena, in->replace ?
		slice_str(in->replace) : SLICE("[VALUE]"));

	r->name = arena_fmt(rs->arena, "%s:%u", in->file ? in->file : "rule",
			    in->line);
	if (in->keep)
		return compile_keep(rs, r, in, e);
	if (in->withhold)
		return compile_withhold(rs, r, in, e);
	if (in->detector) {
		r->kind = RULE_DETECTOR;
		return 0;
	}
	if (!in->regex) {
		r->kind = RULE_FIELD;
		r->parts[0] = (struct part){ .is_class = true, .group = -1 };
		r->parts[0].text = field_class(rs->arena, replace);
		r->nparts = r->nclasses = 1;
		return compile_place(rs, r, in, in->field, e);
	}
	if (parse_replace(rs->arena, r, replace) < 0)
		return err_set(e, ERR_USAGE, "%s:%u:%u: replace has more "
			       "than %d parts", in->file ? in->file : "rule",
			       in->line, in->column, REPLACE_PARTS);
	return compile_regex(r, in, e);
}
