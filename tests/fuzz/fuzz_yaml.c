/*
 * The YAML reader under any text, and the scalar writer under any bytes: what
 * was put reads back the same, on one line or as a block.
 */
#include <stdlib.h>
#include <string.h>

#include <dvr/base/yaml.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Every byte and place is looked at, so that a bad one is seen. */
static size_t
walk(const struct yaml_node *n, unsigned depth)
{
	size_t sum = n->text.n;

	if (depth > YAML_DEPTH_MAX || n->line == 0 || n->column == 0)
		abort();
	for (size_t i = 0; i < n->text.n; i++)
		sum += (unsigned char)n->text.p[i];
	for (size_t i = 0; i < n->count; i++) {
		if (n->kind == YAML_MAP && yaml_get(n, "x") == NULL)
			sum += n->keys[i].n + n->key_places[i].line;
		sum += walk(&n->items[i], depth + 1);
	}
	return sum;
}

static void
check_reader(struct slice text)
{
	struct arena *a = arena_create();
	struct err e = { 0 };
	struct yaml_doc doc;

	if (yaml_parse(a, "f", text, ERR_TAPE, &doc, &e) < 0) {
		if (e.code != ERR_TAPE || strncmp(e.msg, "f:", 2) != 0 ||
		    strchr(e.msg, '\n'))
			abort();
	} else if (doc.root) {
		walk(doc.root, 0);
	}
	arena_destroy(a);
}

static void
check_writer(struct slice s, void (*put)(struct buf *, struct slice))
{
	struct arena *a = arena_create();
	struct err e = { 0 };
	struct yaml_doc doc;
	struct buf b;

	buf_init(&b, 64 * MiB);
	buf_adds(&b, "key: ");
	put(&b, s);
	if (put == yaml_put && memchr(b.p, '\n', b.n))
		abort();
	buf_adds(&b, "\nlast: 1\n");
	if (yaml_parse(a, "f", buf_slice(&b), ERR_TAPE, &doc, &e) < 0 ||
	    doc.root->count != 2 || !slice_eq(doc.root->items[0].text, s) ||
	    doc.root->items[0].kind != YAML_SCALAR)
		abort();
	buf_release(&b);
	arena_destroy(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice s = slice_of(data, n);

	check_reader(s);
	check_writer(s, yaml_put);
	check_writer(s, yaml_put_block);
	return 0;
}
