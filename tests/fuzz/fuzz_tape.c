/*
 * The tape's reader under any text: it refuses with a place, or gives a tape
 * that prints and reads back deeply equal.
 */
#include <stdlib.h>
#include <string.h>

/* The comparison that the unit tests use. */
#include "../unit/tape_difference.c"
#include "../unit/tape_samples.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Bodies as large as asked for, within reason, that are not inline text. */
static int
load_anything(void *arg, struct arena *a, const char *hash, uint64_t size,
	      struct slice *out, struct err *e)
{
	char *p;

	(void)arg;
	if (size > 64 * KiB)
		return err_set(e, ERR_TAPE, "too large for this test");
	p = arena_alloc(a, (size_t)size + 1);
	memset(p, hash[0], (size_t)size);
	if (size > 0)
		p[0] = '\0';
	*out = slice_of(p, (size_t)size);
	return 0;
}

static void
check_round_trip(const struct tape *t)
{
	struct tape_blobs blobs;
	struct buf text, again;
	struct tape back;
	struct err e;

	buf_init(&text, 64 * MiB);
	buf_init(&again, 64 * MiB);
	tape_print(t, &text, &blobs);
	if (tape_parse("f", buf_slice(&text), load_from_blobs, &blobs, &back,
		       &e) < 0 ||
	    tape_difference(t, &back))
		abort();
	tape_print(&back, &again, NULL);
	if (!slice_eq(buf_slice(&text), buf_slice(&again)))
		abort();
	tape_release(&back);
	free(blobs.v);
	buf_release(&text);
	buf_release(&again);
}

static void
check_accessors(const struct tape *t)
{
	struct buf b;

	buf_init(&b, 8 * MiB);
	for (size_t i = 0; i < t->nexchanges; i++) {
		const struct exchange *x = &t->exchanges[i];

		message_print(&x->request, &b);
		message_print(&x->response, &b);
		message_path(&x->request);
		message_status(&x->response);
	}
	buf_release(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct err e = { 0 };
	struct tape t;

	if (tape_parse("f", slice_of(data, n), load_anything, NULL, &t, &e) <
	    0) {
		if (e.code != ERR_TAPE || strncmp(e.msg, "f:", 2) != 0 ||
		    strchr(e.msg, '\n'))
			abort();
		return 0;
	}
	check_round_trip(&t);
	check_accessors(&t);
	tape_release(&t);
	return 0;
}
