/* Reading Cookie and Set-Cookie: every value but a person's choices. */
#include "reading.h"

#include <dvr/base/attr.h>
#include <dvr/field/header.h>

/* The last word of a name, in whatever case: "user-lang", "cookieConsent". */
static struct slice
last_word(struct slice name)
{
	size_t from = name.n;

	while (from > 0 && is_alnum(name.p[from - 1])) {
		from--;
		if (is_upper(name.p[from]) && from > 0 &&
		    is_lower(name.p[from - 1]))
			break;
	}
	return slice_from(name, from);
}

/* Choices of a person, told apart from secrets by name or by value. */
static bool
cookie_is_plain(struct slice name, struct slice value)
{
	static const char *const names[] = { "theme", "lang", "language",
		"locale", "consent", "cookieconsent", "timezone" };
	static const char *const values[] = { "true", "false", "yes", "no",
		"on", "off", "deleted" };
	struct slice word = last_word(name);
	size_t i;

	if (value.n <= 1)
		return true;
	for (i = 0; i < ARRAY_LEN(names); i++) {
		if (slice_ieq(word, slice_str(names[i])))
			return true;
	}
	for (i = 0; i < ARRAY_LEN(values); i++) {
		if (slice_ieq(value, slice_str(values[i])))
			return true;
	}
	return false;
}

static int
on_cookie(void *arg, const struct field *f)
{
	const struct reading *r = arg;
	struct place p = {
		.exchange = r->at->exchange, .side = r->at->side,
		.part = PLACE_COOKIE, .name = f->key,
	};
	struct piece *piece = &r->job->v[r->piece];
	struct slice rule = SLICE("cookie");
	struct slice class = rules_field(r->job->s->rules, &p, &rule);

	if (class.n == 0 && job_keep_place(r->job, r->piece, &p, f))
		return 0;
	if (class.n == 0 && (cookie_is_plain(f->key, f->span) ||
	    !detecting_on(r->job->s->detecting, DETECT_COOKIE))) {
		job_look_part(r->job, r->piece, f->span, r->at);
		return 0;
	}
	spans_add(&piece->spans, &(struct span){
		.from = (size_t)(f->span.p - piece->raw.p),
		.to = (size_t)(f->span.p - piece->raw.p) + f->span.n,
		.rank = class.n ? RANK_USER : RANK_POLICY,
		.class = class.n ? class : SLICE("cookie"), .rule = rule,
		/* the same secret stands decoded in bodies and logs */
		.value = percent_plain(r->job->scratch, f->span, false),
	});
	return 0;
}

void
read_cookie(const struct reading *r)
{
	struct reading copy = *r;

	field_format_named("cookie")->walk(r->job->scratch, r->value,
					   on_cookie, &copy);
}

/* Only the first pair is the cookie; the rest are attributes (RFC 6265). */
void
read_set_cookie(const struct reading *r)
{
	struct reading copy = *r;
	struct header_part cookie;

	if (!header_cookie(r->value, &cookie))
		return;
	copy.value = cookie.text;
	read_cookie(&copy);
}
