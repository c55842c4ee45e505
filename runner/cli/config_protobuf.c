/* Section protobuf of spec: descriptor sets, which name the fields of calls. */
#include "config_sections.h"

#include <dvr/base/fs.h>
#include <dvr/base/hash.h>

/* A set of some thousand messages has a few MiB. */
#define SET_MAX (64u * MiB)

/* One file of the list; its names are borrowed from the config's arena. */
static int
read_set(struct reader *r, const struct yaml_node *n, struct config *c,
	 struct proto_schema *s, struct sha256 *sum)
{
	struct err why = { .code = ERR_NONE };
	char *path = NULL;
	struct slice set;
	struct buf b;
	int rc;

	if (value_string(r, n, &path) != 0)
		return -1;
	path = config_path(c, path);
	buf_init(&b, SET_MAX);
	rc = fs_read(path, &b, &why);
	if (rc == 0) {
		set = arena_copy(r->arena, buf_slice(&b));
		sha256_more(sum, set);
		rc = proto_schema_add(s, path, set, &why);
	}
	buf_release(&b);
	return rc == 0 ? 0 : yaml_error(r->doc, n, ERR_USAGE, r->e, "%s",
					why.msg);
}

static int
read_sets(struct reader *r, const struct yaml_node *n, struct config *c,
	  struct proto_schema *s)
{
	struct sha256 *sum = sha256_begin();
	unsigned char digest[SHA256_BYTES];
	struct slice missing;
	char q[QUOTE_MAX];
	struct buf hex;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n->count; i++)
		rc = read_set(r, &n->items[i], c, s, sum);
	sha256_end(sum, digest);
	if (rc != 0)
		return -1;
	missing = proto_schema_missing(s);
	if (missing.n > 0)
		return yaml_error(r->doc, n, ERR_USAGE, r->e, "message '%s' is "
				  "in none of the descriptor sets; write them "
				  "with protoc -o FILE --include_imports",
				  quote(missing, q));
	buf_init(&hex, SHA256_HEX);
	hex_encode(slice_of((const char *)digest, sizeof(digest)), &hex);
	c->descriptors.sha256 = arena_copy(r->arena, buf_slice(&hex));
	c->descriptors.schema = s;
	buf_release(&hex);
	return 0;
}

int
read_protobuf(struct reader *r, const struct yaml_node *n, struct config *c)
{
	static const char *const known[] = { "descriptors", NULL };
	const struct yaml_node *list = yaml_get(n, "descriptors");

	if (value_map(r, n, "protobuf", known) != 0 ||
	    value_list(r, list, "descriptors") != 0)
		return -1;
	if (!list || list->count == 0)
		return 0;
	return read_sets(r, list, c, proto_schema_create(r->arena));
}
