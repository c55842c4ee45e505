/* Names of values that are secret by their name: headers, JSON keys, form
 * fields, query parameters, "name=value" in text. */
#ifndef SCRUB_KEYS_H
#define SCRUB_KEYS_H

#include <dvr/base/slice.h>

#include "detect.h"

enum key_where { KEY_BODY, KEY_URL /* query and form */, KEY_TEXT };

enum key_value {		/* what a value must be to be taken */
	TAKE_ANY,		/* one byte or more that may be a secret */
	TAKE_LONG,		/* eight bytes or more */
	TAKE_OPAQUE,		/* the same, of one word that is no plain one */
	TAKE_COOKIE,		/* name=value, or one that is opaque */
	TAKE_RANDOM,		/* drawn by a machine: sixteen or more with a
				 * digit in URLs, all kinds of letters else */
	TAKE_ENTROPY,		/* twenty or more, a digit, 3.5 bits a byte */
	TAKE_DIGITS,		/* three to eight digits */
	TAKE_NUMBER,		/* nine digits or more, separators allowed */
	TAKE_ACCOUNT,		/* five to seventeen digits */
	TAKE_ROUTING,		/* nine digits with a right check digit */
	TAKE_IBAN,
	TAKE_ID,		/* letters and digits, five digits or more */
	TAKE_IMEI,
	TAKE_EMAIL,
	TAKE_PHONE,
	TAKE_IPV4,		/* a public one */
	TAKE_MAC,
	TAKE_DATE,		/* of a life */
	TAKE_NAME,		/* letters, none of them a digit at first */
	TAKE_STREET,		/* letters and a blank or a digit */
	TAKE_PLACE,		/* a letter, three bytes or more */
	TAKE_POSTCODE,
	TAKE_NEVER		/* the name only looks like one */
};

struct key_row {
	struct slice name;	/* "client secret": the last words of a key */
	enum detector_id detector;
	const char *class;
	enum key_value take;
	bool deep;		/* strings inside a container under it, too */
};

/* key_table.c: the rows; of several that end a name the longest counts. */
extern const struct key_row key_rows[];
extern const size_t key_row_count;

/* The rows, found fast. */
struct key_index;
struct key_index *key_index_create(void);
void key_index_destroy(struct key_index *x);
/* The row for a name, or NULL: words are split at camelCase and '-_.[] ', and
 * compared whole. */
const struct key_row *key_find(const struct key_index *x, struct slice name);
/* The name of the row's detector. */
struct slice key_rule(const struct key_row *row);
/* Words of a schema that describes a field ("type": "string" under
 * "password"), not its value. */
bool key_describes(struct slice name);

/* key_value.c: is that value of a key with that row a secret? */
bool key_takes(const struct key_row *row, struct slice value,
	       enum key_where where);

#endif
