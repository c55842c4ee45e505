/* The library: every tape folder below fixtures/, in name order. */
#ifndef DVR_TAPE_LIBRARY_H
#define DVR_TAPE_LIBRARY_H

#include <dvr/tape/plan.h>

struct library_entry {
	char *id;		/* folder name */
	char *dir;		/* path of the folder */
	char signature[65];	/* from the head of tape.yaml, "" unreadable */
};

struct library {
	struct library_entry *v;
	size_t n;
};

/* Reads only names and the head of each tape. No folder: an empty library. */
int library_scan(const char *fixtures, struct library *out, struct err *e);
void library_release(struct library *l);
const struct library_entry *library_find(const struct library *l,
					 const char *id);
/* Selects by exact id, by path of a folder (or of its tape.yaml), by glob ('*',
 * '?'), or by an unambiguous part of an id.  At most `max` are given, in name
 * order.  No match: ERR_NOTHING with the nearest id; a part of several:
 * ERR_USAGE with their names. */
int library_select(const struct library *l, const char *what,
		   const struct library_entry **out, size_t max,
		   size_t *count, struct err *e);
/* All that `n` such words select, each once, in the words' order; no word: the
 * whole library.  *out holds *count of them, free() it. */
int library_pick(const struct library *l, char *const *words, size_t n,
		 const struct library_entry ***out, size_t *count,
		 struct err *e);

/*
 * Two dvr may work in one library: who writes to it holds it alone, who reads
 * a tape keeps it as it is meanwhile.  The lock is flock(2) on the folder: it
 * ends with its holder however that ends, and leaves no file.  Where a file
 * system has no such locks nobody waits.
 */
enum library_use { LIBRARY_READ, LIBRARY_WRITE };
struct library_lock { int fd; };	/* -1: none was to be had */
/* ERR_INTERNAL when others hold it for too long.  No folder: no lock. */
int library_lock(const char *fixtures, enum library_use use,
		 struct library_lock *out, struct err *e);
void library_unlock(struct library_lock *l);

/* A tape and its plan (not checked against each other), both of one recording.
 * -1: t->arena is NULL, or the tape is there and the plan is not. */
int library_read(const char *dir, struct tape *t, struct plan *p,
		 struct err *e);
/* plan_save() where `t` and `p`, read from `dir`, are still what is there;
 * ERR_TAPE when another run has recorded the tape anew, or somebody has changed
 * its replay.yaml. */
int library_replan(const char *dir, const struct tape *t, struct plan *p,
		   struct err *e);

/* Takes away what commits that were killed have left, and puts back what they
 * had put aside: a line each is appended to `told`. */
int library_mend(const char *fixtures, struct buf *told, struct err *e);

/* What a tape's folder takes on disk, all its files together. */
struct library_size { uint64_t bytes; size_t files; };
void library_size(const char *dir, struct library_size *out);

#endif
