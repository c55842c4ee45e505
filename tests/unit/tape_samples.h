/* Tapes for tests: one by hand, and any number from a seed. */
#ifndef TESTS_TAPE_SAMPLES_H
#define TESTS_TAPE_SAMPLES_H

#include <dvr/tape/yaml.h>

/* The cart story: four exchanges on two lanes, each optional part once. */
void sample_tape(struct tape *t);
/* A gRPC call, a WebSocket, a stream that was reset. */
void sample_streams(struct tape *t);
/* Their pieces: everything but the exchanges; a message with these header
 * lines (NULL-terminated); its times. */
void sample_head(struct tape *t);
void sample_message(struct tape *t, struct message *m, const char *line,
		    const char *const *lines, struct slice payload);
void sample_times(struct message *m, int64_t at_us, int64_t end_us);
/* The same seed, the same tape; awkward bytes wherever bytes may stand. */
void random_tape(struct tape *t, uint32_t seed);
/* NULL when both are equal in every part, else the first part that differs. */
const char *tape_difference(const struct tape *a, const struct tape *b);

/* A tape_load_fn over the blobs that tape_print() gave. */
int load_from_blobs(void *blobs, struct arena *a, const char *hash,
		    uint64_t size, struct slice *out, struct err *e);

#endif
