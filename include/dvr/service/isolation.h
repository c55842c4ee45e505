/*
 * A network of its own for one replay: a namespace that has nothing but
 * loopback, with a small process of ours inside.  That process is the first of
 * a PID namespace too, so that whatever the service left behind ends with it;
 * it makes sockets in there for us to use out here, and answers name look-ups:
 * nothing is known but what was configured.
 *
 * Everywhere a NULL isolation stands for the machine's own network.
 */
#ifndef DVR_SERVICE_ISOLATION_H
#define DVR_SERVICE_ISOLATION_H

#include <dvr/base/arena.h>
#include <dvr/base/process.h>
#include <dvr/net/sock.h>

enum isolation_mode { ISOLATION_AUTO, ISOLATION_NETNS, ISOLATION_NONE };
enum isolation_kind { ISOLATED_ROOT, ISOLATED_USER, ISOLATION_KINDS };

struct isolation;

/*
 * As root plain namespaces (the service keeps its rights); else, or where the
 * system refuses these, below a user namespace with one user.  ERR_INTERNAL
 * with what to do when the system allows neither.
 */
int isolation_create(struct isolation **out, struct err *e);
/* One certain kind, to see whether it works here. */
int isolation_try(enum isolation_kind kind, struct isolation **out,
		  struct err *e);
/* Ends everybody inside and waits until they are gone.  Takes NULL. */
void isolation_destroy(struct isolation *in);

/* "network namespace", "network namespace (user)", "none". Static. */
const char *isolation_name(const struct isolation *in);
/* For process_start(); NULL for NULL. */
const struct process_space *isolation_space(const struct isolation *in);

/* As sock_listen() and sock_connect(), inside. */
int isolation_listen(struct isolation *in, const struct address *a, int *fd,
		     struct address *bound, struct err *e);
int isolation_connect(struct isolation *in, const struct address *a, int *fd);
/* As socket(2), non-blocking and close-on-exec. */
int isolation_socket(struct isolation *in, int family, int type, int protocol);

/* From now on `name` is 127.0.0.1 in there. */
int isolation_add_name(struct isolation *in, const char *name, struct err *e);
/* SIGKILL to everybody inside; waits for what the service left behind. */
void isolation_sweep(struct isolation *in);

/* What the service wanted and did not get: names that are not known, and IPv4
 * addresses ("10.0.0.5:5432") where nobody listens in there.  Raw, in the order
 * of the first attempt since they were last asked for, bounded. */
struct isolation_wanted {
	struct slice *names, *addresses;
	size_t nnames, naddresses;
};
void isolation_wanted(struct isolation *in, struct arena *a,
		      struct isolation_wanted *out);

#endif
