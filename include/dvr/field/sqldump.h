/*
 * The text of a database as dvr writes it: schema statements as they are, and
 * one line a row:
 *
 *   -- dvr sqlite dump 1
 *   INSERT INTO "users"("id","name") VALUES(1,'Ada');
 *
 * A literal is NULL, a number, 'text' with its quotes doubled, X'hex', CAST('…'
 * AS BLOB) for bytes that are text, CAST(X'…' AS TEXT) for text that is not
 * well-formed.  A handle of the scrubber may stand for any part of it, between
 * hex digits too; it counts as the bytes that it expands to.
 */
#ifndef DVR_FIELD_SQLDUMP_H
#define DVR_FIELD_SQLDUMP_H

#include <dvr/base/buf.h>

#define SQLDUMP_HEAD "-- dvr sqlite dump 1\n"
#define SQLDUMP_INSERT "INSERT INTO \""

enum sql_kind { SQL_NULL, SQL_NUMBER, SQL_TEXT, SQL_BLOB };

struct sql_literal {
	enum sql_kind kind;
	bool hex;		/* the span is hex digits */
	struct slice span;	/* without its quotes */
};

struct sqldump_insert {
	struct slice statement;	/* up to and with VALUES */
	struct slice table;	/* within its quotes, doubled ones too */
	struct slice columns;	/* for sqldump_column() */
};

/* The start of a row at the very start of `text`: how many bytes up to its
 * first literal, 0 when it is none. */
size_t sqldump_insert(struct slice text, struct sqldump_insert *out);
/* The next column's name, within its quotes; false behind the last. */
bool sqldump_column(struct slice *columns, struct slice *name);
/* The literal at the start of `text` and the comma or ");\n" behind it: how
 * many bytes, 0 when it is malformed. */
size_t sqldump_literal(struct slice text, struct sql_literal *out, bool *last);

/* A name without its doubled quotes. */
void sqldump_name(struct slice quoted, struct buf *out);
/* "name" with its quotes. */
void sqldump_put_name(struct buf *out, struct slice name);
/* 'text' with its quotes. */
void sqldump_put_text(struct buf *out, struct slice text);
/* Hex digits to bytes; -1 when they are none. */
int sqldump_unhex(struct slice hex, struct buf *out);

#endif
