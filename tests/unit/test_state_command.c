/* Commands: their dump goes into memory, comes back, and failures are told. */
#include <dvr/base/fs.h>
#include <dvr/scrub/scrub.h>
#include <dvr/state/state.h>

#include <check.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static char dir[FS_PATH_MAX];
static struct arena *arena;

static void
setup(void)
{
	struct err e;

	ck_assert_int_eq(fs_temp_dir("dvr-test", dir, &e), 0);
	arena = arena_create();
}

static void
teardown(void)
{
	fs_remove_tree(dir, NULL);
	arena_destroy(arena);
}

static struct state_config
config_of(const char *snapshot, const char *restore)
{
	return (struct state_config){
		.provider = state_provider_named("command"),
		.name = arena_str(arena, SLICE("kv")),
		.snapshot = arena_str(arena, slice_str(snapshot)),
		.restore = arena_str(arena, slice_str(restore)),
		.max_bytes = 64 * KiB,
	};
}

static struct state_image *
take(const char *snapshot)
{
	struct state_config c = config_of(snapshot, "true");
	struct state_where w = { .dir = dir };

	return state_snapshot(&c, &w);
}

static void
gives(const char *snapshot, const char *want)
{
	struct state_image *i = take(snapshot);

	ck_assert_msg(!i->trouble, "%s", i->trouble);
	ck_assert_uint_eq(i->n, 1);
	ck_assert_str_eq(i->v[0].path, "state/kv.dump");
	ck_assert(slice_eq(slice_of(i->v[0].bytes, i->v[0].n),
			   slice_str(want)));
	state_image_unref(i);
}

static void
fails(const char *snapshot, const char *why)
{
	struct state_image *i = take(snapshot);

	ck_assert_ptr_nonnull(i->trouble);
	ck_assert_msg(strstr(i->trouble, why) != NULL, "%s", i->trouble);
	ck_assert_uint_eq(i->n, 0);
	state_image_unref(i);
}

/* Printed, or written to the file that is named; from a grandchild too. */
START_TEST(snapshots)
{
	gives("printf 'a=1\\n'", "a=1\n");
	gives("echo chatter; printf dump > \"$DVR_STATE_FILE\"", "dump");
	gives("sh -c 'printf deep >> \"$DVR_STATE_FILE\"' >/dev/null", "deep");
}
END_TEST

/* Our memory is closed to others, and the file is reached all the same. */
START_TEST(the_file_needs_no_look_at_us)
{
	if (geteuid() == 0)
		ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
	ck_assert_int_eq(prctl(PR_SET_DUMPABLE, 0), 0);
	gives("printf dump > \"$DVR_STATE_FILE\"", "dump");
}
END_TEST

/* Exit status and its last line; nothing at all; too much. */
START_TEST(failures)
{
	fails("echo first >&2; echo 'no such host' >&2; exit 3",
	      "exit status 3: no such host");
	/* half a line may begin with half a secret */
	fails("head -c 600 /dev/zero | tr '\\0' k >&2; exit 4",
	      "failed: exit status 4");
	fails("true", "gave nothing");
	fails("kill -9 $$", "signal 9");
	fails("head -c 100000 /dev/zero", "max_size");
	fails("cat /dev/zero", "max_size");
}
END_TEST

static int
restore(const char *command, const char *dump, struct err *e)
{
	struct state_config c = config_of("true", command);
	struct tape_state_file f = { .path = SLICE("state/kv.dump"),
				     .bytes = slice_str(dump) };
	struct tape_state s = {
		.name = SLICE("kv"), .provider = SLICE("command"),
		.snapshot = f.path, .files = &f, .nfiles = 1,
	};
	struct tape t = { .state = &s, .nstate = 1 };
	struct state_where w = { .dir = dir };

	*e = (struct err){ .code = ERR_NONE };
	return state_restore(&c, 1, &t, &w, scrub_expand, e);
}

/* The dump is the command's input and its file, handles expanded. */
START_TEST(restores)
{
	static const char dump[] = "pw=\xe2\x9f\xa6" "dvr:password:9:"
		"0123456789abcdef\xe2\x9f\xa7\n";
	struct err e;
	struct buf want, got;

	ck_assert_msg(restore("cat > \"$DVR_STATE_DIR/in\"; "
			      "cat \"$DVR_STATE_FILE\" > "
			      "\"$DVR_STATE_DIR/file\"", dump, &e) == 0,
		      "%s", e.msg);
	buf_init(&want, KiB);
	scrub_expand(slice_str(dump), &want, NULL);
	ck_assert_uint_eq(want.n, 13);
	for (int i = 0; i < 2; i++) {
		const char *path = arena_str(arena, arena_fmt(arena, "%s/%s",
					     dir, i ? "in" : "file"));

		buf_init(&got, KiB);
		ck_assert_msg(fs_read(path, &got, &e) == 0, "%s", e.msg);
		ck_assert(slice_eq(buf_slice(&got), buf_slice(&want)));
		buf_release(&got);
	}
	buf_release(&want);
}
END_TEST

START_TEST(restore_fails)
{
	struct err e;

	ck_assert_int_eq(restore("echo refused >&2; exit 1", "x", &e), -1);
	ck_assert_msg(strstr(e.msg, "state 'kv' not restored: the restore "
			     "command failed: exit status 1: refused"),
		      "%s", e.msg);
}
END_TEST

Suite *
suite_state_command(void);

Suite *
suite_state_command(void)
{
	Suite *s = suite_create("state_command");
	TCase *c = tcase_create("all");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 30);
	tcase_add_test(c, snapshots);
	tcase_add_test(c, the_file_needs_no_look_at_us);
	tcase_add_test(c, failures);
	tcase_add_test(c, restores);
	tcase_add_test(c, restore_fails);
	suite_add_tcase(s, c);
	return s;
}
