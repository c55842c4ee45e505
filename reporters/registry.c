/* The table of reporters: a new format is one file and one row here. */
#include "reporters.h"

const struct reporter *const reporters[] = {
	&reporter_terminal, &reporter_junit, &reporter_github,
	&reporter_json,	    &reporter_tap,   &reporter_markdown,
	&reporter_html,	    NULL,
};

const struct reporter *
reporter_find(const char *name)
{
	for (size_t i = 0; reporters[i]; i++) {
		if (slice_eq(slice_str(reporters[i]->name), slice_str(name)))
			return reporters[i];
	}
	return NULL;
}
