/* Values of a database as literals that give the same bytes back. */
#include "sqlite_value.h"

#include <dvr/base/hash.h>
#include <dvr/field/sqldump.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct slice
sqlite_text(sqlite3_stmt *q, int i)
{
	const unsigned char *p = sqlite3_column_text(q, i);

	return slice_of(p, p ? (size_t)sqlite3_column_bytes(q, i) : 0);
}

static void
put_hex(struct buf *out, struct slice s)
{
	buf_adds(out, "X'");
	hex_encode(s, out);
	buf_addc(out, '\'');
}

static bool
is_plain(struct slice s)
{
	return slice_is_utf8(s) && !memchr(s.p ? s.p : "", 0, s.n);
}

/* The shortest decimal number that is the same double, never an integer. */
static void
put_real(struct buf *out, double v)
{
	char text[40];
	double back;

	if (isinf(v)) {
		buf_adds(out, v < 0 ? "-9e999" : "9e999");
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		/* equal, with -0.0 told from 0.0; a NaN is NULL to SQLite */
		if (slice_real(slice_str(text), &back) == 0 &&
		    back <= v && back >= v && signbit(back) == signbit(v))
			break;
	}
	buf_adds(out, text);
	if (!strpbrk(text, ".e"))
		buf_adds(out, ".0");
}

/* Bytes that are text can be read, and looked through for secrets. */
static void
put_blob(struct buf *out, struct slice s)
{
	if (s.n == 0 || !is_plain(s)) {
		put_hex(out, s);
		return;
	}
	buf_adds(out, "CAST(");
	sqldump_put_text(out, s);
	buf_adds(out, " AS BLOB)");
}

void
sqlite_put_value(struct buf *out, sqlite3_stmt *q, int i)
{
	switch (sqlite3_column_type(q, i)) {
	case SQLITE_INTEGER:
		buf_fmt(out, "%" PRId64, (int64_t)sqlite3_column_int64(q, i));
		break;
	case SQLITE_FLOAT:
		put_real(out, sqlite3_column_double(q, i));
		break;
	case SQLITE_TEXT: {
		struct slice s = sqlite_text(q, i);

		if (is_plain(s)) {
			sqldump_put_text(out, s);
			break;
		}
		buf_adds(out, "CAST(");
		put_hex(out, s);
		buf_adds(out, " AS TEXT)");
		break;
	}
	case SQLITE_BLOB: {
		const void *p = sqlite3_column_blob(q, i);

		put_blob(out, slice_of(p, p ? (size_t)sqlite3_column_bytes(
						      q, i) : 0));
		break;
	}
	default:
		buf_adds(out, "NULL");
	}
}
