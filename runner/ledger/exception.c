/* Finds the line of a log that names the exception. */
#include "seen.h"

/* Longer lines are data, not names. */
#define LINE_MAX_BYTES 1024u

/* What languages write when something was not caught.  A word that ends in
 * one of the first two, with a colon or the line's end behind it, is the name
 * of a class: "sqlite3.OperationalError: database is locked". */
static const struct slice class_ends[] = {
	{ "Error", 5 }, { "Exception", 9 },
};
static const struct slice marks[] = {
	{ "panic: ", 7 },		/* Go */
	{ "panicked at ", 12 },		/* Rust */
	{ "Assertion ", 10 },		/* C */
	{ "terminate called ", 17 },	/* C++ */
	{ "AddressSanitizer: ", 18 },
	{ "Segmentation fault", 18 },
	{ "Unhandled ", 10 },
	{ "Uncaught ", 9 },
	{ "FATAL", 5 },
	{ "Fatal error", 11 },
	{ "fatal error", 11 },
};

static bool
names_class(struct slice line)
{
	struct slice rest;
	size_t i, from;
	ssize_t at;

	for (i = 0; i < ARRAY_LEN(class_ends); i++) {
		for (from = 0; from < line.n; from += (size_t)at + 1) {
			rest = slice_from(line, from);
			at = slice_find(rest, class_ends[i]);
			if (at < 0)
				break;
			rest = slice_from(rest, (size_t)at + class_ends[i].n);
			/* "Error [ERR_X]: text" is Node's. */
			if (rest.n == 0 || rest.p[0] == ':' ||
			    slice_starts(rest, SLICE(" [")))
				return true;
		}
	}
	return false;
}

static bool
names_exception(struct slice line)
{
	size_t i;

	if (line.n == 0 || line.n > LINE_MAX_BYTES)
		return false;
	for (i = 0; i < ARRAY_LEN(marks); i++)
		if (slice_find(line, marks[i]) >= 0)
			return true;
	return names_class(line);
}

struct slice
exception_line(struct slice tail)
{
	size_t end = tail.n, at;
	struct slice line;

	/* The last one: what killed it is told last. */
	while (end > 0) {
		at = end;
		while (at > 0 && tail.p[at - 1] != '\n')
			at--;
		line = slice_trim(slice_range(tail, at, end));
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		if (names_exception(line))
			return line;
		if (at == 0)
			break;
		end = at - 1;
	}
	return SLICE("");
}
