/* Databases: what is dumped and built again is the same, or refused. */
#include <dvr/base/fs.h>
#include <dvr/field/sqldump.h>
#include <dvr/scrub/scrub.h>
#include <dvr/state/state.h>

#include <check.h>
#include <math.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[FS_PATH_MAX], other[FS_PATH_MAX];
static struct arena *arena;
static struct state_config config;

static void
setup(void)
{
	struct err e;

	ck_assert_int_eq(fs_temp_dir("dvr-test", dir, &e), 0);
	ck_assert_int_eq(fs_temp_dir("dvr-test", other, &e), 0);
	arena = arena_create();
	config = (struct state_config){
		.provider = state_provider_named("sqlite"),
		.name = arena_str(arena, SLICE("shop")),
		.path = arena_str(arena, SLICE("data/shop.db")),
		.max_bytes = STATE_MAX_BYTES,
	};
}

static void
teardown(void)
{
	fs_remove_tree(dir, NULL);
	fs_remove_tree(other, NULL);
	arena_destroy(arena);
}

static sqlite3 *
open_in(const char *folder)
{
	char path[FS_PATH_MAX], sub[FS_PATH_MAX];
	struct err e;
	sqlite3 *db;

	ck_assert_int_eq(fs_join(sub, folder, "data", &e), 0);
	ck_assert_int_eq(fs_mkdirs(sub, 0700, &e), 0);
	ck_assert_int_eq(fs_join(path, folder, config.path, &e), 0);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

static void
run(sqlite3 *db, const char *sql)
{
	char *why = NULL;

	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &why) == SQLITE_OK,
		      "%s: %s", sql, why);
}

static void
fill(const char *sql)
{
	sqlite3 *db = open_in(dir);

	run(db, sql);
	sqlite3_close(db);
}

/* The dump of the database below `folder`; the image's trouble when there is
 * none. */
static struct slice
dump_of(const char *folder, struct tape_state *out)
{
	struct state_where w = { .dir = folder };
	struct state_image *i = state_snapshot(&config, &w);
	struct err e = { .code = ERR_NONE };
	struct slice text;

	*out = (struct tape_state){ .name = SLICE("shop") };
	if (i->trouble)
		text = arena_copy(arena, slice_str(i->trouble));
	else if (state_render(&config, i, arena, out, &e) < 0)
		text = arena_copy(arena, slice_str(e.msg));
	else
		text = out->nfiles ? out->files[0].bytes : SLICE("");
	if (out->nfiles)
		out->files[0].path = arena_copy(arena, out->files[0].path);
	out->snapshot = arena_copy(arena, out->snapshot);
	state_image_unref(i);
	return text;
}

static int
build(const struct tape_state *s, struct err *e)
{
	struct tape t = { .nstate = 1 };
	struct tape_state copy = *s;
	struct state_where w = { .dir = other };

	t.state = &copy;
	return state_restore(&config, 1, &t, &w, scrub_expand, e);
}

/* Dumps, builds, dumps again; returns the text, which is the same twice. */
static const char *
round_trip(void)
{
	struct err e = { .code = ERR_NONE };
	struct tape_state s, again;
	struct slice text = dump_of(dir, &s), second;

	ck_assert_msg(slice_starts(text, SLICE(SQLDUMP_HEAD)), "%.*s",
		      SLICE_ARG(text));
	ck_assert_msg(build(&s, &e) == 0, "%s\n%.*s", e.msg, SLICE_ARG(text));
	second = dump_of(other, &again);
	ck_assert_msg(slice_eq(text, second), "%.*s\n---\n%.*s",
		      SLICE_ARG(text), SLICE_ARG(second));
	return arena_str(arena, text);
}

static const char *
refused(void)
{
	struct tape_state s;
	struct slice text = dump_of(dir, &s);

	ck_assert(!slice_starts(text, SLICE("--")));
	return arena_str(arena, text);
}

static void
has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "no '%s' in\n%s", part,
		      text);
}

/* Every storage class comes back as it was, byte by byte. */
START_TEST(values)
{
	const char *text;

	fill("CREATE TABLE v(id INTEGER PRIMARY KEY, a, b);"
	     "INSERT INTO v VALUES(1, NULL, 1),(2, 0.1, 1.0),"
	     "(3, -9223372036854775808, 9223372036854775807),"
	     "(4, 'it''s; \"q\"', 'zwei\nzeilen'),"
	     "(5, X'00ff10', X''),(6, CAST('text' AS BLOB), 'ünï😀'),"
	     "(7, CAST(X'ff41' AS TEXT), CAST(X'410042' AS TEXT)),"
	     "(8, 9e999, -9e999),(9, 1e300, 5e-324),"
	     "(10, 3.141592653589793, 0.30000000000000004),(11, '', -0.0),"
	     "(12, '12', '1.5');");
	text = round_trip();
	has(text, "(1,NULL,1);");
	has(text, "(2,0.1,1.0);");
	has(text, "'it''s; \"q\"','zwei\nzeilen'");
	has(text, "X'00ff10',X''");
	has(text, "CAST('text' AS BLOB)");
	has(text, "CAST(X'ff41' AS TEXT)");
	has(text, "(8,9e999,-9e999);");
	has(text, "4.94065645841247e-324");
	has(text, "(12,'12','1.5');");
}
END_TEST

static int
collect(void *arg, int n, char **v, char **names)
{
	struct buf *b = arg;

	(void)names;
	for (int i = 0; i < n; i++)
		buf_fmt(b, "%s,", v[i] ? v[i] : "NULL");
	return 0;
}

static const char *
ask(const char *folder, const char *sql)
{
	sqlite3 *db = open_in(folder);
	struct buf b;
	char *done;

	buf_init(&b, KiB);
	ck_assert_int_eq(sqlite3_exec(db, sql, collect, &b, NULL), SQLITE_OK);
	sqlite3_close(db);
	done = arena_str(arena, buf_slice(&b));
	buf_release(&b);
	return done;
}

/* A SELECT without ORDER BY gives the rows as before, gaps in rowids and all;
 * AUTOINCREMENT goes on where it was. */
START_TEST(order_stays)
{
	fill("CREATE TABLE a(x); INSERT INTO a(rowid, x) VALUES(7,'c'),"
	     "(2,'a'),(9,'b'); DELETE FROM a WHERE rowid = 2;"
	     "CREATE TABLE n(id INTEGER PRIMARY KEY AUTOINCREMENT, x);"
	     "INSERT INTO n(x) VALUES('p'),('q'),('r');"
	     "DELETE FROM n WHERE id = 3;"
	     "CREATE TABLE w(k TEXT, j INT, x, PRIMARY KEY(k, j)) "
	     "WITHOUT ROWID;"
	     "INSERT INTO w VALUES('b',2,1),('a',3,2),('b',1,3);"
	     "CREATE TABLE r(rowid TEXT, x); INSERT INTO r VALUES('no', 1);"
	     "CREATE INDEX ax ON a(x);");
	round_trip();
	ck_assert_str_eq(ask(other, "SELECT rowid, x FROM a"), "7,c,9,b,");
	ck_assert_str_eq(ask(other, "SELECT x FROM w"), "2,3,1,");
	ck_assert_str_eq(ask(other, "SELECT _rowid_, rowid FROM r"), "1,no,");
	ck_assert_str_eq(ask(other, "INSERT INTO n(x) VALUES('s');"
			     "SELECT id FROM n"), "1,2,4,");
}
END_TEST

/* Triggers do not fire while rows come back, keys are not checked, views,
 * generated columns, statistics and numbers in the header are there. */
START_TEST(schema)
{
	const char *text;

	fill("CREATE TABLE child(id INTEGER PRIMARY KEY, p REFERENCES parent);"
	     "INSERT INTO child VALUES(1, 5);"
	     "CREATE TABLE parent(id INTEGER PRIMARY KEY) -- last word\n;"
	     "INSERT INTO parent VALUES(5);"
	     "CREATE TABLE log(t); CREATE TRIGGER tr AFTER INSERT ON parent "
	     "BEGIN\nINSERT INTO \"log\"(\"t\") VALUES(NEW.id);\nEND;"
	     "CREATE TABLE g(a, b AS (a * 2) STORED, c AS (a + 1));"
	     "INSERT INTO g(a) VALUES(4);"
	     "CREATE VIEW v AS SELECT b, c FROM g;"
	     "CREATE UNIQUE INDEX gi ON g(b) WHERE a > 1;"
	     "CREATE TABLE \"odd \"\"name\"(\"a,b\" TEXT DEFAULT 'x;y');"
	     "INSERT INTO \"odd \"\"name\" DEFAULT VALUES;"
	     "PRAGMA user_version = 42; PRAGMA application_id = 7; ANALYZE;");
	text = round_trip();
	has(text, "PRAGMA user_version = 42;");
	has(text, "PRAGMA application_id = 7;");
	has(text, "\"sqlite_stat1\"");
	ck_assert_str_eq(ask(other, "SELECT count(*) FROM log"), "0,");
	ck_assert_str_eq(ask(other, "SELECT * FROM v"), "8,5,");
	ck_assert_str_eq(ask(other, "INSERT INTO parent VALUES(6);"
			     "SELECT t FROM log"), "6,");
	ck_assert_str_eq(ask(other, "SELECT * FROM \"odd \"\"name\""), "x;y,");
}
END_TEST

/* What is still in the write-ahead log of a database in use is in the
 * snapshot, and the new file works that way too. */
START_TEST(write_ahead_log)
{
	sqlite3 *db = open_in(dir);
	const char *text;

	run(db, "PRAGMA journal_mode = WAL; CREATE TABLE a(x);"
	    "INSERT INTO a VALUES('in the log');");
	text = round_trip();
	has(text, "'in the log'");
	has(text, "PRAGMA journal_mode = WAL;");
	ck_assert_str_eq(ask(other, "PRAGMA journal_mode"), "wal,");
	/* the copy took nothing away */
	run(db, "INSERT INTO a VALUES('more');");
	sqlite3_close(db);
}
END_TEST

/* Somebody else's lock is waited for, not for ever, and said. */
START_TEST(locked)
{
	sqlite3 *db;
	const char *why;
	int fd[2], status;
	char c;
	pid_t pid;

	fill("CREATE TABLE a(x);");
	ck_assert_int_eq(pipe(fd), 0);
	pid = fork();	/* a lock of our own process would not count */
	if (pid == 0) {
		db = open_in(dir);
		run(db, "BEGIN EXCLUSIVE");
		(void)!write(fd[1], "x", 1);
		pause();
		_exit(0);
	}
	ck_assert_int_eq(read(fd[0], &c, 1), 1);
	why = refused();
	has(why, "locked");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	close(fd[0]);
	close(fd[1]);
}
END_TEST

/* What cannot be put into text is refused by name. */
START_TEST(virtual_tables)
{
	fill("CREATE TABLE a(x); CREATE VIRTUAL TABLE docs USING fts5(body);");
	has(refused(), "'docs' is virtual");
}
END_TEST

START_TEST(not_a_database)
{
	char path[FS_PATH_MAX], sub[FS_PATH_MAX];
	struct err e;

	fs_join(sub, dir, "data", &e);
	ck_assert_int_eq(fs_mkdirs(sub, 0700, &e), 0);
	fs_join(path, dir, config.path, &e);
	ck_assert_int_eq(fs_write_atomic(path, 0600,
		SLICE("no database at all, but long enough to be read"), &e),
		0);
	has(refused(), "not a database");
}
END_TEST

/* Over the limit: said, with the keys that set it. */
START_TEST(too_large)
{
	config.max_bytes = 8 * KiB;
	fill("CREATE TABLE a(x); INSERT INTO a VALUES(zeroblob(100000));");
	has(refused(), "max_size");
}
END_TEST

/* No file yet: nothing to restore, and that is told. */
START_TEST(absent)
{
	struct state_where w = { .dir = dir };
	struct state_image *i = state_snapshot(&config, &w);
	struct tape_state s;
	struct err e = { .code = ERR_NONE };

	ck_assert_ptr_null(i->trouble);
	ck_assert_uint_eq(i->n, 0);
	ck_assert_uint_eq(i->nlosses, 1);
	ck_assert_int_eq(state_render(&config, i, arena, &s, &e), 0);
	ck_assert_int_eq(build(&s, &e), 0);
	state_image_unref(i);
}
END_TEST

static struct err
build_text(const char *text)
{
	struct tape_state_file f = { .path = SLICE("state/shop.sql"),
				     .bytes = slice_str(text) };
	struct tape_state s = {
		.name = SLICE("shop"), .provider = SLICE("sqlite"),
		.snapshot = f.path, .files = &f, .nfiles = 1,
	};
	struct err e = { .code = ERR_NONE };

	if (build(&s, &e) < 0)
		ck_assert_int_ne(e.code, ERR_NONE);
	fs_remove_tree(other, NULL);
	return e;
}

/* A dump comes from a repository: it makes tables and nothing else. */
START_TEST(hostile_dumps)
{
	static const struct { const char *text, *why; } v[] = {
		{ "CREATE TABLE a(x);\n", "does not begin" },
		{ SQLDUMP_HEAD "ATTACH '/tmp/x' AS y;\n", "not authorized" },
		{ SQLDUMP_HEAD "PRAGMA writable_schema = 1;\n",
		  "not authorized" },
		{ SQLDUMP_HEAD "CREATE VIRTUAL TABLE a USING fts5(x);\n",
		  "not authorized" },
		{ SQLDUMP_HEAD "BEGIN;\nCREATE TABLE a(x);\n", "cut" },
		{ SQLDUMP_HEAD "CREATE TABLE a(x);\n"
		  "INSERT INTO \"a\"(\"x\") VALUES(1", "malformed" },
		{ SQLDUMP_HEAD "CREATE TABLE a(x);\n"
		  "INSERT INTO \"a\"(\"x\") VALUES(X'0');\n", "at 'INSERT" },
		{ SQLDUMP_HEAD "CREATE TABLE a(x);\n"
		  "INSERT INTO \"a\"(\"x\") VALUES(1,2);\n", "at 'INSERT" },
		{ SQLDUMP_HEAD "INSERT INTO \"nn\"(\"x\") VALUES(1);\n",
		  "no such table" },
	};

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		struct err e = build_text(v[i].text);

		has(e.msg, v[i].why);
	}
}
END_TEST

/* Handles stand for values of every form: quoted, in hex, bare. */
START_TEST(handles)
{
	static const char text[] = SQLDUMP_HEAD
		"CREATE TABLE a(x, y, z);\n"
		"INSERT INTO \"a\"(\"x\",\"y\",\"z\") VALUES('it''s "
		"\xe2\x9f\xa6" "dvr:password:9:0123456789abcdef\xe2\x9f\xa7',"
		"X'00\xe2\x9f\xa6" "dvr:password:9:0123456789abcdef"
		"\xe2\x9f\xa7" "ff',\xe2\x9f\xa6" "dvr:pin-digits:6:"
		"0123456789abcdef\xe2\x9f\xa7);\n";
	struct tape_state_file f = { .path = SLICE("state/shop.sql"),
				     .bytes = SLICE(text) };
	struct tape_state s = {
		.name = SLICE("shop"), .provider = SLICE("sqlite"),
		.snapshot = f.path, .files = &f, .nfiles = 1,
	};
	struct err e = { .code = ERR_NONE };
	struct buf want;

	ck_assert_msg(build(&s, &e) == 0, "%s", e.msg);
	buf_init(&want, KiB);
	scrub_expand(SLICE("\xe2\x9f\xa6" "dvr:password:9:0123456789abcdef"
			   "\xe2\x9f\xa7"), &want, NULL);
	ck_assert_uint_eq(want.n, 9);
	buf_adds(&want, ",1,text,");
	ck_assert_str_eq(ask(other, "SELECT substr(x, 6), 1, 'text' FROM a"),
			 buf_cstr(&want));
	ck_assert_str_eq(ask(other, "SELECT length(y), hex(substr(y, 1, 1)), "
			     "substr(y, 2, 9) = CAST(substr(x, 6) AS BLOB), "
			     "typeof(z), length(z) FROM a"),
			 "11,00,1,integer,6,");
	buf_release(&want);
}
END_TEST

/* The tape's store must be the configured one. */
START_TEST(other_configuration)
{
	struct tape_state s = { .name = SLICE("cart"),
				.provider = SLICE("sqlite") };
	struct err e = { .code = ERR_NONE };

	ck_assert_int_eq(build(&s, &e), -1);
	has(e.msg, "add it to spec.state");
	s = (struct tape_state){ .name = SLICE("shop"),
				 .provider = SLICE("files") };
	ck_assert_int_eq(build(&s, &e), -1);
	has(e.msg, "of provider files on the tape");
}
END_TEST

Suite *
suite_state_sqlite(void);

Suite *
suite_state_sqlite(void)
{
	Suite *s = suite_create("state_sqlite");
	TCase *c = tcase_create("all");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 30);
	tcase_add_test(c, values);
	tcase_add_test(c, order_stays);
	tcase_add_test(c, schema);
	tcase_add_test(c, write_ahead_log);
	tcase_add_test(c, locked);
	tcase_add_test(c, virtual_tables);
	tcase_add_test(c, not_a_database);
	tcase_add_test(c, too_large);
	tcase_add_test(c, absent);
	tcase_add_test(c, hostile_dumps);
	tcase_add_test(c, handles);
	tcase_add_test(c, other_configuration);
	suite_add_tcase(s, c);
	return s;
}
