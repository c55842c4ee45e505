/* An environment for a child: NAME=value strings, one a name. */
#include <dvr/base/mem.h>
#include <dvr/base/process.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct env {
	char **items;		/* always NULL-terminated */
	size_t count, cap;
};

static size_t
find(const struct env *v, const char *name, size_t n)
{
	for (size_t i = 0; i < v->count; i++)
		if (strncmp(v->items[i], name, n) == 0 &&
		    v->items[i][n] == '=')
			return i;
	return v->count;
}

/* Takes `item`; an earlier one of the same name (its first n bytes) goes. */
static void
put(struct env *v, char *item, size_t n)
{
	size_t at = find(v, item, n);

	if (at < v->count) {
		free(v->items[at]);
		v->items[at] = item;
		return;
	}
	if (v->count + 2 > v->cap) {
		v->cap = v->cap < 32 ? 64 : v->cap * 2;
		v->items = mem_grow(v->items, v->cap, sizeof(*v->items));
	}
	v->items[v->count++] = item;
	v->items[v->count] = NULL;
}

struct env *
env_create(bool inherit)
{
	struct env *v = mem_alloc(sizeof(*v));

	v->cap = 8;
	v->items = mem_array(v->cap, sizeof(*v->items));
	if (!inherit || !environ)
		return v;
	for (char **at = environ; *at; at++) {
		const char *eq = strchr(*at, '=');

		if (eq && eq > *at)
			put(v, mem_strdup(*at), (size_t)(eq - *at));
	}
	return v;
}

void
env_destroy(struct env *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->count; i++)
		free(v->items[i]);
	free(v->items);
	free(v);
}

void
env_set(struct env *v, const char *name, const char *value)
{
	size_t n = strlen(name), m = strlen(value);
	char *item = mem_alloc(n + m + 2);

	memcpy(item, name, n);
	item[n] = '=';
	memcpy(item + n + 1, value, m);
	put(v, item, n);
}

void
env_add_all(struct env *v, const struct env *from)
{
	for (size_t i = 0; i < from->count; i++)
		put(v, mem_strdup(from->items[i]),
		    (size_t)(strchr(from->items[i], '=') - from->items[i]));
}

void
env_unset(struct env *v, const char *name)
{
	size_t at = find(v, name, strlen(name));

	if (at == v->count)
		return;
	free(v->items[at]);
	memmove(v->items + at, v->items + at + 1,
		(v->count - at) * sizeof(*v->items));
	v->count--;
}

const char *
env_get(const struct env *v, const char *name)
{
	size_t n = strlen(name), at = find(v, name, n);

	return at < v->count ? v->items[at] + n + 1 : NULL;
}

const char *const *
env_list(struct env *v)
{
	return (const char *const *)v->items;
}
