/* TCP sockets: non-blocking, close-on-exec, TCP_NODELAY, SIGPIPE-free. */
#ifndef DVR_NET_SOCK_H
#define DVR_NET_SOCK_H

#include <dvr/base/err.h>
#include <dvr/base/slice.h>

#include <stdbool.h>
#include <netinet/in.h>
#include <sys/socket.h>

struct address {
	struct sockaddr_storage sa;
	socklen_t len;
};

#define ADDRESS_TEXT_MAX 64
/* "127.0.0.1:8080", "[::1]:8080".  Returns `out`. */
const char *address_text(const struct address *a, char out[ADDRESS_TEXT_MAX]);
uint16_t address_port(const struct address *a);
/* Numeric host, or "localhost" (→ 127.0.0.1); no look-up. -1 when a name. */
int address_literal(struct slice host, uint16_t port, struct address *out);
/* "host:port", "[v6]:port"; port 0 allowed. */
int address_split(struct slice s, struct slice *host, uint16_t *port,
		  struct err *e);

/* An absolute http:// or https:// URL; nothing but scheme, host, port, path. */
struct url {
	bool tls;
	struct slice host;	/* without brackets */
	uint16_t port;		/* scheme's default when not given */
	struct slice path;	/* with query; "/" when empty */
};
int url_parse(struct slice s, struct url *out, struct err *e);

/* Listens; port 0 takes a free one, *bound tells.  EADDRINUSE is said so. */
int sock_listen(const struct address *a, int *fd, struct address *bound,
		struct err *e);
/* Starts a connect: 0 and *fd (maybe still in progress), or -1 with errno. */
int sock_connect(const struct address *a, int *fd);
/* After LOOP_WRITE: 0, or the connect's errno. */
int sock_connect_result(int fd);
/* -1 with errno (EAGAIN …); *peer may be NULL. */
int sock_accept(int listen_fd, struct address *peer);
/* A free loopback port: bound once, closed, and left to the caller. */
int sock_free_port(uint16_t *port, struct err *e);
/* Makes the next close() send a RST instead of a FIN. */
void sock_reset_on_close(int fd);

#endif
