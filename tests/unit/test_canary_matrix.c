/* Each detector that is on, each by itself, through each carrier: nothing of
 * its secret is on the tape.  DVR_CANARY_MATRIX=FILE writes the table there. */
#include "canary.h"

#include <dvr/scrub/detector.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELLS 128	/* of a row, at most */

enum cell { NOT_CARRIED, GONE, EXCEPTED, LEFT };

#define OTHERS "another detector, on as well, has it"
#define VERSION "a version of four numbers stands like that"
#define BLANK "a bare value ends at a blank in text"
#define SHORT "shorter than what is tried as base64"
#define WORD "a plain word is not searched for in other codings"
#define INNER "known by what is around it or in it"

/* What is not found, and why that is so; "" stands for each of them.  `alone`:
 * only while no other detector is on. */
static const struct {
	const char *detector, *carrier;
	bool alone;
	const char *why;
} exceptions[] = {
	{ "cookie", "", true, OTHERS },
	{ "jwt-base64", "", true, OTHERS },
	{ "", "cookie", true, OTHERS },
	{ "", "set-cookie", true, OTHERS },
	{ "ipv4", "path", false, VERSION },
	{ "ipv4", "path of a url", false, VERSION },
	{ "ssn", "form in base64", false, SHORT },
	{ "itin", "form in base64", false, SHORT },
	{ "jwt-base64", "known, in hex", false, INNER },
	{ "private-key", "known, in hex", false, INNER },
	{ "private-key", "known, in percent", false, INNER },
	{ "name", "known, in hex", false, WORD },
	{ "name", "known, in base64", false, WORD },
	{ "name", "known, in percent", false, WORD },
	{ "address", "JSON, pairs in text", false, BLANK },
	{ "address", "event of text", false, BLANK },
	{ "address", "XML comment", false, BLANK },
	{ "address", "HTML", false, BLANK },
	{ "address", "text", false, BLANK },
	{ "address", "binary", false, BLANK },
	{ "address", "service log", false, BLANK },
	{ "address", "exception line", false, BLANK },
};

enum mode { ALONE, TOGETHER, NONE_ON };

struct row {
	struct rig rig;
	struct canary c[CELLS];
	uint32_t exchange[CELLS];
	bool sent[CELLS];
};

static const struct canary_kind *
kind_of(const char *detector)
{
	for (size_t i = 0; i < canary_kind_count; i++) {
		if (strcmp(canary_kinds[i].detector, detector) == 0)
			return &canary_kinds[i];
	}
	return NULL;
}

static void
open_rig(struct rig *r, const char *name, enum mode mode)
{
	static struct scrub_rule rules[CELLS];
	size_t n;
	const struct scrub_detector *all = scrub_detectors(&n);

	for (size_t i = 0; i < n; i++)
		rules[i] = (struct scrub_rule){
			.detector = all[i].name, .reason = "test",
			.enable = mode == ALONE &&
				strcmp(all[i].name, name) == 0,
		};
	rig_init(r, rules, mode == TOGETHER ? 0 : n);
}

static bool
was_drawn(const struct row *row, size_t n, struct slice secret)
{
	for (size_t i = 0; i < n; i++) {
		if (slice_eq(row->c[i].secret, secret))
			return true;
	}
	return false;
}

/* A secret of its own for each carrier: none is known from another one. */
static struct slice
draw(struct row *row, const struct canary_kind *k, size_t n)
{
	unsigned seed = (unsigned)n + 1;
	struct slice s = canary_secret(&row->rig, k, seed);

	while (was_drawn(row, n, s))
		s = canary_secret(&row->rig, k, seed += CELLS);
	return s;
}

static struct slice
value_of(struct rig *r, const struct canary_kind *k, struct slice secret)
{
	const char *at = k->text ? strchr(k->text, '^') : NULL;

	return at ? arena_fmt(r->arena, "%.*s%.*s%s", (int)(at - k->text),
			      k->text, SLICE_ARG(secret), at + 1) : secret;
}

static void
send_row(struct row *row, const struct canary_kind *k)
{
	struct rig *r = &row->rig;

	for (size_t i = 0; i < canary_carrier_count; i++) {
		struct slice secret = draw(row, k, i);
		size_t before = r->rec.raw.nexchanges;

		row->c[i] = (struct canary){
			.kind = k, .by = &canary_carriers[i],
			.secret = secret, .value = value_of(r, k, secret),
			.key = slice_str(k->key ? k->key : "note"),
		};
		row->sent[i] = canary_send(r, &row->c[i]);
		row->exchange[i] = r->rec.raw.nexchanges > before ?
			(uint32_t)before + 1 : 0;
	}
	rig_scrub(r);
}

static bool
is_excepted(const struct canary *c, enum mode mode)
{
	for (size_t i = 0; i < ARRAY_LEN(exceptions); i++) {
		const char *d = exceptions[i].detector;
		const char *by = exceptions[i].carrier;

		if ((mode == ALONE || !exceptions[i].alone) &&
		    (!d[0] || strcmp(d, c->kind->detector) == 0) &&
		    (!by[0] || strcmp(by, c->by->name) == 0))
			return true;
	}
	return false;
}

static enum cell
cell_of(struct row *row, size_t i, enum mode mode)
{
	if (!row->sent[i])
		return NOT_CARRIED;
	if (!canary_left(&row->rig, &row->c[i], row->exchange[i]))
		return GONE;
	return is_excepted(&row->c[i], mode) ? EXCEPTED : LEFT;
}

static void
print_head(FILE *f)
{
	for (size_t i = 0; i < canary_carrier_count; i++)
		fprintf(f, "%3zu  %s\n", i + 1, canary_carriers[i].name);
	fputc('\n', f);
	for (size_t i = 0; i < ARRAY_LEN(exceptions); i++)
		fprintf(f, "e    %s, %s%s: %s\n",
			exceptions[i].detector[0] ? exceptions[i].detector :
			"each", exceptions[i].carrier[0] ?
			exceptions[i].carrier : "each",
			exceptions[i].alone ? " (alone)" : "",
			exceptions[i].why);
}

static void
run_row(const struct canary_kind *k, enum mode mode, size_t *count, FILE *f)
{
	struct row *row = calloc(1, sizeof(*row));

	ck_assert_ptr_nonnull(row);
	open_rig(&row->rig, k->detector, mode);
	send_row(row, k);
	if (f)
		fprintf(f, "%-18s", k->detector);
	for (size_t i = 0; i < canary_carrier_count; i++) {
		enum cell is = cell_of(row, i, mode);

		count[is]++;
		if (is == LEFT && mode != NONE_ON)
			printf("%s, %s: left\n", k->detector,
			       canary_carriers[i].name);
		if (is == GONE && mode == NONE_ON)
			printf("%s, %s: not seen\n", k->detector,
			       canary_carriers[i].name);
		if (f)
			fputc("-+eX"[is], f);
	}
	if (f)
		fputc('\n', f);
	rig_release(&row->rig);
	free(row);
}

/* Cells by their state. */
static void
run_matrix(enum mode mode, size_t *count)
{
	static const char *const titles[] = {
		[ALONE] = "each detector alone",
		[TOGETHER] = "all detectors together",
	};
	const char *path = getenv("DVR_CANARY_MATRIX");
	FILE *f = path && mode != NONE_ON ?
		fopen(path, mode == ALONE ? "w" : "a") : NULL;

	if (f && mode == ALONE)
		print_head(f);
	if (f)
		fprintf(f, "\n%s: + gone, - not carried so, e excepted, "
			"X left\n", titles[mode]);
	for (size_t k = 0; k < canary_kind_count; k++)
		run_row(&canary_kinds[k], mode, count, f);
	if (f)
		fclose(f);
}

START_TEST(nothing_is_left)
{
	size_t count[LEFT + 1] = { 0 };

	run_matrix(_i ? TOGETHER : ALONE, count);
	printf("canaries: %zu gone, %zu excepted, %zu left, %zu not carried\n",
	       count[GONE], count[EXCEPTED], count[LEFT], count[NOT_CARRIED]);
	fflush(stdout);
	ck_assert_uint_eq(count[LEFT], 0);
	ck_assert_uint_gt(count[GONE], 4000);
}
END_TEST

/* With no detector on all of it is found: no cell is empty by mistake. */
START_TEST(every_cell_can_fail)
{
	size_t count[LEFT + 1] = { 0 };

	run_matrix(NONE_ON, count);
	fflush(stdout);
	ck_assert_uint_eq(count[GONE], 0);
	ck_assert_uint_gt(count[LEFT], 4000);
}
END_TEST

START_TEST(every_detector_that_is_on_has_a_canary)
{
	size_t n;
	const struct scrub_detector *all = scrub_detectors(&n);

	for (size_t i = 0; i < n; i++)
		ck_assert_msg(!all[i].on == !kind_of(all[i].name), "%s",
			      all[i].name);
	ck_assert_uint_le(canary_carrier_count, RIG_EXCHANGES);
}
END_TEST

Suite *suite_canary_matrix(void);

Suite *
suite_canary_matrix(void)
{
	Suite *s = suite_create("canary_matrix");
	TCase *tc = tcase_create("canary_matrix");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, nothing_is_left, 0, 2);
	tcase_add_test(tc, every_cell_can_fail);
	tcase_add_test(tc, every_detector_that_is_on_has_a_canary);
	suite_add_tcase(s, tc);
	return s;
}
