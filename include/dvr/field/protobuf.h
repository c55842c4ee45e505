/*
 * Names for protobuf: what `protoc -o FILE --include_imports` writes (a
 * FileDescriptorSet) tells which message a method takes and gives, and how its
 * members are called.  Without it members are known by their numbers.
 */
#ifndef DVR_FIELD_PROTOBUF_H
#define DVR_FIELD_PROTOBUF_H

#include <dvr/base/err.h>
#include <dvr/field/field.h>

struct proto_schema;

/* An empty one, in `a`. */
struct proto_schema *proto_schema_create(struct arena *a);
/* Adds a descriptor set; `name` is told in the error.  Names are borrowed from
 * `set`. */
int proto_schema_add(struct proto_schema *s, const char *name,
		     struct slice set, struct err *e);
/*
 * The walker for a message by its full name ("shop.v1.Order"), behind gRPC's
 * frames when `framed`; in `a`.  NULL: there is no such message.
 */
const struct field_format *proto_format(const struct proto_schema *s,
					struct arena *a, struct slice message,
					bool framed);
/* The same for what a method takes (PLACE_REQUEST) or gives, by its path
 * ("/shop.v1.Cart/Add"). */
const struct field_format *proto_method_format(const struct proto_schema *s,
					       struct arena *a,
					       struct slice path,
					       enum place_side side);

/* The same walker for a message without gRPC's frames. */
const struct field_format *proto_bare(struct arena *a,
				      const struct field_format *framed);
/* The first message that is named and declared nowhere, "" none. */
struct slice proto_schema_missing(const struct proto_schema *s);

#endif
