/* What the name of a field says of how its values come about. */
#include "noise_kind.h"

#include <dvr/base/ascii.h>
#include <dvr/base/attr.h>

/* Words, in the singular. */
static const char *const amounts[] = {
	"amount", "balance", "cent", "charge", "cost", "credit", "debit",
	"discount", "due", "fee", "paid", "price", "qty", "quantity",
	"refund", "subtotal", "sum", "tax", "total", "vat",
};
static const char *const times[] = {
	"age", "duration", "elapsed", "latency", "micro", "milli", "ms",
	"nano", "ns", "sec", "second", "time", "took", "uptime", "us",
};

static bool
is_number(struct slice s)
{
	uint64_t v;

	return slice_uint(s, UINT64_MAX, &v) == 0;
}

/* The last name of a place that is none of a list's numbers. */
static struct slice
name_of(struct slice place)
{
	struct slice rest = place, name = place, part;

	while (rest.p) {
		part = slice_cut(&rest, '/');
		if (part.n > 0 && !is_number(part))
			name = part;
	}
	return name;
}

/* "unitPrices" has the words unit and price; "" behind the last. */
static struct slice
next_word(struct slice *name)
{
	size_t from = 0, to;
	struct slice word;

	while (from < name->n && !is_letter(name->p[from]))
		from++;
	to = from;
	while (to < name->n && is_letter(name->p[to]) &&
	       (to == from || !is_upper(name->p[to]) ||
		is_upper(name->p[to - 1])))
		to++;
	word = slice_range(*name, from, to);
	*name = slice_from(*name, to);
	if (word.n > 3 && (word.p[word.n - 1] | 0x20) == 's')
		word.n--;
	return word;
}

static bool
has_word(struct slice place, const char *const *words, size_t n)
{
	struct slice name = name_of(place), word;

	while ((word = next_word(&name)).n > 0) {
		for (size_t i = 0; i < n; i++) {
			if (slice_ieq(word, slice_str(words[i])))
				return true;
		}
	}
	return false;
}

bool
noise_names_amount(struct slice place)
{
	return has_word(place, amounts, ARRAY_LEN(amounts));
}

bool
noise_names_time(struct slice place)
{
	return has_word(place, times, ARRAY_LEN(times));
}
