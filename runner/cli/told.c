/* Prints the environment that a replay offers to somebody else's service. */
#include "told.h"

#include <stdio.h>

void
told_print(void *arg, struct env *vars)
{
	const char *const *v = env_list(vars);
	FILE *out = arg;

	if (v[0] == NULL)
		return;
	fputs("the service finds what the tape answers for by its "
	      "environment:\n", out);
	for (; *v != NULL; v++)
		fprintf(out, "  %s\n", *v);
	fflush(out);
}
