/*
 * The scrubber: a secret that one header gives away and that stands anywhere
 * else in hostile text is never in the clean tape, nor in a clean log; what is
 * clean expands and prints without harm.
 */
#include <dvr/scrub/scrub.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CANARY "Zq7Kx2Vb9Lm4Tw8Rj3Yp"

static const char *const types[] = { "application/json",
	"application/x-www-form-urlencoded", "multipart/form-data",
	"text/plain", "image/png" };

static struct header
header(struct slice name, struct slice value, struct slice line)
{
	return (struct header){ .line = line, .name = name, .value = value };
}

static void
never(struct slice s)
{
	if (slice_find(s, SLICE(CANARY)) >= 0)
		abort();
}

static void
check_message(const struct message *m)
{
	struct buf b;

	buf_init(&b, 64 * MiB);
	message_print(m, &b);
	never(buf_slice(&b));
	buf_clear(&b);
	scrub_print_live(m, &b);
	never(buf_slice(&b));
	buf_release(&b);
}

/* `text` with the canary planted at its middle, or as given by a marker. */
static struct slice
plant(struct arena *a, struct slice text)
{
	ssize_t at = slice_chr(text, '\x01');
	size_t to = at < 0 ? text.n / 2 : (size_t)at;
	struct slice done;
	struct buf b;

	buf_init(&b, text.n + sizeof(CANARY));
	buf_add(&b, slice_range(text, 0, to));
	buf_adds(&b, CANARY);
	buf_add(&b, slice_from(text, to));
	done = arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return done;
}

static void
check_tape(struct scrub *s, struct slice type, struct slice text)
{
	struct arena *a = arena_create();
	struct slice line = arena_fmt(a, "Content-Type: %.*s",
				      SLICE_ARG(type));
	struct header h[] = {
		header(SLICE("Authorization"), SLICE("Bearer " CANARY),
		       SLICE("Authorization: Bearer " CANARY)),
		header(SLICE("Content-Type"), slice_from(line, 14), line),
	};
	struct exchange x = { .id = 1 };
	struct recording rec = { .raw = { .exchanges = &x, .nexchanges = 1,
					  .log_tail = text } };
	struct tape t;

	x.request = (struct message){
		.present = true, .line = SLICE("POST / HTTP/1.1"),
		.headers = { h, 2 }, .body = text, .body_bytes = text.n,
		.framing = FRAMING_LENGTH,
	};
	x.response = x.request;
	x.response.headers.n = 0;
	x.response.line = arena_fmt(a, "HTTP/1.1 200 %.*s",
				    SLICE_ARG(slice_range(text, 0, 64)));
	if (scrub_recording(s, &rec, &t, NULL) < 0)
		abort();
	check_message(&t.exchanges[0].request);
	check_message(&t.exchanges[0].response);
	never(t.log_tail);
	tape_release(&t);
	arena_destroy(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct scrub_rule rules[] = {
		{ .regex = "Authorization: Bearer .*",
		  .replace = "Authorization: Bearer [MOCK_TOKEN]" },
		{ .regex = "(ab+c)[0-9]*", .replace = "$1[X]" },
		{ .field = "*.req.body#/a/*", .replace = "thing" },
	};
	struct slice in = slice_of(data, size);
	struct scrub *s;
	struct arena *a;
	struct buf b;

	if (size < 2)
		return 0;
	s = scrub_create(rules, ARRAY_LEN(rules), &clock_system, NULL);
	a = arena_create();
	check_tape(s, slice_str(types[data[0] % ARRAY_LEN(types)]),
		   plant(a, slice_from(in, 1)));
	buf_init(&b, 64 * MiB);
	scrub_text(s, plant(a, in), &b);
	never(buf_slice(&b));
	if (!scrub_matches(in, in) && !scrub_has_handle(in))
		abort();
	buf_release(&b);
	arena_destroy(a);
	scrub_destroy(s);
	return 0;
}
