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

#endif
