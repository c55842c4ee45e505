/* The scrubber's life: rules compiled, a key drawn and wiped; free text. */
#include "scrubber.h"

#include <dvr/base/mem.h>

#include "detect.h"
#include "job.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE_BYTES 4096u

/* A page that is neither swapped nor dumped, where the system allows it. */
static void *
key_create(const struct clock *clock, char exposed[], size_t n)
{
	void *p = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (mlock(p, PAGE_BYTES) != 0)
		snprintf(exposed, n, "the key of the scrubbing may be swapped "
			 "out: mlock: %s (RLIMIT_MEMLOCK)", strerror(errno));
	else if (madvise(p, PAGE_BYTES, MADV_DONTDUMP) != 0)
		snprintf(exposed, n, "the key of the scrubbing may get into a "
			 "core dump: madvise: %s", strerror(errno));
	clock->random(clock, p, SCRUB_KEY_BYTES);
	return p;
}

static void
key_destroy(void *p)
{
	if (!p)
		return;
	explicit_bzero(p, SCRUB_KEY_BYTES);
	munmap(p, PAGE_BYTES);
}

struct scrub *
scrub_create(const struct scrub_rule *rules, size_t count,
	     const struct clock *clock, struct err *e)
{
	struct scrub *s = mem_alloc(sizeof(*s));

	s->rules = rules_create(rules, count, clock, e);
	s->detecting = s->rules ? detecting_create(rules, count, e) : NULL;
	if (!s->detecting) {
		scrub_destroy(s);
		return NULL;
	}
	s->key = key_create(clock, s->exposed, sizeof(s->exposed));
	if (!s->key) {
		err_sys(e, ERR_INTERNAL, "no memory for the scrubber's key");
		scrub_destroy(s);
		return NULL;
	}
	s->known = known_create(s->key, SCRUB_KEY_BYTES);
	return s;
}

void
scrub_destroy(struct scrub *s)
{
	if (!s)
		return;
	known_destroy(s->known);
	vouch_release(&s->vouched);
	detecting_destroy(s->detecting);
	rules_destroy(s->rules);
	key_destroy(s->key);
	free(s);
}

const char *
scrub_exposed(const struct scrub *s)
{
	return s->exposed[0] ? s->exposed : NULL;
}

void
scrub_learn(struct scrub *s, struct slice value, struct slice class)
{
	known_insist(s->known, &(struct span){ .rank = RANK_USER,
		.class = class, .rule = SLICE("secret"), .value = value });
}

void
scrub_text(struct scrub *s, struct slice text, struct buf *out)
{
	struct job j;
	size_t i;

	job_init(&j, s);
	i = job_add(&j, text, SLICE("text"));
	j.v[i].keep_handles = true;
	job_detect_text(&j, i);
	job_finish(&j);
	if (j.v[i].gave_up.n > 0 || known_leaks(s->known, job_text(&j, i)))
		buf_adds(out, "(withheld)");
	else
		buf_add(out, job_text(&j, i));
	job_release(&j);
}
