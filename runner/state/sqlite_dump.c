/* The text of a database: the same content always gives the same bytes. */
#include "providers.h"
#include "sqlite_value.h"

#include <dvr/field/sqldump.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Write and read version in a database's header; 2: write-ahead log. */
#define VERSION_AT 18
#define VERSION_WAL 2

struct dump {
	sqlite3 *db;
	struct buf *out;
	struct err *e;
	bool wal;
};

static int
failed(struct dump *d)
{
	return err_set(d->e, ERR_TARGET, "%s", sqlite3_errmsg(d->db));
}

static sqlite3_stmt *
query(struct dump *d, struct slice sql)
{
	sqlite3_stmt *q = NULL;

	if (sqlite3_prepare_v2(d->db, sql.p, (int)sql.n, &q, NULL) !=
	    SQLITE_OK)
		failed(d);
	return q;
}

/* Steps; at the end or on trouble the statement is gone. 1, 0 or -1. */
static int
next(struct dump *d, sqlite3_stmt *q)
{
	int rc = sqlite3_step(q);

	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		failed(d);
	sqlite3_finalize(q);
	return rc == SQLITE_DONE ? 0 : -1;
}

/* ---- tables --------------------------------------------------------------- */

struct table {
	struct slice name;
	bool without_rowid;
	struct buf columns;	/* "a","b" */
	struct buf key;		/* of a table without rowid, for ORDER BY */
	struct buf rowid;	/* the name that means it, "" not needed */
};

static bool
is_column(struct slice columns, const char *name)
{
	struct slice column;

	while (sqldump_column(&columns, &column))
		if (slice_ieq(column, slice_str(name)))
			return true;
	return false;
}

static sqlite3_stmt *
about(struct dump *d, const char *sql, struct slice table)
{
	sqlite3_stmt *q = query(d, slice_str(sql));

	if (q)
		sqlite3_bind_text(q, 1, table.p, (int)table.n,
				  SQLITE_TRANSIENT);
	return q;
}

/* An INTEGER PRIMARY KEY is the rowid unless it has an index of its own
 * (which the odd INTEGER PRIMARY KEY DESC has). */
static int
key_is_rowid(struct dump *d, const struct table *t, bool *is)
{
	sqlite3_stmt *q = about(d, "SELECT (SELECT count(*) FROM "
		"pragma_table_xinfo(?1) WHERE pk > 0) = 1 AND (SELECT "
		"upper(type) FROM pragma_table_xinfo(?1) WHERE pk > 0) = "
		"'INTEGER' AND NOT EXISTS (SELECT 1 FROM "
		"pragma_index_list(?1) WHERE origin = 'pk')", t->name);
	int rc;

	if (!q)
		return -1;
	rc = next(d, q);
	if (rc < 1)
		return -1;
	*is = sqlite3_column_int(q, 0);
	sqlite3_finalize(q);
	return 0;
}

/* Columns that are stored: hidden ones above 1 are generated. */
static int
read_columns(struct dump *d, struct table *t)
{
	sqlite3_stmt *q = about(d, "SELECT name, pk FROM "
		"pragma_table_xinfo(?1) WHERE hidden < 2 ORDER BY cid",
		t->name);
	int rc;

	if (!q)
		return -1;
	while ((rc = next(d, q)) == 1) {
		if (t->columns.n > 0)
			buf_addc(&t->columns, ',');
		sqldump_put_name(&t->columns, sqlite_text(q, 0));
	}
	if (rc < 0)
		return -1;
	q = about(d, "SELECT name FROM pragma_table_xinfo(?1) WHERE pk > 0 "
		  "ORDER BY pk", t->name);
	if (!q)
		return -1;
	while ((rc = next(d, q)) == 1) {
		if (t->key.n > 0)
			buf_addc(&t->key, ',');
		sqldump_put_name(&t->key, sqlite_text(q, 0));
	}
	return rc;
}

static int
name_rowid(struct dump *d, struct table *t)
{
	static const char *const names[] = { "rowid", "_rowid_", "oid" };
	bool is;

	if (t->without_rowid)
		return 0;
	if (key_is_rowid(d, t, &is) < 0)
		return -1;
	for (size_t i = 0; !is && i < ARRAY_LEN(names); i++) {
		if (is_column(buf_slice(&t->columns), names[i]))
			continue;
		sqldump_put_name(&t->rowid, slice_str(names[i]));
		return 0;
	}
	return 0;
}

/* The rows in the order in which they lie in the table. */
static sqlite3_stmt *
select_rows(struct dump *d, struct table *t)
{
	const char *order = t->without_rowid ? buf_cstr(&t->key) :
		t->rowid.n ? buf_cstr(&t->rowid) : NULL;
	sqlite3_stmt *q;
	struct buf sql;

	buf_init(&sql, MiB);
	buf_adds(&sql, "SELECT ");
	if (t->rowid.n)
		buf_fmt(&sql, "%s,", buf_cstr(&t->rowid));
	buf_fmt(&sql, "%s FROM ", buf_cstr(&t->columns));
	sqldump_put_name(&sql, t->name);
	/* Without a name for the rowid the key column is it, or all three are
	 * taken: then NOT INDEXED gives the table's own order. */
	if (order)
		buf_fmt(&sql, " ORDER BY %s", order);
	else
		buf_adds(&sql, " NOT INDEXED");
	q = query(d, buf_slice(&sql));
	buf_release(&sql);
	return q;
}

static int
dump_rows(struct dump *d, struct table *t)
{
	sqlite3_stmt *q = select_rows(d, t);
	int n, rc;

	if (!q)
		return -1;
	n = sqlite3_column_count(q);
	while ((rc = next(d, q)) == 1) {
		buf_adds(d->out, "INSERT INTO ");
		sqldump_put_name(d->out, t->name);
		buf_addc(d->out, '(');
		if (t->rowid.n)
			buf_fmt(d->out, "%s,", buf_cstr(&t->rowid));
		buf_add(d->out, buf_slice(&t->columns));
		buf_adds(d->out, ") VALUES(");
		for (int i = 0; i < n; i++) {
			if (i > 0)
				buf_addc(d->out, ',');
			sqlite_put_value(d->out, q, i);
		}
		buf_adds(d->out, ");\n");
		if (d->out->full) {
			sqlite3_finalize(q);
			return err_set(d->e, ERR_USAGE, "its text is too "
				       "long");
		}
	}
	return rc;
}

static int
dump_table(struct dump *d, struct slice name, bool without_rowid)
{
	struct table t = { .name = name, .without_rowid = without_rowid };
	int rc;

	buf_init(&t.columns, MiB);
	buf_init(&t.key, MiB);
	buf_init(&t.rowid, 16);
	rc = read_columns(d, &t);
	if (rc == 0)
		rc = name_rowid(d, &t);
	if (rc == 0)
		rc = dump_rows(d, &t);
	buf_release(&t.columns);
	buf_release(&t.key);
	buf_release(&t.rowid);
	return rc;
}

/* ---- the schema ----------------------------------------------------------- */

static void
put_statement(struct dump *d, struct slice sql)
{
	buf_add(d->out, sql);
	/* a comment at its end must not swallow the semicolon */
	buf_adds(d->out, slice_find(sql, SLICE("--")) >= 0 ? "\n;\n" : ";\n");
}

static int
dump_tables(struct dump *d)
{
	sqlite3_stmt *q = query(d, SLICE("SELECT s.name, s.sql, l.wr, l.type "
		"FROM sqlite_schema s JOIN pragma_table_list l ON l.name = "
		"s.name AND l.schema = 'main' WHERE s.type = 'table' AND "
		"s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY s.rowid"));
	char shown[QUOTE_MAX];
	int rc;

	if (!q)
		return -1;
	while ((rc = next(d, q)) == 1) {
		struct slice name = sqlite_text(q, 0);

		if (!slice_eq(sqlite_text(q, 3), SLICE("table"))) {
			err_set(d->e, ERR_USAGE, "table '%s' is virtual, or "
				"part of one: its rows cannot be put into "
				"text; the provider command can store it",
				quote(name, shown));
			sqlite3_finalize(q);
			return -1;
		}
		put_statement(d, sqlite_text(q, 1));
		if (dump_table(d, name, sqlite3_column_int(q, 2)) < 0) {
			err_prefix(d->e, "table '%s'", quote(name, shown));
			sqlite3_finalize(q);
			return -1;
		}
	}
	return rc;
}

/* Tables of SQLite's own that are written like others: where AUTOINCREMENT
 * goes on, and what ANALYZE found (it decides which index is used, and with
 * it the order of rows). */
static int
dump_own_tables(struct dump *d)
{
	sqlite3_stmt *q = query(d, SLICE("SELECT name FROM sqlite_schema "
		"WHERE name IN ('sqlite_sequence','sqlite_stat1') "
		"ORDER BY name"));
	int rc;

	if (!q)
		return -1;
	while ((rc = next(d, q)) == 1) {
		struct slice name = sqlite_text(q, 0);

		if (slice_eq(name, SLICE("sqlite_stat1")))
			buf_adds(d->out, "ANALYZE sqlite_schema;\n");
		buf_adds(d->out, "DELETE FROM ");
		sqldump_put_name(d->out, name);
		buf_adds(d->out, ";\n");
		if (dump_table(d, name, false) < 0) {
			sqlite3_finalize(q);
			return -1;
		}
	}
	return rc;
}

static int
dump_others(struct dump *d)
{
	sqlite3_stmt *q = query(d, SLICE("SELECT sql FROM sqlite_schema WHERE "
		"type <> 'table' AND sql IS NOT NULL ORDER BY rowid"));
	int rc;

	if (!q)
		return -1;
	while ((rc = next(d, q)) == 1)
		put_statement(d, sqlite_text(q, 0));
	return rc;
}

static int
dump_number(struct dump *d, const char *pragma)
{
	sqlite3_stmt *q;
	struct buf sql;
	int rc;

	buf_init(&sql, 64);
	buf_fmt(&sql, "PRAGMA %s", pragma);
	q = query(d, buf_slice(&sql));
	buf_release(&sql);
	if (!q)
		return -1;
	rc = next(d, q);
	if (rc < 1)
		return -1;
	buf_fmt(d->out, "PRAGMA %s = %" PRId64 ";\n", pragma,
		(int64_t)sqlite3_column_int64(q, 0));
	sqlite3_finalize(q);
	return 0;
}

static int
check_encoding(struct dump *d)
{
	sqlite3_stmt *q = query(d, SLICE("PRAGMA encoding"));
	bool utf8;

	if (!q || next(d, q) < 1)
		return -1;
	utf8 = slice_eq(sqlite_text(q, 0), SLICE("UTF-8"));
	sqlite3_finalize(q);
	return utf8 ? 0 : err_set(d->e, ERR_USAGE, "its encoding is UTF-16; "
				  "only UTF-8 can be stored");
}

static int
dump_all(struct dump *d)
{
	buf_adds(d->out, SQLDUMP_HEAD);
	if (check_encoding(d) < 0 || dump_number(d, "user_version") < 0 ||
	    dump_number(d, "application_id") < 0)
		return -1;
	buf_adds(d->out, "BEGIN;\n");
	if (dump_tables(d) < 0)
		return -1;
	/* The statistics come last: they know of indexes. */
	if (dump_others(d) < 0 || dump_own_tables(d) < 0)
		return -1;
	buf_adds(d->out, "COMMIT;\n");
	if (d->wal)
		buf_adds(d->out, "PRAGMA journal_mode = WAL;\n");
	return 0;
}

/* SQLite's own copy of the file, with a journal that memory can have. */
static unsigned char *
own_copy(const struct state_part *p, bool *wal)
{
	unsigned char *bytes = sqlite3_malloc64(p->n);

	if (!bytes)
		return NULL;
	memcpy(bytes, p->bytes, p->n);
	*wal = p->n > VERSION_AT + 1 && bytes[VERSION_AT] == VERSION_WAL;
	if (*wal)
		bytes[VERSION_AT] = bytes[VERSION_AT + 1] = 1;
	return bytes;
}

int
sqlite_dump(const struct state_part *p, struct buf *out, struct err *e)
{
	struct dump d = { .out = out, .e = e };
	unsigned char *bytes;
	int rc = -1;

	if (sqlite3_open_v2(":memory:", &d.db, SQLITE_OPEN_READWRITE |
			    SQLITE_OPEN_CREATE, NULL) != SQLITE_OK) {
		failed(&d);
		goto out;
	}
	bytes = own_copy(p, &d.wal);
	if (!bytes || sqlite3_deserialize(d.db, "main", bytes,
					  (sqlite3_int64)p->n,
					  (sqlite3_int64)p->n,
					  SQLITE_DESERIALIZE_FREEONCLOSE |
					  SQLITE_DESERIALIZE_READONLY) !=
			      SQLITE_OK) {
		failed(&d);
		goto out;
	}
	rc = dump_all(&d);
out:
	sqlite3_close(d.db);
	return rc;
}
