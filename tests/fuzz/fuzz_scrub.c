/*
 * The scrubber: a secret that one header gives away and that stands anywhere
 * else in hostile text is never in the clean tape, nor in a clean log; what is
 * clean expands and prints without harm.
 */
#include <dvr/scrub/scrub.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CANARY "Zq7Kx2Vb9Lm4Tw8Rj3Yp"

static const char *const types[] = { "application/json",
	"application/x-www-form-urlencoded", "multipart/form-data",
	"text/plain", "image/png" };

/* Found by their look wherever they stand alone; in two parts, so that no
 * literal of the source is one. */
static const char *const looks[][2] = {
	{ "gh" "p_", "q7Zk2Vb9Lm4Tw8Rj3YpXc5Nd6Hf1Gs0AeUiO" },
	{ "AK" "IA", "Q7XYZQ7XYZQ7XYZQ" },
	{ "sk_" "live_", "Zk2Vb9Lm4Tw8Rj3YpXc5Nd6" },
	{ "xo" "xb-", "123456789012-q7Zk2Vb9Lm4Tw8Rj3YpXc5Nd" },
	{ "41111111", "11111111" }, { "219-09", "-4821" },
	{ "312-867", "-5309" }, { "81.2.", "69.142" },
	{ "2a02:26f7:", "c0:a:b:c:17:1" }, { "3c:22:fb", ":01:9e:7a" },
	{ "zoe.quill", "@corp.example" }, { "DE8937040044", "0532013000" },
};

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
	scrub_print_live(NULL, m, &b);
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
	struct err e = { 0 };
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
	/* the last look has nothing against what was made clean */
	if (scrub_check(s, &t, &e) < 0) {
		fprintf(stderr, "%s\n", e.msg);
		abort();
	}
	tape_release(&t);
	arena_destroy(a);
}

/* Nothing that was planted is there, and what is clean stays as it is: by the
 * detectors alone, for a rule may cut a word so that its rest reads as
 * something else. */
static void
check_looks(struct slice in, unsigned which)
{
	struct scrub *s = scrub_create(NULL, 0, &clock_system, NULL);
	const char *const *look = looks[which % ARRAY_LEN(looks)];
	struct buf text, once, twice, secret;

	buf_init(&text, 64 * MiB);
	buf_init(&secret, KiB);
	buf_init(&once, 64 * MiB);
	buf_init(&twice, 64 * MiB);
	/* where it stands alone: in a longer word it is another one */
	buf_fmt(&secret, " %s%s ", look[0], look[1]);
	buf_add(&text, slice_range(in, 0, in.n / 2));
	buf_add(&text, buf_slice(&secret));
	buf_add(&text, slice_from(in, in.n / 2));
	scrub_text(s, buf_slice(&text), &once);
	if (slice_find(buf_slice(&once), buf_slice(&secret)) >= 0)
		abort();
	scrub_text(s, buf_slice(&once), &twice);
	if (!slice_eq(buf_slice(&once), buf_slice(&twice)))
		abort();
	buf_release(&text);
	buf_release(&secret);
	buf_release(&once);
	buf_release(&twice);
	scrub_destroy(s);
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
	check_looks(slice_from(in, 1), data[0]);
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
