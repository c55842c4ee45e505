/* The checks of `dvr doctor`. */
#include "doctor.h"

#include <dvr/base/clock.h>
#include <dvr/base/fs.h>
#include <dvr/service/faketime.h>
#include <dvr/service/isolation.h>

#include <curl/curl.h>
#include <libxml/xmlversion.h>
#include <openssl/crypto.h>
#include <pcre2.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <yaml.h>
#include <zlib.h>
#include <zstd.h>

/* A probe is a program that ends at once; interpreters take their time. */
#define PROBE_MS 10000
/* A day: no clock is that wrong. */
#define SHIFT_S 86400
/* Connections, mocks, pipes of one replay with some hundreds of lanes. */
#define FILES_WANTED 256

static void
versions(struct doctor *d)
{
	char pcre[64] = "?";
	struct utsname u;

	pcre2_config(PCRE2_CONFIG_VERSION, pcre);
	doctor_say(d, DOCTOR_OK, "dvr", "%s", DVR_VERSION);
	if (uname(&u) == 0)
		doctor_say(d, DOCTOR_OK, "system", "%s %s %s", u.sysname,
			   u.release, u.machine);
	doctor_say(d, DOCTOR_OK, "libraries", "libcurl %s, libyaml %s, "
		   "libxml2 %s, PCRE2 %.20s, SQLite %s, %s, zlib %s, zstd %s",
		   curl_version_info(CURLVERSION_NOW)->version,
		   yaml_get_version_string(), LIBXML_DOTTED_VERSION, pcre,
		   sqlite3_libversion(), OpenSSL_version(OPENSSL_VERSION),
		   zlibVersion(), ZSTD_versionString());
}

static void
configuration(struct doctor *d)
{
	const struct config *c = d->config;

	if (!c->path)
		doctor_say(d, DOCTOR_NO, "configuration", "no dvr.yaml from "
			   "here up");
	else
		doctor_say(d, DOCTOR_OK, "configuration", "%s", c->path);
}

/* ---- tools ------------------------------------------------------------------ */

static bool
find_command(const char *name, char out[FS_PATH_MAX])
{
	const char *path = getenv("PATH");
	struct slice rest = slice_str(path ? path : "");

	if (strchr(name, '/')) {
		snprintf(out, FS_PATH_MAX, "%s", name);
		return access(name, X_OK) == 0;
	}
	while (rest.n > 0) {
		struct slice folder = slice_cut(&rest, ':');

		snprintf(out, FS_PATH_MAX, "%.*s/%s", SLICE_ARG(folder), name);
		if (access(out, X_OK) == 0)
			return true;
	}
	return false;
}

static void
tools(struct doctor *d)
{
	static const char *const names[] = { "sh", "git" };
	char **command = d->config->service.command;
	char file[FS_PATH_MAX], q[QUOTE_MAX];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (find_command(names[i], file))
			doctor_say(d, DOCTOR_OK, names[i], "%.900s", file);
		else
			doctor_say(d, DOCTOR_NO, names[i], "not on the PATH");
	}
	if (d->config->service.attach)
		doctor_say(d, DOCTOR_OK, "service", "attached, %s",
			   quote(slice_str(d->config->service.attach), q));
	else if (!command)
		doctor_say(d, DOCTOR_NO, "service", "none is configured");
	else if (strchr(command[0], '/') || strchr(command[0], '$'))
		doctor_say(d, DOCTOR_OK, "service", "%s",
			   quote(slice_str(command[0]), q));
	else if (find_command(command[0], file))
		doctor_say(d, DOCTOR_OK, "service", "%.900s", file);
	else
		doctor_say(d, DOCTOR_FAIL, "service", "'%s' is not on the "
			   "PATH", quote(slice_str(command[0]), q));
}

/* ---- isolation ---------------------------------------------------------------- */

/* The first kind that works is taken. */
static void
isolation(struct doctor *d)
{
	static const char *const names[ISOLATION_KINDS] = {
		[ISOLATED_ROOT] = "netns",
		[ISOLATED_USER] = "netns (user)",
	};
	enum isolation_mode mode = d->config->isolation;
	bool any = false;
	struct err e;

	for (unsigned i = 0; i < ISOLATION_KINDS; i++) {
		struct isolation *in;

		if (isolation_try((enum isolation_kind)i, &in, &e) == 0) {
			doctor_say(d, DOCTOR_OK, names[i], "works");
			isolation_destroy(in);
			any = true;
		} else {
			doctor_say(d, DOCTOR_NO, names[i], "%s", e.msg);
		}
	}
	if (mode == ISOLATION_NONE)
		doctor_say(d, DOCTOR_OK, "isolation", "none, as configured: "
			   "free ports, and replays reach everything");
	else if (any)
		doctor_say(d, DOCTOR_OK, "isolation", "replays run in network "
			   "namespaces");
	else
		doctor_say(d, mode == ISOLATION_NETNS ? DOCTOR_FAIL :
			   DOCTOR_NO, "isolation", "replays run on free ports "
			   "and reach everything; allow namespaces: root, or "
			   "sysctl kernel.apparmor_restrict_unprivileged_userns"
			   "=0 on Ubuntu, --cap-add SYS_ADMIN for Docker");
}

/* ---- clock -------------------------------------------------------------------- */

/* Exit status of a program under a shifted clock; -1: it did not end. */
static int
run_shifted(const char *library, const char *const *argv)
{
	struct env *env = env_create(true);
	struct process_spec spec = { .argv = argv, .in_fd = -1, .new_group =
				     true };
	struct process_end end = { .code = -1 };
	struct process p;
	int pipe_fd[2], rc = -1;

	faketime_env(env, library, -SHIFT_S * US_PER_S);
	spec.env = env_list(env);
	if (pipe(pipe_fd) == 0) {
		/* What it says is not for the report. */
		spec.out_fd = spec.err_fd = pipe_fd[1];
		if (process_start(&spec, &p, NULL) == 0) {
			if (process_wait(&p, PROBE_MS, &end) == 1 &&
			    !end.signalled)
				rc = end.code;
			process_stop(&p, 0, &end);
		}
		close(pipe_fd[0]);
		close(pipe_fd[1]);
	}
	env_destroy(env);
	return rc;
}

static bool
clock_shifts(const char *library)
{
	char script[160];
	const char *const argv[] = { "sh", "-c", script, NULL };
	int64_t now_s = clock_wall_us(&clock_system) / US_PER_S;

	snprintf(script, sizeof(script), "[ $(date +%%s) -lt %lld ]",
		 (long long)(now_s - SHIFT_S / 2));
	return run_shifted(library, argv) == 0;
}

/* libfaketime's own limits, seen at what the service runs on. */
static void
clock_for_service(struct doctor *d, const char *library)
{
	const char *command = d->config->service.command[0];
	const char *const sleep[] = { command, "-c",
		"import time; time.sleep(0.001)", NULL };
	const char *path = getenv("PATH"), *name = strrchr(command, '/');
	enum doctor_state bad = d->config->recorded_clock ? DOCTOR_FAIL :
		DOCTOR_NO;

	name = name ? name + 1 : command;
	if (faketime_is_static(command, path ? path : ""))
		doctor_say(d, bad, "clock (service)", "%s is linked statically"
			   ": libfaketime does not reach it", name);
	else if (strncmp(name, "python", 6) == 0 &&
		 run_shifted(library, sleep) != 0)
		doctor_say(d, DOCTOR_NO, "clock (service)", "time.sleep() "
			   "fails under this libfaketime; servers that only "
			   "wait for sockets work");
	else
		doctor_say(d, DOCTOR_OK, "clock (service)", "%s can be given "
			   "another time", name);
}

static void
wall_clock(struct doctor *d)
{
	enum doctor_state bad = d->config->recorded_clock ? DOCTOR_FAIL :
		DOCTOR_NO;
	char library[FAKETIME_PATH_MAX];

	if (faketime_find(library, NULL) != 0) {
		doctor_say(d, bad, "clock", "libfaketime is not installed "
			   "(apt-get install libfaketime): only clock: real");
		return;
	}
	if (!clock_shifts(library)) {
		doctor_say(d, bad, "clock", "%s does not shift the time of "
			   "date(1)", library);
		return;
	}
	doctor_say(d, DOCTOR_OK, "clock", "%s", library);
	if (d->config->service.command)
		clock_for_service(d, library);
}

/* ---- limits ------------------------------------------------------------------- */

static void
ports(struct doctor *d)
{
	uint16_t want = d->config->service.port, port;
	struct address a;
	struct err e;
	int fd;

	if (sock_free_port(&port, &e) != 0) {
		doctor_say(d, DOCTOR_FAIL, "ports", "%s", e.msg);
		return;
	}
	if (want == 0) {
		doctor_say(d, DOCTOR_OK, "ports", "loopback gives free ones");
		return;
	}
	address_literal(SLICE("127.0.0.1"), want, &a);
	if (sock_listen(&a, &fd, NULL, &e) != 0) {
		doctor_say(d, DOCTOR_FAIL, "ports", "service.port: %s", e.msg);
		return;
	}
	close(fd);
	doctor_say(d, DOCTOR_OK, "ports", "%u, the service's, is free", want);
}

static void
limits(struct doctor *d)
{
	struct rlimit files, processes;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 ||
	    getrlimit(RLIMIT_NPROC, &processes) != 0)
		return;
	doctor_say(d, files.rlim_cur < FILES_WANTED ? DOCTOR_FAIL : DOCTOR_OK,
		   "limits", "%lld open files (ulimit -n), %lld processes "
		   "(ulimit -u; -1: any), %ld CPUs",
		   (long long)files.rlim_cur, (long long)processes.rlim_cur,
		   sysconf(_SC_NPROCESSORS_ONLN));
}

doctor_check *const doctor_checks[] = {
	versions, configuration, tools, isolation, wall_clock, ports, limits,
	NULL,
};
