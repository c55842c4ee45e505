/* Where the texts of a result lie: another process must be able to read them. */
#ifndef TEST_RESULT_PLACES_H
#define TEST_RESULT_PLACES_H

#include <dvr/judge/result.h>

/* Fails the test when anything that `r` points to is neither in the region nor
 * in the program's own static data. */
void result_places_check(const struct tape_result *r, const void *region,
			 size_t n);

#endif
