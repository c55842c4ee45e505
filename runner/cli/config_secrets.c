/* Credentials in a replay: sections secrets, resign and tokens of spec. */
#include "config_sections.h"

#include <dvr/field/field.h>

typedef const char *const keys[];

/* {from_env: NAME}: a value itself is refused, it would be committed. */
static int
read_from_env(struct reader *r, const struct yaml_node *n, const char *what,
	      char **out)
{
	static keys known = { "from_env", "base64", NULL };

	if (!n)
		return 0;
	if (n->kind != YAML_MAP)
		return yaml_error(r->doc, n, ERR_USAGE, r->e, "'%s' is not "
				  "written here but taken from the "
				  "environment: {from_env: NAME}", what);
	if (value_map(r, n, what, known) != 0)
		return -1;
	return value_string(r, yaml_get(n, "from_env"), out);
}

/* ---- secrets ---------------------------------------------------------- */

static int
read_secret(struct reader *r, const struct yaml_node *n,
	    struct secret_rule *out)
{
	static keys known = { "name", "field", "class", "from_env", NULL };
	struct place p;

	if (value_map(r, n, "secrets", known) != 0 ||
	    value_string(r, yaml_get(n, "name"), &out->name) != 0 ||
	    value_string(r, yaml_get(n, "field"), &out->field) != 0 ||
	    value_string(r, yaml_get(n, "class"), &out->class) != 0 ||
	    value_string(r, yaml_get(n, "from_env"), &out->from_env) != 0)
		return -1;
	if (!out->from_env || !out->from_env[0])
		return yaml_error(r->doc, n, ERR_USAGE, r->e, "a secret needs "
				  "'from_env': the variable that holds its "
				  "value in a replay");
	if (!out->field == !out->class)
		return yaml_error(r->doc, n, ERR_USAGE, r->e, "a secret needs "
				  "either 'field' (a place such as "
				  "*.req.header/authorization) or 'class' (of "
				  "handles, such as api-key)");
	if (out->field && place_parse(slice_str(out->field), &p) != 0)
		return yaml_error(r->doc, yaml_get(n, "field"), ERR_USAGE,
				  r->e, "bad place '%s'; expected such as "
				  "*.req.header/authorization", out->field);
	if (!out->name)
		out->name = out->from_env;
	return 0;
}

int
read_secrets(struct reader *r, const struct yaml_node *n, struct config *c)
{
	struct secrets_config *s = &c->secrets;

	if (value_list(r, n, "secrets") != 0)
		return -1;
	if (!n)
		return 0;
	s->v = arena_array(r->arena, n->count + 1, sizeof(*s->v));
	for (; s->n < n->count; s->n++)
		if (read_secret(r, &n->items[s->n], &s->v[s->n]) != 0)
			return -1;
	return 0;
}

/* ---- signatures ------------------------------------------------------- */

static int
read_key(struct reader *r, const struct yaml_node *n, struct resign_rule *out)
{
	const struct yaml_node *key = yaml_get(n, "key");

	/* Azure's keys are base64 wherever one gets them. */
	out->key_base64 = out->kind == RESIGN_AZURE;
	if (read_from_env(r, key, "key", &out->key_env) != 0 ||
	    read_from_env(r, yaml_get(n, "id"), "id", &out->id_env) != 0 ||
	    (key && value_bool(r, yaml_get(key, "base64"),
			       &out->key_base64) != 0))
		return -1;
	if (!out->key_env)
		return yaml_error(r->doc, n, ERR_USAGE, r->e, "a signature "
				  "needs 'key: {from_env: NAME}'");
	return 0;
}

static int
read_hmac(struct reader *r, const struct yaml_node *n,
	  struct resign_rule *out)
{
	static keys digests = { "sha256", "sha1", "sha384", "sha512", NULL };
	static const char *const names[] = { "SHA256", "SHA1", "SHA384",
					     "SHA512" };
	static keys codings = { "hex", "base64", NULL };
	unsigned digest = 0, coding = 0;

	out->prefix = arena_str(r->arena, SLICE(""));
	out->over = arena_str(r->arena, SLICE("{body}"));
	if (value_string(r, yaml_get(n, "header"), &out->header) != 0 ||
	    value_choice(r, yaml_get(n, "digest"), digests, &digest) != 0 ||
	    value_choice(r, yaml_get(n, "coding"), codings, &coding) != 0 ||
	    value_string(r, yaml_get(n, "prefix"), &out->prefix) != 0 ||
	    value_string(r, yaml_get(n, "over"), &out->over) != 0 ||
	    value_string(r, yaml_get(n, "timestamp"), &out->timestamp) != 0)
		return -1;
	out->digest = arena_str(r->arena, slice_str(names[digest]));
	out->base64 = coding == 1;
	if (out->kind == RESIGN_HMAC && (!out->header || !out->header[0]))
		return yaml_error(r->doc, n, ERR_USAGE, r->e, "kind hmac needs "
				  "'header': where the signature stands");
	return 0;
}

static int
read_resign_rule(struct reader *r, const struct yaml_node *n,
		 struct resign_rule *out)
{
	static keys known = { "kind", "key", "id", "header", "digest",
			      "coding", "prefix", "over", "timestamp", NULL };
	unsigned kind = 0;

	if (value_map(r, n, "resign", known) != 0 ||
	    value_choice(r, yaml_get(n, "kind"), resign_kind_names, &kind))
		return -1;
	if (!yaml_get(n, "kind"))
		return yaml_error(r->doc, n, ERR_USAGE, r->e, "a signature "
				  "needs 'kind'");
	out->kind = (enum resign_kind)kind;
	if (read_key(r, n, out) != 0)
		return -1;
	return read_hmac(r, n, out);
}

int
read_resign(struct reader *r, const struct yaml_node *n, struct config *c)
{
	struct secrets_config *s = &c->secrets;

	if (value_list(r, n, "resign") != 0)
		return -1;
	if (!n)
		return 0;
	s->resign = arena_array(r->arena, n->count + 1, sizeof(*s->resign));
	for (; s->nresign < n->count; s->nresign++)
		if (read_resign_rule(r, &n->items[s->nresign],
				     &s->resign[s->nresign]) != 0)
			return -1;
	return 0;
}

/* ---- tokens ----------------------------------------------------------- */

int
read_tokens(struct reader *r, const struct yaml_node *n, struct config *c)
{
	static keys known = { "jwks_env", "issuer_env", "issuer", "listen",
			      NULL };
	static keys issuers = { "recorded", "mapped", NULL };
	unsigned issuer = 0;

	if (value_map(r, n, "tokens", known) != 0)
		return -1;
	if (!n)
		return 0;
	if (value_string(r, yaml_get(n, "jwks_env"), &c->secrets.jwks_env) ||
	    value_string(r, yaml_get(n, "issuer_env"),
			 &c->secrets.issuer_env) != 0 ||
	    value_string(r, yaml_get(n, "listen"), &c->secrets.listen) != 0 ||
	    value_choice(r, yaml_get(n, "issuer"), issuers, &issuer) != 0)
		return -1;
	c->secrets.map_issuer = issuer == 1;
	return 0;
}
