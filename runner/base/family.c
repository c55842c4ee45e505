/* Finds the processes of a group or a session in /proc. */
#include "family.h"

#include <dvr/base/slice.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

struct stat_ids {
	pid_t group, session;
};

/* "PID (name) STATE PPID PGRP SESSION ..."; -1 for the dead, too. */
static int
stat_line_ids(struct slice line, struct stat_ids *out)
{
	uint64_t group, session;
	ssize_t at = -1;

	/* The name may hold anything, ") " too: it ends at the last one. */
	for (size_t i = 0; i < line.n; i++)
		if (line.p[i] == ')')
			at = (ssize_t)i;
	if (at < 0)
		return -1;
	line = slice_from(line, (size_t)at + 2);
	if (line.n == 0 || line.p[0] == 'Z' || line.p[0] == 'X')
		return -1;
	slice_cut(&line, ' ');
	slice_cut(&line, ' ');
	if (slice_uint(slice_cut(&line, ' '), INT32_MAX, &group) != 0 ||
	    slice_uint(slice_cut(&line, ' '), INT32_MAX, &session) != 0)
		return -1;
	*out = (struct stat_ids){ (pid_t)group, (pid_t)session };
	return 0;
}

/* Of /proc/NAME, when that is a live process. */
static int
proc_ids(const char *name, pid_t *pid, struct stat_ids *out)
{
	char path[64], line[512];
	uint64_t number;
	ssize_t got;
	int fd;

	if (slice_uint(slice_str(name), INT32_MAX, &number) < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/%u/stat", (unsigned)number);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	got = read(fd, line, sizeof(line));
	close(fd);
	if (got <= 0)
		return -1;
	*pid = (pid_t)number;
	return stat_line_ids(slice_of(line, (size_t)got), out);
}

bool
family_group_lives(pid_t group)
{
	struct dirent *entry;
	struct stat_ids ids;
	bool found = false;
	pid_t pid;
	DIR *d;

	/* As pid 1 we are the heir of the orphans. */
	while (waitpid(-group, NULL, WNOHANG) > 0)
		;
	if (kill(-group, 0) < 0 && errno == ESRCH)
		return false;
	d = opendir("/proc");
	if (!d)
		return true;
	while (!found && (entry = readdir(d)) != NULL)
		found = proc_ids(entry->d_name, &pid, &ids) == 0 &&
			ids.group == group;
	closedir(d);
	return found;
}

unsigned
family_kill_session(pid_t session)
{
	struct dirent *entry;
	struct stat_ids ids;
	unsigned n = 0;
	pid_t pid;
	DIR *d = opendir("/proc");

	if (!d)
		return 0;
	while ((entry = readdir(d)) != NULL) {
		if (proc_ids(entry->d_name, &pid, &ids) != 0 ||
		    ids.session != session)
			continue;
		kill(pid, SIGKILL);
		n++;
	}
	closedir(d);
	return n;
}

