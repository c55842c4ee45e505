/* Reads the rows of a database's text, and the fields in them. */
#include <dvr/field/sqldump.h>

#include "formats.h"

#include <string.h>

#define VALUES ") VALUES("
/* SQLite's own limit as it is built, and a rowid. */
#define COLUMNS_MAX 2001u

/* Behind the closing quote of what begins at `at`; 0: there is none. */
static size_t
skip_quoted(struct slice t, size_t at, char quote)
{
	for (; at < t.n; at++) {
		if (t.p[at] != quote)
			continue;
		if (at + 1 < t.n && t.p[at + 1] == quote)
			at++;
		else
			return at + 1;
	}
	return 0;
}

size_t
sqldump_insert(struct slice text, struct sqldump_insert *out)
{
	const size_t from = strlen(SQLDUMP_INSERT);
	size_t at, columns, to;

	if (!slice_starts(text, SLICE(SQLDUMP_INSERT)))
		return 0;
	at = skip_quoted(text, from, '"');
	if (at == 0 || at >= text.n || text.p[at] != '(')
		return 0;
	columns = at + 1;
	for (to = columns; to < text.n && text.p[to] == '"';) {
		to = skip_quoted(text, to + 1, '"');
		if (to == 0)
			return 0;
		if (to < text.n && text.p[to] == ',')
			to++;
	}
	if (to == columns || !slice_starts(slice_from(text, to),
					   SLICE(VALUES)))
		return 0;
	*out = (struct sqldump_insert){
		.table = slice_range(text, from, at - 1),
		.columns = slice_range(text, columns, to),
		.statement = slice_range(text, 0, to + strlen(VALUES) - 1),
	};
	return to + strlen(VALUES);
}

bool
sqldump_column(struct slice *columns, struct slice *name)
{
	size_t to;

	if (columns->n < 2)
		return false;
	to = skip_quoted(*columns, 1, '"');
	if (to == 0)
		return false;
	*name = slice_range(*columns, 1, to - 1);
	*columns = slice_from(*columns, to + 1);
	return true;
}

/* What stands around a literal's quotes. */
struct form {
	struct slice open, close;
	enum sql_kind kind;
	bool hex;
};

static const struct form forms[] = {
	{ { "'", 1 }, { "'", 1 }, SQL_TEXT, false },
	{ { "X'", 2 }, { "'", 1 }, SQL_BLOB, true },
	{ { "CAST('", 6 }, { "' AS BLOB)", 10 }, SQL_BLOB, false },
	{ { "CAST(X'", 7 }, { "' AS TEXT)", 10 }, SQL_TEXT, true },
};

static size_t
bare(struct slice t, struct sql_literal *out)
{
	size_t to = 0;

	while (to < t.n && t.p[to] != ',' && t.p[to] != ')' &&
	       t.p[to] != '\n')
		to++;
	out->span = slice_range(t, 0, to);
	out->hex = false;
	out->kind = slice_eq(out->span, SLICE("NULL")) ? SQL_NULL :
		SQL_NUMBER;
	return to;
}

static size_t
literal(struct slice t, struct sql_literal *out)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		const struct form *f = &forms[i];
		size_t to;

		if (!slice_starts(t, f->open))
			continue;
		to = skip_quoted(t, f->open.n, '\'');
		if (to == 0 || !slice_starts(slice_from(t, to - 1), f->close))
			return 0;
		*out = (struct sql_literal){
			.kind = f->kind, .hex = f->hex,
			.span = slice_range(t, f->open.n, to - 1),
		};
		return to - 1 + f->close.n;
	}
	return bare(t, out);
}

size_t
sqldump_literal(struct slice text, struct sql_literal *out, bool *last)
{
	size_t n = literal(text, out);
	struct slice rest = slice_from(text, n);

	*last = false;
	if (n == 0 || rest.n == 0)
		return 0;
	if (rest.p[0] == ',')
		return n + 1;
	*last = true;
	return slice_starts(rest, SLICE(");\n")) ? n + 3 : 0;
}

/* ---- names and text --------------------------------------------------- */

static void
undouble(struct slice s, char quote, struct buf *out)
{
	size_t from = 0;

	for (size_t i = 0; i + 1 < s.n; i++) {
		if (s.p[i] != quote || s.p[i + 1] != quote)
			continue;
		buf_add(out, slice_range(s, from, i + 1));
		from = ++i + 1;
	}
	buf_add(out, slice_from(s, from));
}

static void
redouble(struct slice s, char quote, struct buf *out)
{
	size_t from = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != quote)
			continue;
		buf_add(out, slice_range(s, from, i + 1));
		buf_addc(out, quote);
		from = i + 1;
	}
	buf_add(out, slice_from(s, from));
}

void
sqldump_name(struct slice quoted, struct buf *out)
{
	undouble(quoted, '"', out);
}

void
sqldump_put_name(struct buf *out, struct slice name)
{
	buf_addc(out, '"');
	redouble(name, '"', out);
	buf_addc(out, '"');
}

void
sqldump_put_text(struct buf *out, struct slice text)
{
	buf_addc(out, '\'');
	redouble(text, '\'', out);
	buf_addc(out, '\'');
}

int
sqldump_unhex(struct slice hex, struct buf *out)
{
	uint64_t v;

	if (hex.n % 2)
		return -1;
	for (size_t i = 0; i < hex.n; i += 2) {
		if (slice_hex(slice_range(hex, i, i + 2), 255, &v) < 0)
			return -1;
		buf_addc(out, (char)(unsigned char)v);
	}
	return 0;
}

/* ---- fields ----------------------------------------------------------- */

/* The columns of the table whose rows are being read. */
struct columns {
	struct slice statement;
	struct slice *names, *places;
	size_t n;
};

struct sql_walk {
	struct arena *arena;
	struct columns now;
	field_fn *fn;
	void *arg;
};

static struct slice
plain_name(struct arena *a, struct slice quoted)
{
	struct slice done;
	struct buf b;

	buf_init(&b, quoted.n + 1);
	sqldump_name(quoted, &b);
	done = arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return done;
}

static struct slice
place_of(struct arena *a, struct slice table, struct slice column)
{
	struct slice done;
	struct buf b;

	buf_init(&b, 2 * (table.n + column.n) + 2);
	pointer_add(&b, table);
	pointer_add(&b, column);
	done = arena_copy(a, buf_slice(&b));
	buf_release(&b);
	return done;
}

/* A table's rows follow each other: its columns are read once. */
static void
learn_columns(struct sql_walk *w, const struct sqldump_insert *row)
{
	struct columns *c = &w->now;
	struct slice rest = row->columns, name, table;
	size_t n = 0;

	if (slice_eq(c->statement, row->statement))
		return;
	while (n < COLUMNS_MAX && sqldump_column(&rest, &name))
		n++;
	*c = (struct columns){
		.statement = row->statement, .n = n,
		.names = arena_array(w->arena, n + 1, sizeof(*c->names)),
		.places = arena_array(w->arena, n + 1, sizeof(*c->places)),
	};
	table = plain_name(w->arena, row->table);
	rest = row->columns;
	for (size_t i = 0; i < n && sqldump_column(&rest, &name); i++) {
		c->names[i] = plain_name(w->arena, name);
		c->places[i] = place_of(w->arena, table, c->names[i]);
	}
}

/* The span itself where it is the value already. */
static struct slice
decode(struct arena *a, const struct sql_literal *l)
{
	struct slice done = l->span;
	struct buf b;

	if (!l->hex && slice_find(l->span, SLICE("''")) < 0)
		return done;
	buf_init(&b, l->span.n + 1);
	if (!l->hex)
		undouble(l->span, '\'', &b);
	else if (sqldump_unhex(l->span, &b) < 0)
		goto out;
	done = arena_copy(a, buf_slice(&b));
out:
	buf_release(&b);
	return done;
}

static int
emit(struct sql_walk *w, size_t column, const struct sql_literal *l)
{
	struct field f = {
		.kind = l->kind == SQL_NULL ? FIELD_NULL :
			l->kind == SQL_NUMBER ? FIELD_NUMBER :
			l->hex ? FIELD_BYTES : FIELD_STRING,
		.span = l->span,
	};

	if (column < w->now.n) {
		f.key = w->now.names[column];
		f.place = w->now.places[column];
	}
	f.value = decode(w->arena, l);
	return w->fn(w->arg, &f);
}

/* Bytes of the row at the start of `t`, 0 when it is none; *stop: enough. */
static size_t
walk_row(struct sql_walk *w, struct slice t, bool *stop)
{
	struct sqldump_insert row;
	struct sql_literal l;
	size_t at = sqldump_insert(t, &row), n, column = 0;
	bool last = false;

	if (at == 0)
		return 0;
	learn_columns(w, &row);
	while (!last) {
		n = sqldump_literal(slice_from(t, at), &l, &last);
		if (n == 0)
			return 0;
		at += n;
		if (emit(w, column++, &l) != 0) {
			*stop = true;
			return at;
		}
	}
	return at;
}

static enum field_result
walk(struct arena *a, struct slice body, field_fn *fn, void *arg)
{
	struct sql_walk w = { .arena = a, .fn = fn, .arg = arg };
	bool stop = false;

	if (!slice_starts(body, SLICE(SQLDUMP_HEAD)))
		return FIELD_BROKEN;
	while (body.n > 0 && !stop) {
		size_t n = walk_row(&w, body, &stop);
		ssize_t line;

		if (n == 0) {
			line = slice_chr(body, '\n');
			n = line < 0 ? body.n : (size_t)line + 1;
		}
		body = slice_from(body, n);
	}
	return FIELD_OK;
}

static void
encode(enum field_kind kind, struct slice value, struct buf *out)
{
	static const char digits[] = "0123456789abcdef";

	if (kind != FIELD_BYTES) {
		redouble(value, '\'', out);
		return;
	}
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];

		buf_addc(out, digits[c >> 4]);
		buf_addc(out, digits[c & 15]);
	}
}

const struct field_format field_sqldump = {
	.name = "sqldump", .walk = walk, .encode = encode,
};
