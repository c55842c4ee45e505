/* Runs every suite; the table follows from the file names (see Makefile). */
#include <check.h>
#include <stdlib.h>

#define SUITE(name) Suite *suite_##name(void);
#include "suites.h"
#undef SUITE

int
main(void)
{
	SRunner *r = srunner_create(NULL);
	int failed;

#define SUITE(name) srunner_add_suite(r, suite_##name());
#include "suites.h"
#undef SUITE
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
