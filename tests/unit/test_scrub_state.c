/* Secrets in databases and files: gone, and the same as in the traffic. */
#include "scrub_rig.h"

#include <dvr/field/sqldump.h>

#include <check.h>
#include <stdio.h>
#include <string.h>

static struct rig rig;
static struct tape_state_file files[3];
static struct tape_state state;

static void
setup(void)
{
	rig_init(&rig, NULL, 0);
	state = (struct tape_state){
		.name = SLICE("shop"), .provider = SLICE("sqlite"),
		.snapshot = SLICE("state/shop.sql"), .files = files,
	};
	rig.rec.raw.state = &state;
	rig.rec.raw.nstate = 1;
}

static void
teardown(void)
{
	rig_release(&rig);
}

static void
add(const char *path, struct slice bytes)
{
	files[state.nfiles++] = (struct tape_state_file){
		.path = slice_str(path), .bytes = bytes };
}

static const char *
text_of(const struct tape *t, size_t file)
{
	return arena_str(rig.arena, t->state[0].files[file].bytes);
}

/* A column's name, a value that traffic knows, an address in free text, bytes
 * in hex: none stays, and all have the handle that the traffic has. */
START_TEST(a_database)
{
	struct slice pw = rig_secret(&rig, "pw", 20);
	const char *mail = rig_fmt(&rig, "ada.lovelace@%s", "example.com");
	const struct tape *t;
	const char *body, *dump, *handle;
	char hex[64];

	for (size_t i = 0; i < pw.n; i++)
		snprintf(hex + 2 * i, 3, "%02x", (unsigned char)pw.p[i]);
	rig_request(&rig, "POST /login HTTP/1.1\nHost: a\n"
		    "Content-Type: application/json\n",
		    slice_str(rig_fmt(&rig, "{\"password\":\"%.*s\"}",
				      SLICE_ARG(pw))));
	add("state/shop.sql", slice_str(rig_fmt(&rig, SQLDUMP_HEAD
		"CREATE TABLE u(id, password, note, raw, token);\n"
		"INSERT INTO \"u\"(\"id\",\"password\",\"note\",\"raw\","
		"\"token\") VALUES(1,'%.*s','it''s %s',X'00%s','it''s mine');\n",
		SLICE_ARG(pw), mail, hex)));
	t = rig_scrub(&rig);
	rig_assert_gone(&rig, "password", pw);
	rig_assert_gone(&rig, "mail", slice_str(mail));
	ck_assert_uint_eq(t->state[0].nfiles, 1);
	dump = text_of(t, 0);
	ck_assert_msg(!strstr(dump, hex), "%s", dump);
	ck_assert_msg(!strstr(dump, "it''s mine"), "%s", dump);
	ck_assert_msg(strstr(dump, "VALUES(1,'\xe2\x9f\xa6"), "%s", dump);
	body = rig_text(&rig, &t->exchanges[0].request);
	handle = strstr(body, "\xe2\x9f\xa6" "dvr:password");
	ck_assert_ptr_nonnull(handle);
	handle = rig_fmt(&rig, "%.*s", (int)(strstr(handle, "\"}") - handle),
			 handle);
	ck_assert_msg(strstr(dump, rig_fmt(&rig, "VALUES(1,'%s',", handle)),
		      "%s\n%s", handle, dump);
	ck_assert_msg(strstr(dump, rig_fmt(&rig, "X'00%s'", handle)),
		      "%s\n%s", handle, dump);
}
END_TEST

/* What is only in the database is found in the traffic by its value. */
START_TEST(known_from_the_database)
{
	struct slice key = rig_secret(&rig, "key", 24);

	rig_request(&rig, rig_fmt(&rig, "GET /?q=%.*s HTTP/1.1\nHost: a\n",
				  SLICE_ARG(key)), SLICE(""));
	add("state/shop.sql", slice_str(rig_fmt(&rig, SQLDUMP_HEAD
		"INSERT INTO \"u\"(\"api_key\") VALUES('%.*s');\n",
		SLICE_ARG(key))));
	rig_scrub(&rig);
	rig_assert_gone(&rig, "key", key);
}
END_TEST

/* A plain word that was a password is one in a table too, in whatever form,
 * and in text it is a word. */
START_TEST(words_that_are_passwords)
{
	const struct tape *t;

	rig_request(&rig, "POST /login HTTP/1.1\nHost: a\n"
		    "Content-Type: application/json\n",
		    SLICE("{\"password\":\"open-the-door\"}"));
	state.snapshot = SLICE("state/kv.dump");
	add("state/kv.dump", SLICE("COPY u FROM stdin;\n1\topen-the-door\tx\n"
		"INSERT INTO u VALUES(1,'open-the-door');\n"
		"please open-the-door now\n"));
	t = rig_scrub(&rig);
	ck_assert(!strstr(text_of(t, 0), "\topen"));
	ck_assert(!strstr(text_of(t, 0), "'open"));
	ck_assert_ptr_nonnull(strstr(text_of(t, 0), "please open-the-door"));
}
END_TEST

/* Files by their kind; one that is no text does not go onto the tape. */
START_TEST(files_of_a_folder)
{
	struct slice pw = rig_secret(&rig, "pw", 20);
	const struct tape *t;

	state.snapshot = SLICE("state/up/");
	rig_request(&rig, "GET / HTTP/1.1\nHost: a\n", SLICE(""));
	add("state/up/a.json", slice_str(rig_fmt(&rig,
		"{\"db\":{\"password\":\"%.*s\"}}", SLICE_ARG(pw))));
	add("state/up/b.env", slice_str(rig_fmt(&rig, "DB_PASSWORD=%.*s\n",
						SLICE_ARG(pw))));
	add("state/up/c.bin", slice_str(rig_fmt(&rig, "%.*s\xff\xfe",
						SLICE_ARG(pw))));
	t = rig_scrub(&rig);
	rig_assert_gone(&rig, "password", pw);
	ck_assert_uint_eq(t->state[0].nfiles, 2);
	ck_assert_uint_eq(t->nlosses, 1);
	ck_assert(slice_find(t->losses[0], SLICE("state/up/c.bin withheld")) >=
		  0);
	ck_assert_uint_eq(t->not_replayable.n, 0);
}
END_TEST

/* Nothing left of a store: no replay can be trusted. */
START_TEST(all_withheld)
{
	const struct tape *t;

	rig_request(&rig, "GET / HTTP/1.1\nHost: a\n", SLICE(""));
	state.snapshot = SLICE("state/kv.dump");
	add("state/kv.dump", SLICE("\0\1\2"));
	t = rig_scrub(&rig);
	ck_assert_uint_eq(t->state[0].nfiles, 0);
	ck_assert_uint_gt(t->not_replayable.n, 0);
}
END_TEST

/* `scrub: none`: the bytes themselves, and the reason beside them. */
START_TEST(kept_as_it_is)
{
	const struct tape *t;

	rig_request(&rig, "GET / HTTP/1.1\nHost: a\n", SLICE(""));
	state.unscrubbed = SLICE("made up");
	add("state/shop.sql", SLICE("password=x\0y"));
	t = rig_scrub(&rig);
	ck_assert_uint_eq(t->state[0].nfiles, 1);
	ck_assert(slice_eq(t->state[0].files[0].bytes,
			   SLICE("password=x\0y")));
	ck_assert(slice_eq(t->state[0].unscrubbed, SLICE("made up")));
}
END_TEST

Suite *
suite_scrub_state(void);

Suite *
suite_scrub_state(void)
{
	Suite *s = suite_create("scrub_state");
	TCase *c = tcase_create("all");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_database);
	tcase_add_test(c, known_from_the_database);
	tcase_add_test(c, words_that_are_passwords);
	tcase_add_test(c, files_of_a_folder);
	tcase_add_test(c, all_withheld);
	tcase_add_test(c, kept_as_it_is);
	suite_add_tcase(s, c);
	return s;
}
