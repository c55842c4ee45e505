/* What a walker tells, as text: "PLACE KIND VALUE" a line. */
#ifndef TESTS_FIELD_TRACE_H
#define TESTS_FIELD_TRACE_H

#include <dvr/field/nest.h>

typedef enum field_result trace_walk(const struct field_format *f,
				     struct arena *a, struct slice body,
				     field_fn *fn, void *arg);

void assert_trace(trace_walk *walk, const struct field_format *f,
		  struct slice body, const char *want);
/* The body with the value at `place` replaced. */
void put_field(const struct field_format *f, struct slice body,
	       const char *place, struct slice value, struct buf *out);

#endif
