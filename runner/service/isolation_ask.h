/* What is said between an isolation's outside and its init. */
#ifndef SERVICE_ISOLATION_ASK_H
#define SERVICE_ISOLATION_ASK_H

#include <dvr/net/sock.h>

enum ask_kind {
	ASK_LISTEN,		/* on `address`; a descriptor comes */
	ASK_SOCKET,		/* family, type, protocol; a descriptor comes */
	ASK_NAME,		/* `name` is 127.0.0.1 */
	ASK_SWEEP,		/* ends everybody */
	ASK_WANTED		/* `names` and `refused` */
};

#define ASK_NAME_MAX 256	/* RFC 1035 §2.3.4: 255 bytes */
#define ASK_NAMES_BYTES 4096

struct ask {
	enum ask_kind kind;
	int family, type, protocol;
	struct address address;
	char name[ASK_NAME_MAX];
};

struct answer {
	int error;		/* an errno, 0 fine */
	const char *stage;	/* of the start: what failed (static text) */
	struct address bound;
	size_t nnames_bytes;
	char names[ASK_NAMES_BYTES];	/* each ends in a newline */
	size_t nrefused_bytes;
	char refused[ASK_NAMES_BYTES];	/* addresses, the same */
};

/* The start's answer brings these. */
enum start_fd { START_USER, START_NET, START_PID, START_FDS };

/* One message with descriptors over a SEQPACKET socket; -1 with errno. */
int pass_send(int sock, const void *data, size_t n, const int *fds,
	      size_t nfds);
/* Returns bytes, 0 at the end; descriptors are close-on-exec, *nfds says how
 * many came (at most max). */
ssize_t pass_recv(int sock, void *data, size_t size, int *fds, size_t max,
		  size_t *nfds);

#endif
