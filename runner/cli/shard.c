/* Which of how many shards is this?  The options know, or the CI system. */
#include "shard.h"

#include <dvr/base/fs.h>
#include <dvr/base/slice.h>

#include <stdlib.h>

/* Set by the CI system for each of its parallel jobs. */
static const struct ci_system {
	const char *index, *total;
	unsigned first;			/* what the first shard is called */
	const char *only_with;		/* a variable, or NULL */
} ci_systems[] = {
	/* bazel.build/reference/test-encyclopedia, "Test sharding" */
	{ "TEST_SHARD_INDEX", "TEST_TOTAL_SHARDS", 0, NULL },
	/* docs.gitlab.com/ci/variables/predefined_variables */
	{ "CI_NODE_INDEX", "CI_NODE_TOTAL", 1, "GITLAB_CI" },
	/* buildkite.com/docs/pipelines/environment-variables */
	{ "BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", 0, NULL },
	/* circleci.com/docs/variables */
	{ "CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", 0, NULL },
	/* kubernetes.io/docs/tasks/job/indexed-parallel-processing-static;
	 * of how many, only the manifest knows */
	{ "JOB_COMPLETION_INDEX", "DVR_SHARD_TOTAL", 0, NULL },
};

static const char *
variable(const char *name)
{
	const char *v = name ? getenv(name) : NULL;

	return v && v[0] ? v : NULL;
}

static int
by_option(const char *given, struct shard *out, struct err *e)
{
	struct slice rest = slice_str(given);
	struct slice index = slice_cut(&rest, '/');
	char q[QUOTE_MAX];
	uint64_t i, n;

	out->source = given == getenv("DVR_SHARD") ? "DVR_SHARD" : "--shard";
	if (slice_uint(index, SHARDS_MAX, &i) != 0 ||
	    slice_uint(rest, SHARDS_MAX, &n) != 0 || i < 1 || i > n)
		return err_set(e, ERR_USAGE, "bad %s '%s'; expected I/N, such "
			       "as 2/7: the second of seven, at most %d",
			       out->source, quote(slice_str(given), q),
			       SHARDS_MAX);
	out->index = (unsigned)i;
	out->of = (unsigned)n;
	return 0;
}

static int
by_ci_system(const struct ci_system *p, const char *index, const char *total,
	    struct shard *out, struct err *e)
{
	char q1[QUOTE_MAX], q2[QUOTE_MAX];
	uint64_t i, n;

	if (slice_uint(slice_str(total), SHARDS_MAX, &n) != 0 || n < 1 ||
	    slice_uint(slice_str(index), SHARDS_MAX, &i) != 0 ||
	    i < p->first || i >= n + p->first)
		return err_set(e, ERR_USAGE, "%s='%s' with %s='%s' names no "
			       "shard; expected %u to %s, of at most %d",
			       p->index, quote(slice_str(index), q1), p->total,
			       quote(slice_str(total), q2), p->first,
			       p->first ? "the total" : "the total - 1",
			       SHARDS_MAX);
	out->index = (unsigned)i - p->first + 1;
	out->of = (unsigned)n;
	out->source = p->index;
	return 0;
}

/* The first system that has said both. */
static int
by_environment(struct shard *out, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(ci_systems); i++) {
		const struct ci_system *p = &ci_systems[i];
		const char *index = variable(p->index);
		const char *total = variable(p->total);

		if (index && total && (!p->only_with || variable(p->only_with)))
			return by_ci_system(p, index, total, out, e);
	}
	return 0;
}

int
shard_find(const struct args *args, struct shard *out, struct err *e)
{
	const char *given = args->value[OPT_SHARD];
	int rc;

	*out = (struct shard){ .of = 0 };
	rc = given ? by_option(given, out, e) : by_environment(out, e);
	if (rc == 0 && out->of == 1)
		*out = (struct shard){ .of = 0 };
	return rc;
}

int
shard_acknowledge(struct err *e)
{
	const char *file = variable("TEST_SHARD_STATUS_FILE");

	if (!file)
		return 0;
	return fs_write_atomic(file, 0644, SLICE(""), e);
}
