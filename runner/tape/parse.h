/* What the two halves of the tape's reader share. */
#ifndef DVR_TAPE_PARSE_PRIVATE_H
#define DVR_TAPE_PARSE_PRIVATE_H

#include <dvr/tape/yaml.h>

#include "reader.h"

/* reader.arg: what the rows' own functions need beside the node. */
struct parse {
	struct tape *tape; /* its lanes are read before its exchanges */
	tape_load_fn *load;
	void *load_arg;
};

/* reader_list() without a struct at each call. */
int parse_list(struct reader *r, const struct yaml_node *n, size_t size,
	       read_fn *read, void **v, size_t *count);
/* A read_fn for a struct slice: text, or the name of a file. */
int parse_body(struct reader *r, const struct yaml_node *n, void *out);
/* A read_fn for the `messages` of a struct exchange. */
int parse_messages(struct reader *r, const struct yaml_node *n, void *out);
/* A read_fn for a struct exchange. */
int parse_exchange(struct reader *r, const struct yaml_node *n, void *out);

#endif
