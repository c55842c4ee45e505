/* Names of values that are secret by their name: JSON keys, form fields,
 * query parameters, "name=value" in text. */
#ifndef SCRUB_KEYS_H
#define SCRUB_KEYS_H

#include <dvr/base/slice.h>

enum key_where { KEY_BODY, KEY_URL /* query and form */, KEY_TEXT };

enum key_value {		/* what a value must be to be taken */
	TAKE_ANY,		/* one byte or more */
	TAKE_LONG,		/* eight bytes or more */
	TAKE_RANDOM,		/* sixteen or more, with a digit, URLs only */
	TAKE_DIGITS,		/* three to eight digits */
	TAKE_NUMBER,		/* nine digits or more, separators allowed */
	TAKE_NEVER		/* the name only looks like one */
};

struct key_row {
	struct slice name;	/* "client secret": the last words of a key */
	const char *class;
	enum key_value take;
	bool deep;		/* strings inside a container under it, too */
};

/* The row for a name, or NULL: words are split at camelCase and '-_.[] ', and
 * compared whole. */
const struct key_row *key_find(struct slice name);
/* Is that value of a key with that row a secret? */
bool key_takes(const struct key_row *row, struct slice value,
	       enum key_where where);

#endif
