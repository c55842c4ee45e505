/* Finds keys in a tree of YAML and says where something is wrong in it. */
#include <dvr/base/yaml.h>

#include <dvr/base/nearest.h>

#include <stdarg.h>
#include <stdio.h>

struct yaml_node *
yaml_get(const struct yaml_node *map, const char *key)
{
	struct slice k = slice_str(key);

	if (!map || map->kind != YAML_MAP)
		return NULL;
	for (size_t i = 0; i < map->count; i++)
		if (slice_eq(map->keys[i], k))
			return &map->items[i];
	return NULL;
}

int
yaml_error(const struct yaml_doc *d, const struct yaml_node *at,
	   enum err_code code, struct err *e, const char *fmt, ...)
{
	char text[768];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_set(e, code, "%s:%u:%u: %s", d->name, at ? at->line : 1,
		       at ? at->column : 1, text);
}

/* "a, b or c", cut when it gets long. */
static void
list_words(const char *const *known, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_adds(out, i + 1 == count ? " or " : ", ");
		buf_adds(out, known[i]);
	}
}

static int
unknown_key(const struct yaml_doc *d, const struct yaml_node *map, size_t i,
	    const char *const *known, enum err_code code, struct err *e)
{
	struct yaml_node at = { .line = map->key_places[i].line,
				.column = map->key_places[i].column };
	const char *guess;
	size_t count = 0;
	struct buf words;
	char q[QUOTE_MAX];

	while (known[count])
		count++;
	guess = nearest_word(known, count, map->keys[i]);
	quote(map->keys[i], q);
	if (guess)
		return yaml_error(d, &at, code, e,
				  "unknown key '%s'; did you mean '%s'?", q,
				  guess);
	buf_init(&words, 400);
	list_words(known, count, &words);
	yaml_error(d, &at, code, e, "unknown key '%s'; expected %s%s", q,
		   buf_cstr(&words), words.full ? "…" : "");
	buf_release(&words);
	return -1;
}

int
yaml_known_keys(const struct yaml_doc *d, const struct yaml_node *map,
		const char *const *known, enum err_code code, struct err *e)
{
	for (size_t i = 0; i < map->count; i++) {
		size_t k = 0;

		while (known[k] && !slice_eq(map->keys[i], slice_str(known[k])))
			k++;
		if (!known[k])
			return unknown_key(d, map, i, known, code, e);
	}
	return 0;
}
