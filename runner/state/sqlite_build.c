/* Builds a database file from its text, handles expanded. */
#include "providers.h"

#include <dvr/field/sqldump.h>

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One value's bytes, expanded. */
#define VALUE_MAX (256u * MiB)

struct build {
	sqlite3 *db;
	state_expand_fn *expand;
	struct slice statement;	/* that `insert` was made of */
	sqlite3_stmt *insert;
	struct buf value, scratch;
	struct err *e;
};

static int
failed(struct build *b, struct slice at)
{
	struct slice rest = at;
	char q[QUOTE_MAX];

	return err_set(b->e, ERR_TAPE, "%s, at '%s'", sqlite3_errmsg(b->db),
		       quote(slice_range(slice_cut(&rest, '\n'), 0, 60), q));
}

/* What a text may do: make tables and fill them, nothing outside the file. */
static int
allow(void *arg, int action, const char *what, const char *value,
      const char *db, const char *trigger)
{
	static const char *const pragmas[] = { "user_version",
		"application_id", "journal_mode" };

	(void)arg;
	(void)value;
	(void)db;
	(void)trigger;
	if (action == SQLITE_ATTACH || action == SQLITE_DETACH ||
	    action == SQLITE_CREATE_VTABLE || action == SQLITE_DROP_VTABLE)
		return SQLITE_DENY;
	if (action != SQLITE_PRAGMA)
		return SQLITE_OK;
	for (size_t i = 0; i < ARRAY_LEN(pragmas); i++)
		if (sqlite3_stricmp(what, pragmas[i]) == 0)
			return SQLITE_OK;
	return SQLITE_DENY;
}

/* ---- rows ----------------------------------------------------------------- */

/* Hex digits with handles between them: a handle is its bytes. */
static int
expand_hex(struct build *b, struct slice s)
{
	static const struct slice open = { "\xe2\x9f\xa6", 3 };
	static const struct slice close = { "\xe2\x9f\xa7", 3 };

	while (s.n > 0) {
		ssize_t at = slice_find(s, open), to = slice_find(s, close);
		size_t n = at < 0 ? s.n : (size_t)at;

		if (sqldump_unhex(slice_range(s, 0, n), &b->value) < 0)
			return -1;
		if (at < 0)
			break;
		if (to < at)
			return -1;
		b->expand(slice_range(s, n, (size_t)to + close.n), &b->value,
			  NULL);
		s = slice_from(s, (size_t)to + close.n);
	}
	return 0;
}

/* Quotes are undone first: an expansion may hold any byte. */
static void
expand_quoted(struct build *b, struct slice s)
{
	ssize_t at;

	buf_clear(&b->scratch);
	while ((at = slice_find(s, SLICE("''"))) >= 0) {
		buf_add(&b->scratch, slice_range(s, 0, (size_t)at + 1));
		s = slice_from(s, (size_t)at + 2);
	}
	buf_add(&b->scratch, s);
	b->expand(buf_slice(&b->scratch), &b->value, NULL);
}

static int
bind_number(struct build *b, int i)
{
	struct slice s = buf_slice(&b->value);
	bool minus = slice_starts(s, SLICE("-"));
	uint64_t v;
	double real;

	if (slice_uint(slice_from(s, minus), (uint64_t)INT64_MAX + minus,
		       &v) == 0)
		return sqlite3_bind_int64(b->insert, i, (sqlite3_int64)(
			minus ? 0 - v : v));
	if (slice_real(s, &real) == 0)
		return sqlite3_bind_double(b->insert, i, real);
	/* what a number was scrubbed to may be none */
	return sqlite3_bind_text64(b->insert, i, s.p, s.n, SQLITE_TRANSIENT,
				   SQLITE_UTF8);
}

static int
bind(struct build *b, int i, const struct sql_literal *l)
{
	const char *p;

	buf_clear(&b->value);
	if (!l->hex && l->kind != SQL_NUMBER)
		expand_quoted(b, l->span);
	else if (!l->hex)
		b->expand(l->span, &b->value, NULL);
	else if (expand_hex(b, l->span) < 0)
		return SQLITE_MISMATCH;
	if (b->value.full)
		return SQLITE_TOOBIG;
	p = b->value.n ? b->value.p : "";
	switch (l->kind) {
	case SQL_NULL:
		return sqlite3_bind_null(b->insert, i);
	case SQL_NUMBER:
		return bind_number(b, i);
	case SQL_TEXT:
		return sqlite3_bind_text64(b->insert, i, p, b->value.n,
					   SQLITE_TRANSIENT, SQLITE_UTF8);
	case SQL_BLOB:
		return sqlite3_bind_blob64(b->insert, i, p, b->value.n,
					   SQLITE_TRANSIENT);
	}
	return SQLITE_MISUSE;
}

/* The prepared statement for rows of this table. */
static int
prepare_insert(struct build *b, const struct sqldump_insert *row)
{
	struct slice columns = row->columns, name;
	struct buf sql;
	size_t n = 0;
	int rc;

	if (b->insert && slice_eq(b->statement, row->statement))
		return sqlite3_reset(b->insert);
	sqlite3_finalize(b->insert);
	b->insert = NULL;
	b->statement = row->statement;
	buf_init(&sql, row->statement.n * 4 + 64);
	b->expand(row->statement, &sql, NULL);
	while (sqldump_column(&columns, &name))
		buf_adds(&sql, n++ ? ",?" : "(?");
	buf_addc(&sql, ')');
	rc = sqlite3_prepare_v2(b->db, buf_cstr(&sql), -1, &b->insert, NULL);
	buf_release(&sql);
	return rc;
}

/* Bytes of the row at the start of `t`; 0: it is none; -1. */
static ssize_t
insert_row(struct build *b, struct slice t)
{
	struct sqldump_insert row;
	struct sql_literal l;
	size_t at = sqldump_insert(t, &row), n;
	bool last = false;

	if (at == 0)
		return 0;
	if (prepare_insert(b, &row) != SQLITE_OK)
		return failed(b, t);
	for (int i = 1; !last; i++) {
		n = sqldump_literal(slice_from(t, at), &l, &last);
		if (n == 0)
			return err_set(b->e, ERR_TAPE, "a row is malformed");
		at += n;
		if (bind(b, i, &l) != SQLITE_OK)
			return failed(b, t);
	}
	if (sqlite3_step(b->insert) != SQLITE_DONE)
		return failed(b, t);
	return (ssize_t)at;
}

/* ---- all other statements --------------------------------------------------- */

static int
run(struct build *b, struct slice sql)
{
	sqlite3_stmt *q = NULL;
	int rc;

	if (sqlite3_prepare_v2(b->db, sql.p, (int)sql.n, &q, NULL) !=
	    SQLITE_OK)
		return failed(b, sql);
	if (!q)
		return 0;
	while ((rc = sqlite3_step(q)) == SQLITE_ROW)
		;
	sqlite3_finalize(q);
	return rc == SQLITE_DONE ? 0 : failed(b, sql);
}

/* Where the statement ends is for SQLite to say; it takes a handle for what
 * it stands in: a text, a comment, a name. */
static ssize_t
run_statement(struct build *b, struct slice t)
{
	sqlite3_stmt *q = NULL;
	const char *tail = NULL;
	struct buf sql;
	size_t n;
	int rc;

	sqlite3_finalize(b->insert);
	b->insert = NULL;
	if (sqlite3_prepare_v2(b->db, t.p, (int)t.n, &q, &tail) != SQLITE_OK)
		return failed(b, t);
	sqlite3_finalize(q);
	n = tail ? (size_t)(tail - t.p) : t.n;
	if (n < t.n && t.p[n] == '\n')
		n++;
	buf_init(&sql, n * 4 + KiB);
	b->expand(slice_range(t, 0, n), &sql, NULL);
	rc = run(b, buf_slice(&sql));
	buf_release(&sql);
	return rc < 0 ? -1 : (ssize_t)n;
}

static int
run_text(struct build *b, struct slice text)
{
	while (text.n > 0) {
		ssize_t n = insert_row(b, text);

		if (n == 0)
			n = run_statement(b, text);
		if (n < 0)
			return -1;
		text = slice_from(text, n > 0 ? (size_t)n : text.n);
	}
	if (sqlite3_get_autocommit(b->db) == 0)
		return err_set(b->e, ERR_TAPE, "the dump is cut: no COMMIT");
	return 0;
}

static int
open_new(struct build *b, const char *path)
{
	/* A crash leaves a folder that is thrown away. */
	static const char quick[] = "PRAGMA journal_mode = OFF;"
		"PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF;"
		"PRAGMA ignore_check_constraints = ON;";

	if (access(path, F_OK) == 0)
		return err_set(b->e, ERR_USAGE, "there is a database already");
	if (sqlite3_open_v2(path, &b->db, SQLITE_OPEN_READWRITE |
			    SQLITE_OPEN_CREATE, NULL) != SQLITE_OK ||
	    sqlite3_exec(b->db, quick, NULL, NULL, NULL) != SQLITE_OK)
		return failed(b, SLICE("open"));
	sqlite3_db_config(b->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(b->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_set_authorizer(b->db, allow, NULL);
	return 0;
}

int
sqlite_build(const char *path, struct slice text, state_expand_fn *expand,
	     struct err *e)
{
	struct build b = { .expand = expand, .e = e };
	int rc = -1;

	if (!slice_starts(text, SLICE(SQLDUMP_HEAD)))
		return err_set(e, ERR_TAPE, "the dump does not begin as dvr "
			       "writes it");
	buf_init(&b.value, VALUE_MAX);
	buf_init(&b.scratch, VALUE_MAX);
	if (open_new(&b, path) == 0)
		rc = run_text(&b, text);
	sqlite3_finalize(b.insert);
	if (sqlite3_close(b.db) != SQLITE_OK && rc == 0)
		rc = err_set(e, ERR_INTERNAL, "the database did not close");
	buf_release(&b.value);
	buf_release(&b.scratch);
	return rc;
}
