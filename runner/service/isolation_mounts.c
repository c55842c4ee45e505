/*
 * The mounts of a service inside a namespace: a /proc that shows its PID
 * namespace, and name look-up that asks our server only.
 */
#include "isolation_init.h"

#include <dvr/base/slice.h>

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

/* More than any nsswitch.conf has. */
#define TEXT_MAX (16u * 1024)

static void
write_text(const char *path, struct slice text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return;
	/* Short: what reads it takes what is there. */
	if (write(fd, text.p, text.n) < 0)
		unlink(path);
	close(fd);
}

static size_t
read_text(const char *path, char out[TEXT_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return 0;
	got = read(fd, out, TEXT_MAX);
	close(fd);
	return got > 0 ? (size_t)got : 0;
}

/* The machine's nsswitch.conf, but hosts come from the file and from us: a
 * resolver behind a socket (nss-resolve) would ask outside. */
static void
write_switch(const char *path, struct slice rest)
{
	static const char hosts[] = "hosts: files dns\n";
	char out[TEXT_MAX + 64];
	size_t n = 0;

	while (rest.n > 0) {
		struct slice line = slice_cut(&rest, '\n');

		if (slice_starts(line, SLICE("hosts:")))
			continue;
		memcpy(out + n, line.p, line.n);
		n += line.n;
		out[n++] = '\n';
	}
	memcpy(out + n, hosts, sizeof(hosts) - 1);
	write_text(path, slice_of(out, n + sizeof(hosts) - 1));
}

void
isolation_furnish(void)
{
	static const char resolv[] =
		"nameserver 127.0.0.1\noptions timeout:1 attempts:2\n";
	char text[TEXT_MAX];
	size_t n = read_text("/etc/nsswitch.conf", text);

	/*
	 * Nothing here is needed for the isolation itself: where a system
	 * refuses a mount, names just are not found.  But nothing may be
	 * mounted unless it stays in here.
	 */
	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return;
	/* The files live in memory below /proc until that has its own. */
	if (mount("dvr", "/proc", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  "size=64k,mode=0755") == 0) {
		write_text("/proc/resolv.conf",
			   slice_of(resolv, sizeof(resolv) - 1));
		mount("/proc/resolv.conf", "/etc/resolv.conf", NULL, MS_BIND,
		      NULL);
		if (n > 0 && n < TEXT_MAX) {
			write_switch("/proc/nsswitch.conf", slice_of(text, n));
			mount("/proc/nsswitch.conf", "/etc/nsswitch.conf",
			      NULL, MS_BIND, NULL);
		}
		umount2("/proc", MNT_DETACH);
	}
	mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
	      NULL);
}
