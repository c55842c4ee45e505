/* The names of protobuf fields, for a whole tape (spec: protobuf). */
#ifndef DVR_TAPE_DESCRIPTORS_H
#define DVR_TAPE_DESCRIPTORS_H

#include <dvr/field/protobuf.h>
#include <dvr/tape/tape.h>

struct descriptors {
	const struct proto_schema *schema;	/* NULL: none */
	struct slice sha256;		/* of the sets, hex */
};

/* A recording's calls get the names of their methods' messages, and
 * t->descriptors tells so.  What lives in `a`, or is borrowed, must outlive t. */
void descriptors_name(const struct descriptors *d, struct arena *a,
		      struct tape *t);
/* The same for a tape that was read; without effect where other descriptors
 * named it, or none: its places are by those names, or by numbers. */
void descriptors_name_again(const struct descriptors *d, struct tape *t);

#endif
