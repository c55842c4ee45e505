/* Reading Cookie and Set-Cookie: every value but a person's choices. */
#include "detect.h"
#include "reading.h"

#include <dvr/field/header.h>

/* Without a '=' it is a value that has no name (RFC 6265bis §5.6). */
static struct field
nameless(const struct field *f)
{
	struct field own = *f;

	if (f->span.n == 0 && f->key.p + f->key.n == f->span.p) {
		own.span = own.value = f->key;
		own.key = SLICE("");
	}
	return own;
}

static int
on_cookie(void *arg, const struct field *field)
{
	const struct field own = nameless(field), *f = &own;
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
