/* Folders and files: kept as a tree, and no more than that. */
#include <dvr/base/fs.h>
#include <dvr/scrub/scrub.h>
#include <dvr/state/state.h>

#include <check.h>
#include <string.h>
#include <sys/stat.h>
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
		.provider = state_provider_named("files"),
		.name = arena_str(arena, SLICE("up")),
		.path = arena_str(arena, SLICE("uploads")),
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

static const char *
below(const char *folder, const char *name)
{
	return arena_str(arena, arena_fmt(arena, "%s/%s", folder, name));
}

static void
put(const char *name, const char *text)
{
	struct err e = { .code = ERR_NONE };
	char *path = arena_str(arena, slice_str(below(dir, name)));
	char *slash = strrchr(path, '/');

	*slash = '\0';
	ck_assert_int_eq(fs_mkdirs(path, 0700, &e), 0);
	*slash = '/';
	ck_assert_msg(fs_write_atomic(path, 0600, slice_str(text), &e) == 0,
		      "%s", e.msg);
}

static struct state_image *
take(void)
{
	struct state_where w = { .dir = dir };

	return state_snapshot(&config, &w);
}

static void
round_trip(struct state_image *i, struct tape_state *s)
{
	struct tape t = { .nstate = 1, .state = s };
	struct state_where w = { .dir = other };
	struct err e = { .code = ERR_NONE };

	ck_assert_ptr_null(i->trouble);
	ck_assert_int_eq(state_render(&config, i, arena, s, &e), 0);
	ck_assert_msg(state_restore(&config, 1, &t, &w, scrub_expand,
				    &e) == 0, "%s", e.msg);
}

static void
holds(const char *name, const char *text)
{
	struct err e = { .code = ERR_NONE };
	struct buf b;

	buf_init(&b, KiB);
	ck_assert_msg(fs_read(below(other, name), &b, &e) == 0, "%s", e.msg);
	ck_assert_str_eq(buf_cstr(&b), text);
	buf_release(&b);
}

/* A tree comes back with its empty folders, in the order of its paths. */
START_TEST(a_tree)
{
	struct state_image *i;
	struct tape_state s;
	struct stat st;

	put("uploads/b.txt", "bee");
	put("uploads/a/x.json", "{\"a\": 1}");
	put("uploads/a.txt", "");
	ck_assert_int_eq(mkdir(below(dir, "uploads/empty"), 0700), 0);
	i = take();
	round_trip(i, &s);
	ck_assert(slice_eq(s.snapshot, SLICE("state/up/")));
	ck_assert_uint_eq(s.nfiles, 4);
	ck_assert(slice_eq(s.files[0].path, SLICE("state/up/a.txt")));
	ck_assert(slice_eq(s.files[1].path, SLICE("state/up/a/x.json")));
	ck_assert(slice_eq(s.files[3].path, SLICE("state/up/empty/")));
	holds("uploads/b.txt", "bee");
	holds("uploads/a/x.json", "{\"a\": 1}");
	holds("uploads/a.txt", "");
	ck_assert_int_eq(stat(below(other, "uploads/empty"), &st), 0);
	ck_assert(S_ISDIR(st.st_mode));
	state_image_unref(i);
}
END_TEST

/* A path that is a file is that file. */
START_TEST(one_file)
{
	struct state_image *i;
	struct tape_state s;

	config.path = arena_str(arena, SLICE("conf/settings.json"));
	put("conf/settings.json", "{}");
	i = take();
	round_trip(i, &s);
	ck_assert(slice_eq(s.snapshot, SLICE("state/up/settings.json")));
	holds("conf/settings.json", "{}");
	state_image_unref(i);
}
END_TEST

/* Links lead to places that are nobody's state, pipes would block. */
START_TEST(links_are_told)
{
	struct state_image *i;

	put("uploads/a", "a");
	put("outside", "not this");
	ck_assert_int_eq(symlink("../outside", below(dir, "uploads/link")), 0);
	ck_assert_int_eq(mkfifo(below(dir, "uploads/pipe"), 0600), 0);
	i = take();
	ck_assert_ptr_null(i->trouble);
	ck_assert_uint_eq(i->n, 1);
	ck_assert_uint_eq(i->nlosses, 2);
	ck_assert_ptr_nonnull(strstr(i->losses[0], "a symbolic link"));
	ck_assert_ptr_nonnull(strstr(i->losses[1], "no file"));
	state_image_unref(i);
}
END_TEST

/* The folder itself may be no link either. */
START_TEST(a_link_as_root)
{
	struct state_image *i;

	put("real/a", "a");
	ck_assert_int_eq(symlink("real", below(dir, "uploads")), 0);
	i = take();
	ck_assert_ptr_nonnull(i->trouble);
	ck_assert_uint_eq(i->n, 0);
	state_image_unref(i);
}
END_TEST

/* All files together count. */
START_TEST(too_large)
{
	struct state_image *i;

	config.max_bytes = 10;
	put("uploads/a", "123456");
	put("uploads/b", "123456");
	i = take();
	ck_assert_ptr_nonnull(i->trouble);
	ck_assert_ptr_nonnull(strstr(i->trouble, "max_size"));
	ck_assert_uint_eq(i->bytes, 0);
	state_image_unref(i);
}
END_TEST

/* Nothing there is no trouble, and told. */
START_TEST(absent)
{
	struct state_image *i = take();
	struct tape_state s;

	round_trip(i, &s);
	ck_assert_uint_eq(s.nfiles, 0);
	ck_assert_uint_eq(i->nlosses, 1);
	ck_assert_int_ne(access(below(other, "uploads"), F_OK), 0);
	state_image_unref(i);
}
END_TEST

/* The same content is the same image, another is not. */
START_TEST(sameness)
{
	struct state_image *a, *b, *c;

	put("uploads/a", "one");
	a = take();
	b = take();
	put("uploads/a", "two");
	c = take();
	ck_assert(state_image_same(a, b));
	ck_assert(!state_image_same(a, c));
	state_image_unref(a);
	state_image_unref(b);
	state_image_unref(c);
}
END_TEST

Suite *
suite_state_files(void);

Suite *
suite_state_files(void)
{
	Suite *s = suite_create("state_files");
	TCase *c = tcase_create("all");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_tree);
	tcase_add_test(c, one_file);
	tcase_add_test(c, links_are_told);
	tcase_add_test(c, a_link_as_root);
	tcase_add_test(c, too_large);
	tcase_add_test(c, absent);
	tcase_add_test(c, sameness);
	suite_add_tcase(s, c);
	return s;
}
