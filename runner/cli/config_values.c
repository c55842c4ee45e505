/* Typed reading of single YAML values for the configuration. */
#include "config_values.h"

#include "config.h"

#include <stdio.h>
#include <string.h>

static int
wrong(struct reader *r, const struct yaml_node *n, const char *expected)
{
	char q[QUOTE_MAX];

	if (n->kind != YAML_SCALAR)
		return yaml_error(r->doc, n, ERR_USAGE, r->e,
				  "a %s stands where %s is expected",
				  n->kind == YAML_LIST ? "list" : "mapping",
				  expected);
	return yaml_error(r->doc, n, ERR_USAGE, r->e, "bad value '%s'; "
			  "expected %s", quote(n->text, q), expected);
}

int
value_string(struct reader *r, const struct yaml_node *n, char **out)
{
	if (!n)
		return 0;
	if (n->kind != YAML_SCALAR)
		return wrong(r, n, "a string");
	if (memchr(n->text.p ? n->text.p : "", 0, n->text.n))
		return wrong(r, n, "a string without NUL");
	*out = arena_str(r->arena, n->text);
	return 0;
}

int
value_bool(struct reader *r, const struct yaml_node *n, bool *out)
{
	if (!n)
		return 0;
	if (n->kind == YAML_SCALAR && slice_eq(n->text, SLICE("true")))
		*out = true;
	else if (n->kind == YAML_SCALAR && slice_eq(n->text, SLICE("false")))
		*out = false;
	else
		return wrong(r, n, "true or false");
	return 0;
}

int
value_uint(struct reader *r, const struct yaml_node *n, uint64_t max,
	   unsigned *out)
{
	uint64_t v;

	if (!n)
		return 0;
	if (n->kind != YAML_SCALAR || slice_uint(n->text, max, &v) != 0)
		return wrong(r, n, "a whole number in range");
	*out = (unsigned)v;
	return 0;
}

/* Digits, then one of the unit names, into value * factor. */
struct unit {
	const char *name;
	uint64_t factor;
};

static int
with_unit(struct slice s, const struct unit *units, uint64_t *out)
{
	size_t digits = 0;
	uint64_t v;

	while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
		digits++;
	if (slice_uint(slice_range(s, 0, digits), UINT32_MAX, &v) != 0)
		return -1;
	for (; units->name; units++) {
		if (slice_eq(slice_from(s, digits), slice_str(units->name))) {
			if (v && units->factor > UINT64_MAX / v)
				return -1;
			*out = v * units->factor;
			return 0;
		}
	}
	return -1;
}

int
config_duration(struct slice s, uint64_t *ns)
{
	static const struct unit units[] = {
		{ "us", NS_PER_US },	  { "ms", NS_PER_MS },
		{ "s", NS_PER_S },	  { "m", 60 * NS_PER_S },
		{ "h", 3600 * NS_PER_S }, { NULL, 0 },
	};

	return with_unit(s, units, ns);
}

int
config_size(struct slice s, size_t *bytes)
{
	static const struct unit units[] = {
		{ "", 1 },
		{ "B", 1 },
		{ "KiB", 1ull << 10 },
		{ "MiB", 1ull << 20 },
		{ "GiB", 1ull << 30 },
		{ "kB", 1000 },
		{ "MB", 1000000 },
		{ NULL, 0 },
	};
	uint64_t v;

	if (with_unit(s, units, &v) != 0)
		return -1;
	*bytes = (size_t)v;
	return 0;
}

int
value_duration(struct reader *r, const struct yaml_node *n, uint64_t *ns)
{
	if (!n)
		return 0;
	if (n->kind != YAML_SCALAR || config_duration(n->text, ns) != 0)
		return wrong(r, n, "a duration such as 300s, 50ms or 5m");
	return 0;
}

int
value_size(struct reader *r, const struct yaml_node *n, size_t *bytes)
{
	if (!n)
		return 0;
	if (n->kind != YAML_SCALAR || config_size(n->text, bytes) != 0)
		return wrong(r, n, "a size such as 256MiB or 64KiB");
	return 0;
}

int
value_choice(struct reader *r, const struct yaml_node *n,
	     const char *const *names, unsigned *out)
{
	struct buf list;
	char expected[256];

	if (!n)
		return 0;
	for (unsigned i = 0; n->kind == YAML_SCALAR && names[i]; i++) {
		if (slice_eq(n->text, slice_str(names[i]))) {
			*out = i;
			return 0;
		}
	}
	buf_init(&list, sizeof(expected) - 1);
	for (unsigned i = 0; names[i]; i++)
		buf_fmt(&list, "%s%s", i ? " | " : "", names[i]);
	snprintf(expected, sizeof(expected), "%s", buf_cstr(&list));
	buf_release(&list);
	return wrong(r, n, expected);
}

int
value_strings(struct reader *r, const struct yaml_node *n, char ***out)
{
	char **list;

	if (!n)
		return 0;
	if (n->kind == YAML_MAP)
		return wrong(r, n, "a string or a list of strings");
	size_t count = n->kind == YAML_LIST ? n->count : 1;

	list = arena_array(r->arena, count + 1, sizeof(*list));
	for (size_t i = 0; i < count; i++) {
		const struct yaml_node *item =
			n->kind == YAML_LIST ? &n->items[i] : n;

		if (value_string(r, item, &list[i]) != 0)
			return -1;
	}
	*out = list;
	return 0;
}

int
value_map(struct reader *r, const struct yaml_node *n, const char *what,
	  const char *const *known)
{
	if (!n)
		return 0;
	if (n->kind != YAML_MAP)
		return yaml_error(r->doc, n, ERR_USAGE, r->e,
				  "'%s' must be a mapping of keys to values",
				  what);
	return yaml_known_keys(r->doc, n, known, ERR_USAGE, r->e);
}

int
value_list(struct reader *r, const struct yaml_node *n, const char *what)
{
	if (!n || n->kind == YAML_LIST)
		return 0;
	return yaml_error(r->doc, n, ERR_USAGE, r->e,
			  "'%s' must be a list ('- …' items)", what);
}
