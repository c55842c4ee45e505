/* What descriptors tell of messages. */
#ifndef FIELD_PROTO_TYPES_H
#define FIELD_PROTO_TYPES_H

#include <dvr/field/protobuf.h>

enum proto_kind { PROTO_STRING, PROTO_BYTES, PROTO_MESSAGE, PROTO_BOOL,
	PROTO_REAL, PROTO_SIGNED, PROTO_NUMBER };

struct proto_type;

struct proto_member {
	uint32_t number;
	struct slice name;
	enum proto_kind kind;
	bool repeated;
	struct slice type_name;		/* of a message, ".pkg.Name" */
	const struct proto_type *type;	/* NULL: not in the set */
};

struct proto_type {
	struct slice name;		/* "pkg.Name" */
	struct proto_member *v;
	size_t n, cap;
	struct proto_type *next;
};

/* What a format's `schema` points to. */
struct proto_root {
	const struct proto_type *type;	/* NULL: numbers only */
};

/* The member of a number; NULL: not known. */
const struct proto_member *proto_member(const struct proto_type *t,
					uint32_t number);

/* Walks one message whose fields stand below `place`; FIELD_OK when it was
 * stopped, *stopped tells. */
struct proto_walk {
	const struct proto_type *type;
	struct arena *arena;
	struct slice place;
	field_fn *fn;
	void *arg;
	bool stopped;
};
enum field_result proto_walk(struct proto_walk *w, struct slice message);
/* Appends a message with its edits. */
void proto_splice(const struct proto_type *t, struct slice message,
		  const struct field_edit *v, size_t n, struct buf *out);
/* A value as the walker wrote it, as bytes. */
void proto_encode(enum field_kind kind, struct slice value, struct buf *out);

/* grpc.c */
enum field_result grpc_walk_as(const struct field_format *self,
			       struct arena *a, struct slice body,
			       field_fn *fn, void *arg);
void grpc_splice(const struct field_format *self, struct slice body,
		 const struct field_edit *v, size_t n, struct buf *out);
/* protobuf.c */
enum field_result proto_walk_as(const struct field_format *self,
				struct arena *a, struct slice body,
				field_fn *fn, void *arg);
void proto_splice_as(const struct field_format *self, struct slice body,
		     const struct field_edit *v, size_t n, struct buf *out);

#endif
