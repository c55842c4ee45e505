/*
 * Detectors find secrets by how they look.  One row each: a detector is a
 * function in one of the detect_*.c files and a row in the table of detect.c.
 */
#ifndef SCRUB_DETECT_H
#define SCRUB_DETECT_H

#include "needle.h"
#include "span.h"

struct hit {
	size_t from, to;
	const char *class;
};

/*
 * Is there a secret around text.p[at], where the detector's anchor stands?
 * `from` of the hit may lie before `at`.
 */
typedef bool detect_fn(struct slice text, size_t at, struct hit *out);

#define DETECTOR_ANCHORS 4
struct detector {
	const char *name;	/* rule on the tape's list */
	const char *help;
	detect_fn *fn;
	/* Cheap to find; a detector is asked only where one stands. */
	const char *anchors[DETECTOR_ANCHORS];
	bool at_sign, at_digit;	/* instead: each '@', each run of digits */
};

extern const struct detector detectors[];
extern const size_t detector_count;

/* The anchors of the whole table, compiled. */
struct needles *detect_anchors(void);
/* Adds what the table finds in `text`. */
void detect(const struct needles *anchors, struct slice text,
	    struct spans *out);
/* Adds the values of `name=value`, `"name": "value"` and <name>value</name>
 * with a sensitive name: for text that no walker reads. */
void detect_named(struct slice text, struct spans *out);

/* detect_token.c */
detect_fn detect_jwt, detect_pem, detect_bearer, detect_basic,
	detect_url_password, detect_vendor;
/* detect_pii.c */
detect_fn detect_email, detect_pan, detect_ssn;

/* A character of a token: letters, digits, '-' and '_'. */
bool is_token_char(char c);

#endif
