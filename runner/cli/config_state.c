/* The section `state`: data stores that a tape brings along. */
#include "config_sections.h"

#include <dvr/state/state.h>
#include <dvr/tape/yaml.h>

#include <string.h>

typedef const char *const keys[];

/* Of capture.max_memory, for all snapshots together. */
#define MEMORY_PART 4
#define STATE_DIR "${DVR_STATE_DIR}"

static const char *const moments[] = { "first_request", "run", "session",
				       NULL };

static int
wrong(struct reader *r, const struct yaml_node *n, const char *text)
{
	return yaml_error(r->doc, n, ERR_USAGE, r->e, "%s", text);
}

static int
read_provider(struct reader *r, const struct yaml_node *n,
	      struct state_config *s)
{
	char *name = NULL, names[64], q[QUOTE_MAX];
	const struct yaml_node *at = yaml_get(n, "provider");

	if (value_string(r, at, &name) != 0)
		return -1;
	s->provider = name ? state_provider_named(name) : NULL;
	if (s->provider)
		return 0;
	if (!at)
		return yaml_error(r->doc, n, ERR_USAGE, r->e,
				  "a state needs a provider: %s",
				  state_provider_names(names));
	return yaml_error(r->doc, at, ERR_USAGE, r->e,
			  "unknown provider '%s'; expected %s",
			  quote(at->text, q), state_provider_names(names));
}

static int
read_name(struct reader *r, const struct yaml_node *n,
	  const struct config *c, struct state_config *s)
{
	const struct yaml_node *at = yaml_get(n, "name");

	if (value_string(r, at, &s->name) != 0)
		return -1;
	if (!s->name || !state_name_ok(slice_str(s->name)))
		return wrong(r, at ? at : n, "a state needs a name of letters, "
			     "digits, '-', '_' and '.'");
	for (size_t i = 0; i < c->nstate; i++)
		if (strcmp(c->state[i].name, s->name) == 0)
			return wrong(r, at, "a state of that name is there "
				     "already");
	return 0;
}

/* Replays run side by side, each with a folder of its own that is thrown away:
 * what they restore must lie there, and must not lead out of it. */
static int
read_path(struct reader *r, const struct yaml_node *n, struct state_config *s)
{
	static const char expected[] = "path must be " STATE_DIR ", or begin "
		"with " STATE_DIR "/: replays run side by side, each with a "
		"folder of its own; have the service keep its data there";
	const struct yaml_node *at = yaml_get(n, "path");
	struct slice rest, part, left;
	char *path = NULL;

	if (value_string(r, at, &path) != 0)
		return -1;
	if (!s->provider->has_path)
		return at ? wrong(r, at, "the provider command has no path")
			  : 0;
	if (!path)
		return wrong(r, n, "the provider needs a path");
	rest = slice_str(path);
	if (!slice_starts(rest, SLICE(STATE_DIR)))
		return wrong(r, at, expected);
	rest = slice_from(rest, sizeof(STATE_DIR) - 1);
	if (rest.n > 0 && rest.p[0] != '/')
		return wrong(r, at, expected);
	while (rest.n > 0 && rest.p[0] == '/')
		rest = slice_from(rest, 1);
	while (rest.n > 0 && rest.p[rest.n - 1] == '/')
		rest.n--;
	for (left = rest; left.p && left.n > 0;) {
		part = slice_cut(&left, '/');
		if (slice_eq(part, SLICE("..")))
			return wrong(r, at, "path must not hold '..'");
	}
	if (slice_find(rest, SLICE("${")) >= 0)
		return wrong(r, at, "path takes no variable but " STATE_DIR);
	if (rest.n == 0 && strcmp(s->provider->name, "sqlite") == 0)
		return wrong(r, at, "path must name the database's file");
	s->path = arena_str(r->arena, rest);
	return 0;
}

static int
read_moment(struct reader *r, const struct yaml_node *at,
	    struct state_config *s)
{
	unsigned when = STATE_FIRST_REQUEST;

	if (value_choice(r, at, moments, &when) != 0)
		return -1;
	s->when = (enum state_when)when;
	return 0;
}

/* `snapshot` is when; of the provider command it is the command. */
static int
read_snapshot(struct reader *r, const struct yaml_node *n,
	      struct state_config *s)
{
	const struct yaml_node *at = yaml_get(n, "snapshot");
	const struct yaml_node *when = yaml_get(n, "when");

	if (!s->provider->has_commands) {
		if (yaml_get(n, "restore"))
			return wrong(r, yaml_get(n, "restore"), "only the "
				     "provider command has a restore command");
		if (when && at)
			return wrong(r, when, "'when' and 'snapshot' say the "
				     "same; one of them will do");
		return read_moment(r, when ? when : at, s);
	}
	if (value_string(r, at, &s->snapshot) != 0 ||
	    value_string(r, yaml_get(n, "restore"), &s->restore) != 0)
		return -1;
	if (!s->snapshot || !s->snapshot[0] || !s->restore || !s->restore[0])
		return wrong(r, n, "the provider command needs snapshot: CMD "
			     "and restore: CMD");
	for (size_t i = 0; moments[i]; i++)
		if (strcmp(s->snapshot, moments[i]) == 0)
			return wrong(r, at, "of the provider command, snapshot "
				     "is the command; 'when' takes the "
				     "moment");
	return read_moment(r, when, s);
}

static int
read_scrub(struct reader *r, const struct yaml_node *n,
	   struct state_config *s)
{
	static keys words = { "text", "none", NULL };
	const struct yaml_node *reason = yaml_get(n, "reason");
	unsigned scrub = 0;

	if (value_choice(r, yaml_get(n, "scrub"), words, &scrub) != 0 ||
	    value_string(r, reason, &s->unscrubbed) != 0)
		return -1;
	if (scrub == 1 && (!s->unscrubbed || !s->unscrubbed[0]))
		return wrong(r, yaml_get(n, "scrub"), "'scrub: none' needs a "
			     "reason: it goes onto the tape as it is");
	if (scrub == 0 && reason)
		return wrong(r, reason, "a reason without 'scrub: none'");
	return 0;
}

static int
read_one(struct reader *r, const struct yaml_node *n, struct config *c)
{
	static keys known = { "name", "provider", "path", "snapshot",
			      "restore", "when", "max_size", "scrub",
			      "reason", NULL };
	struct state_config *s = &c->state[c->nstate];
	size_t most = c->ledger.max_memory_bytes / MEMORY_PART;

	s->max_bytes = STATE_MAX_BYTES;
	if (value_map(r, n, "state", known) != 0 ||
	    read_name(r, n, c, s) != 0 || read_provider(r, n, s) != 0 ||
	    read_path(r, n, s) != 0 || read_snapshot(r, n, s) != 0 ||
	    read_scrub(r, n, s) != 0 ||
	    value_size(r, yaml_get(n, "max_size"), &s->max_bytes) != 0)
		return -1;
	if (s->max_bytes > TAPE_STATE_MAX)
		return wrong(r, yaml_get(n, "max_size"), "max_size is at most "
			     "256MiB");
	if (s->max_bytes > most)
		s->max_bytes = most;
	if (s->provider->has_path && c->service.attach && !c->service.start)
		return wrong(r, n, "only a service that dvr starts has its "
			     "data in " STATE_DIR "; the provider command can "
			     "reach others");
	/* What a session's history may leave out is in all snapshots or in
	 * none. */
	if (c->nstate > 0 && (s->when == STATE_SESSION) !=
	    (c->state[0].when == STATE_SESSION))
		return wrong(r, n, "states taken for each session do not mix "
			     "with others");
	c->nstate++;
	return 0;
}

int
read_state(struct reader *r, const struct yaml_node *n, struct config *c)
{
	if (value_list(r, n, "state") != 0)
		return -1;
	if (!n)
		return 0;
	c->state = arena_array(r->arena, n->count + 1, sizeof(*c->state));
	for (size_t i = 0; i < n->count; i++)
		if (read_one(r, &n->items[i], c) != 0)
			return -1;
	c->ledger.state = c->state;
	c->ledger.nstate = c->nstate;
	return 0;
}
