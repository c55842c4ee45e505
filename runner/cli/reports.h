/* Where reports go: --report NAME[=FILE], --junit FILE. */
#ifndef CLI_REPORTS_H
#define CLI_REPORTS_H

#include "command.h"

#include <dvr/reporter.h>

struct report {
	const struct reporter *reporter;
	const char *file;	/* NULL: stdout */
};

#define REPORTS_ALL (REPORTS_MAX + 3)

struct reports {
	struct report v[REPORTS_ALL];
	size_t n;
};

/* Checks names and that files can be written before anything runs. With none
 * on stdout the terminal reporter is added. */
int reports_open(const struct args *args, struct reports *out, struct err *e);
/* As the options and the terminal want it. */
void reports_style(const struct args *args, struct report_style *out);
/* Writes them all; one that cannot be written is told on stderr, and the others
 * still are.  -1 when one was not: whoever reads it must not take that for a
 * pass. */
int reports_write(const struct reports *rs, const struct results *r,
		  const struct report_style *stdout_style);

#endif
