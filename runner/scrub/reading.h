/* Ways to read the value of a header field. */
#ifndef SCRUB_READING_H
#define SCRUB_READING_H

#include "policy.h"

struct reading {
	struct job *job;
	size_t piece;
	struct slice value;
	const struct walk_at *at;
	enum detector_id detector;
	const char *class;
};

/* Marks what is secret in r->value. */
typedef void read_fn(const struct reading *r);

/* policy_credential.c: "Basic …", "Bearer …", "Digest …", signed schemes. */
read_fn read_authorization;
/* policy_cookie.c */
read_fn read_cookie, read_set_cookie;
/* policy_url.c: the query of a URL, of each URL in a Link. */
read_fn read_url, read_links;
/* policy_address.c: addresses of clients, in lists and in Forwarded. */
read_fn read_addresses;

/* Marks part of the value for the reading's detector, if that is on. */
void reading_mark(const struct reading *r, struct slice part,
		  const char *class);
/* "ey….….…": no more is asked of a value that is taken in any case. */
bool reads_as_jwt(struct slice v);

#endif
