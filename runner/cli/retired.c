/* Reads and extends the list of retired tapes. */
#include "retired.h"

#include <dvr/base/fs.h>
#include <dvr/base/yaml.h>

#include <errno.h>
#include <sys/stat.h>

#define RETIRED_MAX (4u * MiB)	/* some 20,000 tapes */

static int
read_text(const char *fixtures, char path[FS_PATH_MAX], struct buf *out,
	  struct err *e)
{
	struct stat st;

	if (fs_join(path, fixtures, RETIRED_FILE, e) != 0)
		return -1;
	if (lstat(path, &st) != 0 && errno == ENOENT)
		return 0;
	return fs_read(path, out, e);
}

static struct slice
member(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *n = yaml_get(map, key);

	return n && n->kind == YAML_SCALAR ? n->text : SLICE("");
}

int
retired_load(struct arena *a, const char *fixtures, struct retired **out,
	     size_t *n, struct err *e)
{
	static const char *const known[] = { "id", "signature", "day",
		"reason", NULL };
	char path[FS_PATH_MAX];
	struct yaml_doc doc = { 0 };
	struct buf text;
	int rc;

	*n = 0;
	buf_init(&text, RETIRED_MAX);
	rc = read_text(fixtures, path, &text, e);
	if (rc == 0)
		rc = yaml_parse(a, arena_str(a, slice_str(path)),
				buf_slice(&text), ERR_TAPE, &doc, e);
	buf_release(&text);
	if (rc != 0 || !doc.root)
		return rc;
	if (doc.root->kind != YAML_LIST)
		return yaml_error(&doc, doc.root, ERR_TAPE, e,
				  "expected a list of retired tapes");
	*out = arena_array(a, doc.root->count + 1, sizeof(**out));
	for (size_t i = 0; i < doc.root->count; i++) {
		const struct yaml_node *x = &doc.root->items[i];

		if (x->kind != YAML_MAP)
			return yaml_error(&doc, x, ERR_TAPE, e, "expected "
					  "{id: …, day: …, reason: …}");
		if (yaml_known_keys(&doc, x, known, ERR_TAPE, e) != 0)
			return -1;
		(*out)[(*n)++] = (struct retired){ member(x, "id"),
			member(x, "signature"), member(x, "day"),
			member(x, "reason") };
	}
	return 0;
}

static void
put(struct buf *b, const char *before, struct slice s)
{
	buf_adds(b, before);
	yaml_put(b, s);
}

int
retired_add(const char *fixtures, const struct retired *x, struct err *e)
{
	char path[FS_PATH_MAX];
	struct buf text;
	int rc;

	buf_init(&text, RETIRED_MAX);
	rc = read_text(fixtures, path, &text, e);
	if (rc == 0) {
		if (text.n && text.p[text.n - 1] != '\n')
			buf_addc(&text, '\n');
		put(&text, "- {id: ", x->id);
		put(&text, ", signature: ", x->signature);
		put(&text, ", day: ", x->day);
		put(&text, ", reason: ", x->reason);
		buf_adds(&text, "}\n");
		rc = text.full ? err_set(e, ERR_USAGE, "%s: too long", path) :
			fs_write_atomic(path, 0644, buf_slice(&text), e);
	}
	buf_release(&text);
	return rc;
}
