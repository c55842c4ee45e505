/* What must hold in every tape: one set of rules for reading and writing. */
#ifndef DVR_TAPE_CHECK_PRIVATE_H
#define DVR_TAPE_CHECK_PRIVATE_H

#include <dvr/tape/tape.h>

/* Where and what: the keys lead to the place in tape.yaml; NULL: none. */
struct fault {
	size_t exchange;  /* index; nexchanges: the tape's head */
	const char *side; /* "request", "interim", "response" */
	size_t interim;   /* index */
	const char *key;
	char text[200];
};

/* True when there is one: ids that do not ascend, lanes out of range, times
 * that are negative or run backwards, a trigger's exchange that is not there,
 * an id that is no folder name. */
bool tape_find_fault(const struct tape *t, struct fault *f);

#endif
