/*
 * Reading YAML maps into structs by tables: a row names a key, the function
 * that reads its value and where it goes.  Keys without a row are errors, and
 * every error has its place.
 */
#ifndef DVR_TAPE_READER_PRIVATE_H
#define DVR_TAPE_READER_PRIVATE_H

#include <dvr/base/yaml.h>

struct reader {
	const struct yaml_doc *doc;
	struct arena *a; /* what is read lives here */
	struct err *e;   /* always ERR_TAPE */
	void *arg;       /* for the rows' own functions */
};

/* Reads `n` to `out`; 0 or -1 with the error set. */
typedef int read_fn(struct reader *r, const struct yaml_node *n, void *out);

struct row {
	const char *key;
	read_fn *read;
	size_t offset; /* of what is read, in the map's struct */
	bool needed;
};

#define READER_ROWS_MAX 32

int reader_fail(struct reader *r, const struct yaml_node *at, const char *fmt,
		...) PRINTF_LIKE(3, 4);

/* A whole map; rows are read in their order. `count` <= READER_ROWS_MAX. */
int reader_map(struct reader *r, const struct yaml_node *n,
	       const struct row *rows, size_t count, void *out);
/* A list: *v gets one zeroed element of `size` bytes each, read by `fn`. */
struct reader_list {
	size_t size;
	read_fn *read;
};
int reader_list(struct reader *r, const struct yaml_node *n,
		const struct reader_list *what, void **v, size_t *count);

/* Values: struct slice, int64_t microseconds, uint32_t, uint64_t, true. */
int reader_text(struct reader *r, const struct yaml_node *n, void *out);
int reader_time(struct reader *r, const struct yaml_node *n, void *out);
int reader_u32(struct reader *r, const struct yaml_node *n, void *out);
int reader_u64(struct reader *r, const struct yaml_node *n, void *out);
int reader_true(struct reader *r, const struct yaml_node *n, void *out);
/* A plain number of at most `max`. */
int reader_number(struct reader *r, const struct yaml_node *n, uint64_t max,
		  uint64_t *out);
/* HTTP status 100..599 as unsigned. */
int reader_status(struct reader *r, const struct yaml_node *n, void *out);
/* One of `words` (NULL-terminated): *index is which. */
int reader_word(struct reader *r, const struct yaml_node *n,
		const char *const *words, size_t *index);
/* "1.000250" alone; -1 when it is not of that form. */
int reader_parse_time(struct slice s, int64_t *us);

#endif
