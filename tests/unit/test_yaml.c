/* The YAML reader refuses what it should with a place; what the writer puts
 * reads back as the same bytes. */
#include <dvr/base/yaml.h>

#include <check.h>
#include <stdio.h>
#include <string.h>

static struct arena *arena;
static struct err err;

static void
setup(void)
{
	arena = arena_create();
	err = (struct err){ 0 };
}

static void
teardown(void)
{
	arena_destroy(arena);
}

static struct yaml_node *
parse(const char *text)
{
	struct yaml_doc doc;

	ck_assert_msg(yaml_parse(arena, "f.yaml", slice_str(text), ERR_USAGE,
				 &doc, &err) == 0,
		      "%s", err.msg);
	return doc.root;
}

static void
refuse_slice(struct slice text, const char *place, const char *words)
{
	struct yaml_doc doc;

	ck_assert_int_eq(
		yaml_parse(arena, "f.yaml", text, ERR_TAPE, &doc, &err), -1);
	ck_assert_int_eq(err.code, ERR_TAPE);
	ck_assert_msg(strncmp(err.msg, place, strlen(place)) == 0,
		      "'%s' does not start with '%s'", err.msg, place);
	ck_assert_msg(strstr(err.msg, words) != NULL, "no '%s' in '%s'", words,
		      err.msg);
}

static void
refuse(const char *text, const char *place, const char *words)
{
	refuse_slice(slice_str(text), place, words);
}

static void
assert_text(const struct yaml_node *n, const char *want)
{
	ck_assert_ptr_nonnull(n);
	ck_assert_int_eq(n->kind, YAML_SCALAR);
	ck_assert_uint_eq(n->text.n, strlen(want));
	ck_assert_mem_eq(n->text.p, want, n->text.n);
}

/* Maps, lists and scalars come with their order, places and quoting. */
START_TEST(reads_a_tree_with_places)
{
	struct yaml_node *root = parse("a: 1\nlist:\n  - x\n  - 'y'\n"
				       "m: {k: \"v\\0w\"}\n");
	struct yaml_node *list = yaml_get(root, "list");
	struct yaml_node *k = yaml_get(yaml_get(root, "m"), "k");

	ck_assert_int_eq(root->kind, YAML_MAP);
	ck_assert_uint_eq(root->count, 3);
	assert_text(yaml_get(root, "a"), "1");
	ck_assert(yaml_get(root, "a")->plain);
	ck_assert_uint_eq(list->count, 2);
	assert_text(&list->items[1], "y");
	ck_assert(!list->items[1].plain);
	ck_assert_uint_eq(list->items[1].line, 4);
	ck_assert_uint_eq(list->items[1].column, 5);
	ck_assert_uint_eq(root->key_places[2].line, 5);
	ck_assert_uint_eq(k->text.n, 3);
	ck_assert_mem_eq(k->text.p, "v\0w", 3);
	ck_assert_ptr_null(yaml_get(root, "none"));
}
END_TEST

/* A tree outlives the text that it came from. */
START_TEST(tree_does_not_need_the_text)
{
	char text[] = "key: value\n";
	struct yaml_node *root = parse(text);

	memset(text, 'X', sizeof(text));
	assert_text(yaml_get(root, "key"), "value");
}
END_TEST

/* Nothing, comments alone and a bare document start are no document. */
START_TEST(empty_documents_have_no_root)
{
	ck_assert_ptr_null(parse(""));
	ck_assert_ptr_null(parse("# only this\n"));
	ck_assert_ptr_null(parse("---\n"));
	ck_assert_ptr_nonnull(parse("''\n"));
}
END_TEST

/* A byte-order mark at the start is no part of the first key. */
START_TEST(byte_order_mark_is_skipped)
{
	assert_text(yaml_get(parse("\xef\xbb\xbf"
				   "a: b\n"),
			     "a"),
		    "b");
}
END_TEST

static const struct {
	const char *text, *place, *words;
} refused[] = {
	{ "a: 1\nb: 2\na: 3\n", "f.yaml:3:1: ",
	  "duplicate key 'a'; it stands"
	  " in line 1" },
	{ "a: &x 1\n", "f.yaml:1:4: ", "anchors are not allowed" },
	{ "a: &x [1]\n", "f.yaml:1:4: ", "anchors are not allowed" },
	{ "a: *x\n", "f.yaml:1:4: ", "aliases are not allowed" },
	{ "*x : 1\n", "f.yaml:1:1: ", "aliases are not allowed" },
	{ "a: !!python/object x\n", "f.yaml:1:4: ", "python/object" },
	{ "a: !!int 3\n", "f.yaml:1:4: ", "only !!binary" },
	{ "a: !!map {}\n", "f.yaml:1:4: ", "only !!binary" },
	{ "!!str a: 1\n", "f.yaml:1:1: ", "only !!binary" },
	{ "a: !!binary '@'\n", "f.yaml:1:4: ", "expected base64" },
	{ "a: 1\n---\nb: 1\n", "f.yaml:2:1: ", "second document" },
	{ "[a]: 1\n", "f.yaml:1:1: ", "expected a scalar" },
	{ "a: 1\n<<<<<<< HEAD\nb: 2\n",
	  "f.yaml:2:1: ", "merge-conflict marker '<<<<<<<'" },
	{ "a: 1\n=======\n",
	  "f.yaml:2:1: ", "merge-conflict marker '======='" },
	{ ">>>>>>> other\n", "f.yaml:1:1: ", "merge-conflict marker" },
	{ "||||||| base\r\n", "f.yaml:1:1: ", "merge-conflict marker" },
	{ "a: [1, 2\n", "f.yaml:2:1: ", "is it cut off?" },
	{ "a: \"x\n", "f.yaml:2:1: ", "is it cut off?" },
	{ "a:\n\t- b\n", "f.yaml:2:1: ", "not YAML" },
	{ "a: b: c\n", "f.yaml:1:5: ", "not YAML" },
	{ "a: ok\nb: \x80\n", "f.yaml:2:4: ", "byte 0x80" },
	{ "a: \x01\n", "f.yaml:1:4: ", "byte 0x01" },
	{ "\xff\xfe"
	  "a\0:\0",
	  "f.yaml:1:1: ", "byte 0xff" },
};

/* Each fault is named at its line and column. */
START_TEST(faults_have_a_place)
{
	refuse(refused[_i].text, refused[_i].place, refused[_i].words);
}
END_TEST

/* A NUL in the file is a fault and no early end. */
START_TEST(nul_in_the_text_is_refused)
{
	refuse_slice(SLICE("a: b\0c\n"), "f.yaml:1:5: ", "byte 0x00");
}
END_TEST

/* Conflict markers inside a block or shorter lines are ordinary text. */
START_TEST(indented_markers_are_text)
{
	struct yaml_node *root = parse("a: |\n  <<<<<<< HEAD\n  =======\n");

	assert_text(yaml_get(root, "a"), "<<<<<<< HEAD\n=======\n");
}
END_TEST

/* The permitted depth is read, one level more is not. */
START_TEST(depth_is_limited)
{
	char text[2 * YAML_DEPTH_MAX + 8] = { 0 };

	memset(text, '[', YAML_DEPTH_MAX);
	memset(text + YAML_DEPTH_MAX, ']', YAML_DEPTH_MAX);
	ck_assert_ptr_nonnull(parse(text));
	memset(text, '[', YAML_DEPTH_MAX + 1);
	memset(text + YAML_DEPTH_MAX + 1, ']', YAML_DEPTH_MAX + 1);
	refuse(text, "f.yaml:1:65: ", "nested too deep; at most 64");
}
END_TEST

/* A document of very many values is refused before it fills the memory. */
START_TEST(number_of_values_is_limited)
{
	struct buf b;

	buf_init(&b, 16 * MiB);
	buf_addc(&b, '[');
	for (size_t i = 0; i < 4 * MiB; i++)
		buf_adds(&b, "a,");
	buf_addc(&b, ']');
	refuse_slice(buf_slice(&b), "f.yaml:1:", "more than 4194304 values");
	buf_release(&b);
}
END_TEST

/* Doubles are found in big maps too, and the first doubled one is named. */
START_TEST(doubles_in_big_maps_are_found)
{
	struct buf b;

	buf_init(&b, MiB);
	for (int i = 0; i < 500; i++)
		buf_fmt(&b, "k%d: x\n", i % 450);
	refuse_slice(buf_slice(&b), "f.yaml:451:1: ",
		     "duplicate key 'k0'; it stands in line 1");
	buf_release(&b);
}
END_TEST

/* The nearest key is suggested; without one, all are listed. */
START_TEST(unknown_keys_name_the_nearest)
{
	static const char *const known[] = { "headers", "body", "line", NULL };
	struct yaml_doc doc;

	ck_assert_int_eq(yaml_parse(arena, "f", SLICE("body: 1\nheadres: 2\n"),
				    ERR_USAGE, &doc, &err),
			 0);
	ck_assert_int_eq(
		yaml_known_keys(&doc, doc.root, known, ERR_USAGE, &err), -1);
	ck_assert_str_eq(err.msg, "f:2:1: unknown key 'headres'; did you mean "
				  "'headers'?");
	ck_assert_int_eq(yaml_parse(arena, "f", SLICE("zzz: 1\n"), ERR_USAGE,
				    &doc, &err),
			 0);
	ck_assert_int_eq(
		yaml_known_keys(&doc, doc.root, known, ERR_USAGE, &err), -1);
	ck_assert_str_eq(err.msg, "f:1:1: unknown key 'zzz'; expected headers,"
				  " body or line");
	ck_assert_int_eq(err.code, ERR_USAGE);
}
END_TEST

/* ---- writing ---------------------------------------------------------- */

static const char *
put(struct slice s)
{
	struct buf b;
	char *out;

	buf_init(&b, MiB);
	yaml_put(&b, s);
	ck_assert(!b.full);
	out = arena_str(arena, buf_slice(&b));
	buf_release(&b);
	return out;
}

static const struct {
	const char *text, *yaml;
} put_table[] = {
	{ "", "''" },
	{ "plain", "plain" },
	{ "HTTP/1.1 200 OK", "HTTP/1.1 200 OK" },
	{ "test_checkout.py::test_pay", "test_checkout.py::test_pay" },
	{ "2.req.body#/cart/id", "2.req.body#/cart/id" },
	{ "*.resp.header/date", "'*.resp.header/date'" },
	{ "Host: x", "'Host: x'" },
	{ "yes", "'yes'" },
	{ "Off", "'Off'" },
	{ "null", "'null'" },
	{ "1.0", "'1.0'" },
	{ "1e5", "'1e5'" },
	{ "0x1F", "'0x1F'" },
	{ "12:30:45", "'12:30:45'" },
	{ "2026-11-22T12:00:00Z", "'2026-11-22T12:00:00Z'" },
	{ "7889a", "'7889a'" },
	{ "- x", "'- x'" },
	{ ": ", "': '" },
	{ "#", "'#'" },
	{ "a #b", "'a #b'" },
	{ "a:", "'a:'" },
	{ " a", "' a'" },
	{ "a ", "'a '" },
	{ "a, b", "'a, b'" },
	{ "---", "'---'" },
	{ "it's", "\"it's\"" },
	{ "it's \"x\"", "'it''s \"x\"'" },
	{ "{\"a\":1}", "'{\"a\":1}'" },
	{ "a\nb\t\"\\", "\"a\\nb\\t\\\"\\\\\"" },
	{ "\x1b[31m\x7f", "\"\\e[31m\\x7f\"" },
	{ "caf\xc3\xa9", "caf\xc3\xa9" },
	{ "\xf0\x9f\x99\x82", "\xf0\x9f\x99\x82" },
	{ "a\xe2\x80\xa8"
	  "b",
	  "\"a\\u2028b\"" },
	{ "a\xe2\x80\xae"
	  "b",
	  "\"a\\u202eb\"" },
	{ "\xef\xbb\xbf"
	  "a",
	  "\"\\ufeffa\"" },
	{ "\xc2\x85", "\"\\x85\"" },
	{ "\xf3\xa0\x80\x81", "\"\\U000e0001\"" },
	{ "\xff\xfe", "!!binary \"//4=\"" },
	{ "\xed\xa0\x80", "!!binary \"7aCA\"" },
};

/* Each kind of text has one spelling, the plainest that is unambiguous. */
START_TEST(scalars_have_one_spelling)
{
	ck_assert_str_eq(put(slice_str(put_table[_i].text)),
			 put_table[_i].yaml);
}
END_TEST

/* xorshift: the same seed, the same bytes. */
static uint32_t
next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static const char *const pieces[] = { "a",
				      "Z",
				      "0",
				      "9",
				      "-",
				      "- ",
				      ": ",
				      ":",
				      " #",
				      "#",
				      " ",
				      "'",
				      "\"",
				      "\\",
				      "\n",
				      "\r",
				      "\t",
				      "{",
				      "}",
				      "[",
				      "]",
				      ",",
				      "&",
				      "*",
				      "!",
				      "|",
				      ">",
				      "%",
				      "@",
				      "`",
				      "?",
				      "<<",
				      "=",
				      "~",
				      "yes",
				      "null",
				      "1.0",
				      "\xc2",
				      "\xc3\xa9",
				      "\xe2\x80\xa8",
				      "\xef\xbb\xbf",
				      "\xf0\x9f\x99\x82",
				      "\x7f",
				      "\xff",
				      "\x01",
				      "\xc2\x85",
				      "---",
				      "...",
				      "\xef\xbf\xbe",
				      ".",
				      "_" };

static void
assert_survives(const char *shape, struct slice s)
{
	struct buf text;
	struct yaml_doc doc;
	struct yaml_node *n;

	buf_init(&text, MiB);
	buf_adds(&text, shape);
	yaml_put(&text, s);
	buf_adds(&text, shape[0] == '[' ? ", end]\n" : "\n");
	ck_assert_ptr_null(memchr(text.p, '\n', text.n - 1));
	ck_assert_msg(yaml_parse(arena, "f", buf_slice(&text), ERR_TAPE, &doc,
				 &err) == 0,
		      "%s\n%s", err.msg, text.p);
	n = doc.root->kind == YAML_SCALAR ? doc.root : &doc.root->items[0];
	ck_assert_msg(n->kind == YAML_SCALAR && slice_eq(n->text, s), "%s",
		      text.p);
	buf_release(&text);
}

/* Any bytes in any position read back the same, on one line. */
START_TEST(any_bytes_survive)
{
	static const char *const shapes[] = { "", "k: ", "- ", "[", "{k: " };
	uint32_t seed = 0x5eed0000u + (uint32_t)_i;

	for (int round = 0; round < 400; round++) {
		size_t count = next(&seed) % 12;
		const char *shape = shapes[next(&seed) % 4];
		struct buf b;

		buf_init(&b, MiB);
		for (size_t i = 0; i < count; i++) {
			uint32_t k = next(&seed) % (ARRAY_LEN(pieces) + 1);

			if (k == ARRAY_LEN(pieces))
				buf_addc(&b, '\0');
			else
				buf_adds(&b, pieces[k]);
		}
		assert_survives(shape, buf_slice(&b));
		buf_release(&b);
	}
}
END_TEST

/* Every single byte and every code point near the edges survives. */
START_TEST(every_byte_survives)
{
	for (unsigned c = 0; c < 256; c++) {
		char one = (char)(unsigned char)c;

		assert_survives("- ", slice_of(&one, 1));
	}
}
END_TEST

Suite *suite_yaml(void);

Suite *
suite_yaml(void)
{
	Suite *s = suite_create("yaml");
	TCase *t = tcase_create("yaml");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, reads_a_tree_with_places);
	tcase_add_test(t, tree_does_not_need_the_text);
	tcase_add_test(t, empty_documents_have_no_root);
	tcase_add_test(t, byte_order_mark_is_skipped);
	tcase_add_loop_test(t, faults_have_a_place, 0, ARRAY_LEN(refused));
	tcase_add_test(t, nul_in_the_text_is_refused);
	tcase_add_test(t, indented_markers_are_text);
	tcase_add_test(t, depth_is_limited);
	tcase_add_test(t, number_of_values_is_limited);
	tcase_add_test(t, doubles_in_big_maps_are_found);
	tcase_add_test(t, unknown_keys_name_the_nearest);
	tcase_add_loop_test(t, scalars_have_one_spelling, 0,
			    ARRAY_LEN(put_table));
	tcase_add_loop_test(t, any_bytes_survive, 0, 8);
	tcase_add_test(t, every_byte_survives);
	suite_add_tcase(s, t);
	return s;
}
