/* The known word that somebody who mistyped probably meant. */
#ifndef DVR_BASE_NEAREST_H
#define DVR_BASE_NEAREST_H

#include <dvr/base/slice.h>

/*
 * The word of `known` (`count` of them) that is fewest edits away (insert,
 * drop, change, swap of neighbours; letters' case ignored), the first of
 * several; NULL when none is near enough to be worth suggesting: more than a
 * third of the word would have to change.
 */
const char *nearest_word(const char *const *known, size_t count,
			 struct slice word);

#endif
