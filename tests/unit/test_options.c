/* The option table and its parser. */
#include "../../runner/cli/options.h"

#include <check.h>
#include <stdlib.h>

static const enum opt allowed[] = { OPT_CONFIG, OPT_QUIET, OPT_REPORT,
				    OPT_TARGET, OPT_COUNT };

#define ARGV(...) ((char *[]){ __VA_ARGS__, NULL })

static char quiet[] = "--quiet", q[] = "-q", config[] = "--config",
	    config_eq[] = "--config=x.yaml", c[] = "-c", cx[] = "-cx.yaml",
	    file[] = "x.yaml", dashes[] = "--", npm[] = "npm", test[] = "test",
	    prefix[] = "--quie", junit[] = "--junit", rep1[] = "--report=a",
	    rep2[] = "--report=b", quiet_value[] = "--quiet=1";

/* Every spelling of an option with a value gives the same value. */
START_TEST(spellings_are_equal)
{
	char **lines[] = { ARGV(config, file), ARGV(config_eq), ARGV(c, file),
			   ARGV(cx) };

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct args a;

		ck_assert_int_eq(options_parse(lines[i], allowed, false, &a,
					       NULL), 0);
		ck_assert_str_eq(a.value[OPT_CONFIG], "x.yaml");
		ck_assert_uint_eq(a.nrest, 0);
	}
}
END_TEST

/* A prefix of a name is no name, and a foreign option is unknown. */
START_TEST(prefixes_and_foreign_options_are_refused)
{
	struct err e;
	struct args a;

	ck_assert_int_eq(options_parse(ARGV(prefix), allowed, false, &a, &e),
			 -1);
	ck_assert_int_eq(e.code, ERR_USAGE);
	ck_assert_int_eq(options_parse(ARGV(junit, file), allowed, false, &a,
				       &e), -1);
	ck_assert_int_eq(options_parse(ARGV(quiet_value), allowed, false, &a,
				       &e), -1);
	ck_assert_int_eq(options_parse(ARGV(config), allowed, false, &a, &e),
			 -1);
}
END_TEST

/* After the wrapped command's name its own flags are left alone. */
START_TEST(the_wrapped_command_keeps_its_flags)
{
	/* An assertion is a block: what a.rest points to outlives it. */
	char **first = ARGV(q, npm, quiet), **second = ARGV(dashes, npm, test);
	struct args a;

	ck_assert_int_eq(options_parse(first, allowed, true, &a, NULL), 0);
	ck_assert(args_has(&a, OPT_QUIET));
	ck_assert_uint_eq(a.nrest, 2);
	ck_assert_str_eq(a.rest[1], "--quiet");
	ck_assert_int_eq(options_parse(second, allowed, true, &a, NULL), 0);
	ck_assert_uint_eq(a.nrest, 2);
	ck_assert_str_eq(a.rest[0], "npm");
	ck_assert_ptr_null(a.rest[2]);
}
END_TEST

/* Operands and options may be mixed where no command is wrapped. */
START_TEST(operands_may_stand_between_options)
{
	char **line = ARGV(npm, q, test);
	struct args a;

	ck_assert_int_eq(options_parse(line, allowed, false, &a, NULL), 0);
	ck_assert_uint_eq(a.nrest, 2);
	ck_assert_str_eq(a.rest[1], "test");
	ck_assert(args_has(&a, OPT_QUIET));
}
END_TEST

/* --report may be given more than once. */
START_TEST(reports_add_up)
{
	struct args a;

	ck_assert_int_eq(options_parse(ARGV(rep1, rep2), allowed, false, &a,
				       NULL), 0);
	ck_assert_uint_eq(a.nreports, 2);
	ck_assert_str_eq(a.reports[1], "b");
}
END_TEST

/* A variable stands in for a flag, and the flag wins. */
START_TEST(environment_stands_behind_flags)
{
	struct args a;

	setenv("DVR_CONFIG", "from-env.yaml", 1);
	ck_assert_int_eq(options_parse(ARGV(q), allowed, false, &a, NULL), 0);
	ck_assert_str_eq(a.value[OPT_CONFIG], "from-env.yaml");
	ck_assert_int_eq(options_parse(ARGV(config_eq), allowed, false, &a,
				       NULL), 0);
	ck_assert_str_eq(a.value[OPT_CONFIG], "x.yaml");
}
END_TEST

Suite *suite_options(void);

Suite *
suite_options(void)
{
	Suite *s = suite_create("options");
	TCase *t = tcase_create("parse");

	tcase_add_test(t, spellings_are_equal);
	tcase_add_test(t, prefixes_and_foreign_options_are_refused);
	tcase_add_test(t, the_wrapped_command_keeps_its_flags);
	tcase_add_test(t, operands_may_stand_between_options);
	tcase_add_test(t, reports_add_up);
	tcase_add_test(t, environment_stands_behind_flags);
	suite_add_tcase(s, t);
	return s;
}
