/*
 * A commit job: the causal history of one failure as it was when it was
 * decided to keep it.  The exchanges' records are copied, their chunks pinned,
 * so that ring and lists may go on while the job waits or a child reads.
 */
#ifndef LEDGER_JOB_H
#define LEDGER_JOB_H

#include "book.h"

/* A tape with more cannot be reviewed, nor read back within its limits; the
 * newest are kept and the tape says how many are missing. */
#define JOB_EXCHANGES_MAX 4096u
#define JOB_BYTES_MAX (64u * MiB)

struct job {
	struct job *next;
	size_t entry;			/* index into ledger.tapes */
	enum trigger_kind kind;
	int value;
	uint64_t at_ns;			/* of the trigger */
	uint64_t fail_seq;		/* 0: none */
	char signature[65];
	struct slice detail;		/* normalised, not scrubbed; owned */
	struct slice tail;		/* raw; owned */
	char *namespace, *session;
	char *bare;			/* why only heads go on the tape, or
					 * NULL */
	uint64_t truncated;
	struct state_image **images;	/* counted; NULL: no state */
	bool from_snapshot;		/* what came before it is left out */
	uint64_t snapshot_ns;
	int64_t wall_us;		/* wall time at mono_ns */
	uint64_t mono_ns;
	struct lx *v;			/* copies, by seq */
	struct lx **from;		/* the pinned originals */
	size_t n;
};

/* Collects and pins. */
struct job *job_create(struct ledger *l, const struct pending *p);
/* Unpins and frees. */
void job_destroy(struct ledger *l, struct job *j);

/* The raw recording of a job; `a` must outlive it (child only). */
void job_record(const struct ledger *l, const struct job *j, struct arena *a,
		struct recording *out);

#endif
