/* Reads tape.yaml strictly: every key known, every fault with its place. */
#include <dvr/tape/yaml.h>

#include <dvr/base/clock.h>

#include "check.h"
#include "names.h"
#include "parse.h"

#include <limits.h>
#include <stddef.h>

/* ---- the head -------------------------------------------------------- */

static int
read_version(struct reader *r, const struct yaml_node *n, void *out)
{
	(void)out;
	(void)n;
	(void)r;
	return 0; /* looked at before anything else: check_version() */
}

static int
read_recorded(struct reader *r, const struct yaml_node *n, void *out)
{
	char q[QUOTE_MAX];

	if (n->kind == YAML_SCALAR &&
	    clock_parse_rfc3339(n->text.p, n->text.n, out) == 0)
		return 0;
	return reader_fail(r, n,
			   "bad date '%s'; expected "
			   "YYYY-MM-DDTHH:MM:SS.UUUUUUZ",
			   quote(n->text, q));
}

static const char *const trigger_keys[] = {
	"on_status", "on_exit",    "on_signal",  "on_reset",
	"on_log",    "on_timeout", "on_session", "on_suite",
	"on_grpc_status", "on_close", "exchange", "detail", NULL,
};

static int
read_trigger_value(struct reader *r, const struct yaml_node *n,
		   struct trigger *t)
{
	unsigned status;
	uint64_t v;

	if (t->kind == TRIGGER_STATUS) {
		if (reader_status(r, n, &status) < 0)
			return -1;
		t->value = (int)status;
		return 0;
	}
	if (n->kind == YAML_SCALAR && n->plain &&
	    slice_eq(n->text, SLICE("true")))
		return 0;
	if (reader_number(r, n, INT_MAX, &v) < 0)
		return -1;
	t->value = (int)v;
	return 0;
}

static int
read_trigger(struct reader *r, const struct yaml_node *n, void *out)
{
	const struct yaml_node *on, *v;
	struct trigger *t = out;
	unsigned kinds = 0;

	if (n->kind != YAML_MAP)
		return reader_fail(r, n, "bad trigger; expected a map");
	if (yaml_known_keys(r->doc, n, trigger_keys, ERR_TAPE, r->e) < 0)
		return -1;
	for (size_t i = 0; trigger_kind_names[i]; i++) {
		on = yaml_get(n, trigger_kind_names[i]);
		if (!on)
			continue;
		kinds++;
		t->kind = (enum trigger_kind)i;
		if (read_trigger_value(r, on, t) < 0)
			return -1;
	}
	if (kinds != 1)
		return reader_fail(r, n,
				   "%u kinds of trigger; expected one, "
				   "as {on_status: 500}",
				   kinds);
	v = yaml_get(n, "exchange");
	if (v && reader_u32(r, v, &t->exchange) < 0)
		return -1;
	v = yaml_get(n, "detail");
	return v ? reader_text(r, v, &t->detail) : 0;
}

static int
read_from(struct reader *r, const struct yaml_node *n, void *out)
{
	static const char *const words[] = { "start", "truncated", "snapshot",
					     NULL };
	size_t i;

	(void)out; /* `lost` and `at` say the same; read_origin() compares */
	return reader_word(r, n, words, &i);
}

static int
read_origin_at(struct reader *r, const struct yaml_node *n, void *out)
{
	struct origin *o = out;

	o->snapshot = true;
	return reader_time(r, n, &o->at_us);
}

#define AT(member) offsetof(struct origin, member)
static const struct row origin_rows[] = {
	{ "from", read_from, 0, true },
	{ "lost", reader_u64, AT(truncated), false },
	{ "at", read_origin_at, 0, false },
	{ "commit", reader_text, AT(commit), false },
	{ "build", reader_text, AT(build), false },
	{ "dvr", reader_text, AT(dvr), false },
};
#undef AT

static int
read_origin(struct reader *r, const struct yaml_node *n, void *out)
{
	const struct origin *o = out;
	const struct yaml_node *from;

	if (reader_map(r, n, origin_rows, ARRAY_LEN(origin_rows), out) < 0)
		return -1;
	from = yaml_get(n, "from");
	if (slice_eq(from->text, SLICE("truncated")) == (o->truncated > 0) &&
	    (!slice_eq(from->text, SLICE("start")) || !o->snapshot) &&
	    (!slice_eq(from->text, SLICE("snapshot")) || o->snapshot))
		return 0;
	return reader_fail(r, from,
			   "'from' and 'lost' or 'at' do not agree; expected "
			   "{from: start}, {from: truncated, lost: N} or "
			   "{from: snapshot, at: SECONDS}");
}

static int
read_role(struct reader *r, const struct yaml_node *n, void *out)
{
	size_t i;

	if (reader_word(r, n, lane_role_names, &i) < 0)
		return -1;
	*(enum lane_role *)out = (enum lane_role)i;
	return 0;
}

static const struct row lane_rows[] = {
	{ "name", reader_text, offsetof(struct tape_lane, name), true },
	{ "role", read_role, offsetof(struct tape_lane, role), true },
};

static int
read_lane(struct reader *r, const struct yaml_node *n, void *out)
{
	return reader_map(r, n, lane_rows, ARRAY_LEN(lane_rows), out);
}

static int
read_lanes(struct reader *r, const struct yaml_node *n, void *out)
{
	struct tape *t = out;
	void *v;

	if (parse_list(r, n, sizeof(*t->lanes), read_lane, &v, &t->nlanes) < 0)
		return -1;
	t->lanes = v;
	return 0;
}

#define AT(member) offsetof(struct tape_state_file, member)
static const struct row state_file_rows[] = {
	{ "path", reader_text, AT(path), true },
	{ "bytes", reader_u64, AT(size), false },
	{ "sha256", reader_text, AT(sha256), false },
};
#undef AT

static int
read_state_file(struct reader *r, const struct yaml_node *n, void *out)
{
	const struct tape_state_file *f = out;

	if (reader_map(r, n, state_file_rows, ARRAY_LEN(state_file_rows),
		       out) < 0)
		return -1;
	if (slice_ends(f->path, SLICE("/")))
		return f->sha256.n == 0 && f->size == 0 ? 0 :
			reader_fail(r, n, "a folder has no bytes");
	if (f->sha256.n == 64)
		return 0;
	return reader_fail(r, n, "bad file of state; expected its path, bytes "
			   "and the 64 hex digits of its sha256");
}

static int
read_state_files(struct reader *r, const struct yaml_node *n, void *out)
{
	struct tape_state *s = out;
	void *v;

	if (parse_list(r, n, sizeof(*s->files), read_state_file, &v,
		       &s->nfiles) < 0)
		return -1;
	s->files = v;
	return 0;
}

#define AT(member) offsetof(struct tape_state, member)
static const struct row state_rows[] = {
	{ "name", reader_text, AT(name), true },
	{ "provider", reader_text, AT(provider), true },
	{ "snapshot", reader_text, AT(snapshot), true },
	{ "unscrubbed", reader_text, AT(unscrubbed), false },
	{ "files", read_state_files, 0, false },
};
#undef AT

static int
read_state(struct reader *r, const struct yaml_node *n, void *out)
{
	return reader_map(r, n, state_rows, ARRAY_LEN(state_rows), out);
}

static int
read_states(struct reader *r, const struct yaml_node *n, void *out)
{
	struct tape *t = out;
	void *v;

	if (parse_list(r, n, sizeof(*t->state), read_state, &v, &t->nstate) < 0)
		return -1;
	t->state = v;
	return 0;
}

static int
read_token_coding(struct reader *r, const struct yaml_node *n, void *out)
{
	enum token_coding *coding = out;
	size_t i;

	if (reader_word(r, n, token_coding_names, &i) < 0)
		return -1;
	*coding = (enum token_coding)i;
	return 0;
}

#define AT(member) offsetof(struct tape_token, member)
static const struct row token_rows[] = {
	{ "handle", reader_text, AT(handle), true },
	{ "coding", read_token_coding, AT(coding), true },
	{ "header", reader_text, AT(header), false },
	{ "text", reader_text, AT(text), true },
};
#undef AT

static int
read_token(struct reader *r, const struct yaml_node *n, void *out)
{
	return reader_map(r, n, token_rows, ARRAY_LEN(token_rows), out);
}

static int
read_tokens(struct reader *r, const struct yaml_node *n, void *out)
{
	struct tape *t = out;
	void *v;

	if (parse_list(r, n, sizeof(*t->tokens), read_token, &v,
		       &t->ntokens) < 0)
		return -1;
	t->tokens = v;
	return 0;
}

#define AT(member) offsetof(struct scrub_entry, member)
static const struct row scrubbed_rows[] = {
	{ "rule", reader_text, AT(rule), true },
	{ "field", reader_text, AT(field), true },
	{ "count", reader_u64, AT(count), true },
};
#undef AT

static int
read_scrub_entry(struct reader *r, const struct yaml_node *n, void *out)
{
	return reader_map(r, n, scrubbed_rows, ARRAY_LEN(scrubbed_rows), out);
}

static int
read_scrubbed(struct reader *r, const struct yaml_node *n, void *out)
{
	struct tape *t = out;
	void *v;

	if (parse_list(r, n, sizeof(*t->scrubbed), read_scrub_entry, &v,
		       &t->nscrubbed) < 0)
		return -1;
	t->scrubbed = v;
	return 0;
}

static int
read_losses(struct reader *r, const struct yaml_node *n, void *out)
{
	struct tape *t = out;
	void *v;

	if (parse_list(r, n, sizeof(*t->losses), reader_text, &v, &t->nlosses) <
	    0)
		return -1;
	t->losses = v;
	return 0;
}

static int
read_mocks(struct reader *r, const struct yaml_node *n, void *out)
{
	struct tape *t = out;
	void *v;

	if (parse_list(r, n, sizeof(*t->mocks), reader_text, &v, &t->nmocks) <
	    0)
		return -1;
	t->mocks = v;
	return 0;
}

static int
read_exchanges(struct reader *r, const struct yaml_node *n, void *out)
{
	struct tape *t = out;
	void *v;

	if (parse_list(r, n, sizeof(*t->exchanges), parse_exchange, &v,
		       &t->nexchanges) < 0)
		return -1;
	t->exchanges = v;
	return 0;
}

#define AT(member) offsetof(struct tape, member)
/* In the order of the file; lanes stand before what refers to them. */
static const struct row tape_rows[] = {
	{ "dvr", read_version, 0, true },
	{ "id", reader_text, AT(id), true },
	{ "recorded", read_recorded, AT(recorded_us), true },
	{ "namespace", reader_text, AT(namespace), true },
	{ "session", reader_text, AT(session), true },
	{ "signature", reader_text, AT(signature), true },
	{ "trigger", read_trigger, AT(trigger), true },
	{ "origin", read_origin, AT(origin), true },
	{ "not_replayable", reader_text, AT(not_replayable), false },
	{ "descriptors", reader_text, AT(descriptors), false },
	{ "lanes", read_lanes, 0, true },
	{ "state", read_states, 0, true },
	{ "log", reader_text, AT(log_tail), false },
	{ "exchanges", read_exchanges, 0, true },
	{ "tokens", read_tokens, 0, false },
	{ "mocks", read_mocks, 0, false },
	{ "scrubbed", read_scrubbed, 0, true },
	{ "losses", read_losses, 0, true },
};
#undef AT

/* ---- the whole ------------------------------------------------------- */

/* Before all else: another version may have other keys everywhere. */
static int
check_version(struct reader *r)
{
	const struct yaml_node *root = r->doc->root;
	const struct yaml_node *n = yaml_get(root, "dvr");
	uint64_t version;

	if (!n)
		return reader_fail(r, root,
				   "no tape: it does not begin with "
				   "'dvr: %d'",
				   TAPE_FORMAT);
	if (reader_number(r, n, UINT32_MAX, &version) < 0)
		return -1;
	if (version > TAPE_FORMAT)
		return reader_fail(r, n,
				   "tape format %llu; this dvr " DVR_VERSION
				   " reads %d: use the newer dvr that wrote "
				   "it, or record the tape again",
				   (unsigned long long)version, TAPE_FORMAT);
	if (version < TAPE_FORMAT)
		return reader_fail(r, n,
				   "tape format %llu; this dvr " DVR_VERSION
				   " reads %d: record the tape again",
				   (unsigned long long)version, TAPE_FORMAT);
	return 0;
}

/* The node that a fault is about; the nearest one that is there. */
static const struct yaml_node *
place_of(const struct yaml_node *root, const struct tape *t,
	 const struct fault *f)
{
	const struct yaml_node *n = root, *inner;

	if (f->exchange < t->nexchanges)
		n = &yaml_get(root, "exchanges")->items[f->exchange];
	inner = f->side ? yaml_get(n, f->side) : NULL;
	if (inner && inner->kind == YAML_LIST)
		inner = &inner->items[f->interim];
	if (inner)
		n = inner;
	inner = f->key ? yaml_get(n, f->key) : NULL;
	return inner ? inner : n;
}

static int
parse_into(struct reader *r, struct tape *t)
{
	struct fault f;

	if (check_version(r) < 0 ||
	    reader_map(r, r->doc->root, tape_rows, ARRAY_LEN(tape_rows), t) < 0)
		return -1;
	if (tape_find_fault(t, &f))
		return reader_fail(r, place_of(r->doc->root, t, &f), "%s",
				   f.text);
	return 0;
}

int
tape_parse(const char *name, struct slice text, tape_load_fn *load, void *arg,
	   struct tape *out, struct err *e)
{
	struct tape t;
	struct parse p = { .tape = &t, .load = load, .load_arg = arg };
	struct yaml_doc doc;
	struct reader r = { .doc = &doc, .e = e, .arg = &p };

	tape_init(&t);
	r.a = t.arena;
	if (yaml_parse(t.arena, name, text, ERR_TAPE, &doc, e) < 0)
		goto bad;
	if (!doc.root) {
		reader_fail(&r, NULL, "empty; expected a tape");
		goto bad;
	}
	if (parse_into(&r, &t) < 0)
		goto bad;
	*out = t;
	return 0;
bad:
	tape_release(&t);
	return -1;
}
