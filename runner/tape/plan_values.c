/* Values that several lists of replay.yaml have in common. */
#include "plan_values.h"

#include <dvr/field/field.h>

/* Text that names something: not empty. */
int
plan_value_name(struct reader *r, const struct yaml_node *n, void *out)
{
	if (reader_text(r, n, out) < 0)
		return -1;
	if (n->text.n == 0)
		return reader_fail(r, n, "empty; expected text");
	return 0;
}

static bool
is_date(struct slice s)
{
	uint64_t month, day;

	return s.n == 10 && s.p[4] == '-' && s.p[7] == '-' &&
	       slice_uint(slice_range(s, 0, 4), 9999, &day) == 0 &&
	       slice_uint(slice_range(s, 5, 7), 12, &month) == 0 &&
	       slice_uint(slice_range(s, 8, 10), 31, &day) == 0 && month > 0 &&
	       day > 0;
}

int
plan_value_date(struct reader *r, const struct yaml_node *n, void *out)
{
	char q[QUOTE_MAX];

	if (reader_text(r, n, out) < 0)
		return -1;
	if (!is_date(n->text))
		return reader_fail(r, n, "bad date '%s'; expected YYYY-MM-DD",
				   quote(n->text, q));
	return 0;
}

int
plan_value_list(struct reader *r, const struct yaml_node *n,
	  const struct reader_list *what, void **v, size_t *count)
{
	/* "bindings:" with nothing behind it is what people leave. */
	if (n->kind == YAML_SCALAR && n->plain && n->text.n == 0) {
		*v = NULL;
		*count = 0;
		return 0;
	}
	return reader_list(r, n, what, v, count);
}

/* "1.resp.body#/cart": one value of one exchange. */
int
plan_value_place(struct reader *r, const struct yaml_node *n, void *out)
{
	struct place p;
	char q[QUOTE_MAX];

	if (plan_value_name(r, n, out) < 0)
		return -1;
	if (place_parse(n->text, &p) < 0 || p.exchange == 0)
		return reader_fail(r, n,
				   "bad place '%s'; expected a value of an "
				   "exchange, as 1.resp.body#/id",
				   quote(n->text, q));
	return 0;
}
