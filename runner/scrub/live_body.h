/* Bodies alive again, in formats that write lengths before their values. */
#ifndef SCRUB_LIVE_BODY_H
#define SCRUB_LIVE_BODY_H

#include <dvr/field/field.h>

struct live_body {
	struct arena *arena;
	const struct field_format *format;	/* NULL: bytes */
	/* Text with its handles expanded; *any: there was one. */
	struct slice (*expand)(void *arg, struct slice s, bool *any);
	void *arg;
};

/* The body with every handle in it expanded; itself where there is none. */
struct slice live_body(const struct live_body *b, struct slice body,
		       bool *any);

#endif
