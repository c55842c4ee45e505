/* The table of credentials that are more than a prefix and one run. */
#include "issuer_form.h"

#include <dvr/base/attr.h>

#include <string.h>

#include "vendor.h"

/*
 * A form is text with runs in braces: a letter for the alphabet and how many;
 * the run without a number takes what is left.  The first form of a class that
 * its length has room for.
 */
static const struct form {
	const char *class;
	const char *parts;
	unsigned least;		/* of the run without a number, from 1 */
} forms[] = {
	{ "twilio", "SK{h}", 1 },
	{ "telegram", "{n}:AA{t33}", 1 },
	{ "mailchimp", "{h32}-us{n}", 1 },
	{ "openai-old", "sk-{A}T3BlbkFJ{A20}", 1 },
	{ "anthropic", "sk-ant-api03-{t}AA", 1 },
	{ "terraform", "{A14}.atlasv1.{A}", 1 },
	{ "discord", "M{A}.G{t5}.{t38}", 1 },
	{ "hook-slack", "T{U10}/B{U10}/{A}", 24 },
	{ "hook-slack", "T{U8}/B{U8}/{A}", 1 },
	{ "hook-discord", "{n19}/{t}", 1 },
	{ "slack-bot", "xoxb-{n12}-{n13}-{A}", 24 },
	{ "slack-bot", "xoxb-{n12}-{A}", 24 },
	{ "slack-user", "xoxp-{n12}-{n12}-{n13}-{h}", 24 },
	{ "sendgrid", "SG.{t22}.{t}", 1 },
	{ "azure-secret", "{A3}8Q~{t}", 1 },
	{ "pypi", "pypi-AgEIcHlwaS5vcmc{t}", 1 },
	{ "atlassian", "ATATT3xFfGF0{t}={H8}", 1 },
	{ "shopify", "shpat_{h}", 1 },
	{ "shopify-custom", "shpca_{h}", 1 },
	{ "shopify-private", "shppa_{h}", 1 },
	{ "shopify-secret", "shpss_{h}", 1 },
};

static struct slice
letters_of(char c)
{
	switch (c) {
	case 'n':
		return SLICE("123456789");
	case 'h':
		return alphabet_letters(ALPHA_HEX);
	case 'H':
		return SLICE("0123456789ABCDEF");
	case 'U':
		return alphabet_letters(ALPHA_UPPER);
	case 'A':
		return alphabet_letters(ALPHA_ALNUM);
	default:
		return alphabet_letters(ALPHA_TOKEN);
	}
}

/* The text before the next run, and the run: its alphabet and its number, 0
 * for what is left.  False at the end. */
static bool
next_part(struct slice *rest, struct slice *literal, char *c, size_t *n)
{
	struct slice run;
	uint64_t count = 0;

	*literal = slice_cut(rest, '{');
	if (!rest->p)
		return false;
	run = slice_cut(rest, '}');
	*c = run.p[0];
	if (run.n > 1)
		slice_uint(slice_from(run, 1), HANDLE_LENGTH_MAX, &count);
	*n = (size_t)count;
	return true;
}

/* Bytes of a form without the run that takes what is left. */
static size_t
fixed_length(struct slice parts)
{
	struct slice literal;
	size_t n, sum = 0;
	char c;

	while (next_part(&parts, &literal, &c, &n))
		sum += literal.n + n;
	return sum + literal.n;
}

static const struct form *
form_for(struct slice class, size_t length)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		if (slice_eq(class, slice_str(forms[i].class)) &&
		    fixed_length(slice_str(forms[i].parts)) +
		    forms[i].least <= length)
			return &forms[i];
	}
	return NULL;
}

bool
form_is_of(struct slice class)
{
	return form_for(class, HANDLE_LENGTH_MAX) != NULL;
}

bool
form_expand(const struct handle *h, struct stream *s, struct buf *out)
{
	const struct form *f = form_for(h->class, h->length);
	struct slice parts, literal;
	size_t n, left;
	char c;

	if (!f)
		return false;
	parts = slice_str(f->parts);
	left = h->length - fixed_length(parts);
	while (next_part(&parts, &literal, &c, &n)) {
		buf_add(out, literal);
		fill(s, letters_of(c), n ? n : left, out);
	}
	buf_add(out, literal);
	return true;
}
