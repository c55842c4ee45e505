/* What `dvr doctor` looks at: a check is one function, one row in the table. */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "config.h"

enum doctor_state { DOCTOR_OK, DOCTOR_NO, DOCTOR_FAIL };

struct doctor {
	const struct config *config;
	bool json, failed;
	unsigned said;
};

typedef void doctor_check(struct doctor *d);
/* In the order in which they are shown; ends with NULL. */
extern doctor_check *const doctor_checks[];

/* FAIL only for what the configuration asks for. */
void doctor_say(struct doctor *d, enum doctor_state state, const char *what,
		const char *fmt, ...) PRINTF_LIKE(4, 5);

#endif
