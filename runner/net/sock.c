/* TCP sockets as the rest of dvr wants them, and the names of their ends. */
#include <dvr/net/sock.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PORT_MAX 65535

/* ---- addresses -------------------------------------------------------- */

uint16_t
address_port(const struct address *a)
{
	if (a->sa.ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)&a->sa)->sin6_port);
	if (a->sa.ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)&a->sa)->sin_port);
	return 0;
}

const char *
address_text(const struct address *a, char out[ADDRESS_TEXT_MAX])
{
	char host[INET6_ADDRSTRLEN] = "?";

	if (a->sa.ss_family == AF_INET6) {
		inet_ntop(AF_INET6,
			  &((const struct sockaddr_in6 *)&a->sa)->sin6_addr,
			  host, sizeof(host));
		snprintf(out, ADDRESS_TEXT_MAX, "[%s]:%u", host,
			 address_port(a));
		return out;
	}
	if (a->sa.ss_family == AF_INET)
		inet_ntop(AF_INET,
			  &((const struct sockaddr_in *)&a->sa)->sin_addr,
			  host, sizeof(host));
	snprintf(out, ADDRESS_TEXT_MAX, "%s:%u", host, address_port(a));
	return out;
}

int
address_literal(struct slice host, uint16_t port, struct address *out)
{
	char text[INET6_ADDRSTRLEN];
	struct in_addr v4;
	struct in6_addr v6;

	if (slice_ieq(host, SLICE("localhost")))
		host = SLICE("127.0.0.1");
	if (host.n == 0 || host.n >= sizeof(text) || slice_chr(host, 0) >= 0)
		return -1;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	if (inet_pton(AF_INET, text, &v4) == 1) {
		struct sockaddr_in *in = (struct sockaddr_in *)&out->sa;

		*out = (struct address){ .len = sizeof(*in) };
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		in->sin_addr = v4;
		return 0;
	}
	if (inet_pton(AF_INET6, text, &v6) == 1) {
		struct sockaddr_in6 *in = (struct sockaddr_in6 *)&out->sa;

		*out = (struct address){ .len = sizeof(*in) };
		in->sin6_family = AF_INET6;
		in->sin6_port = htons(port);
		in->sin6_addr = v6;
		return 0;
	}
	return -1;
}

/* Neither blanks nor control bytes, nor what has a meaning in a URL. */
static bool
host_is_clean(struct slice host)
{
	for (size_t i = 0; i < host.n; i++) {
		unsigned char c = (unsigned char)host.p[i];

		if (c <= ' ' || c >= 0x7f || strchr("@/?#[]\\\"<>%", c))
			return false;
	}
	return host.n > 0;
}

/* "host", "host:port" or "[v6]:port"; *colon tells if a port was given. */
static int
split_authority(struct slice s, struct slice *host, struct slice *port,
		bool *colon)
{
	struct slice rest = s;

	if (slice_starts(s, SLICE("["))) {
		rest = slice_from(s, 1);
		*host = slice_cut(&rest, ']');
		if (!rest.p || (rest.n > 0 && rest.p[0] != ':') ||
		    slice_chr(*host, ':') < 0)
			return -1;
		*colon = rest.n > 0;
		*port = slice_from(rest, 1);
		return host_is_clean(*host) ? 0 : -1;
	}
	*host = slice_cut(&rest, ':');
	*colon = rest.p != NULL;
	*port = rest;
	/* A second colon: an IPv6 address without its brackets. */
	if (slice_chr(rest, ':') >= 0)
		return -1;
	return host_is_clean(*host) ? 0 : -1;
}

int
address_split(struct slice s, struct slice *host, uint16_t *port,
	      struct err *e)
{
	struct slice h, p;
	char q[QUOTE_MAX];
	uint64_t number;
	bool colon;

	if (split_authority(s, &h, &p, &colon) < 0 || !colon ||
	    slice_uint(p, PORT_MAX, &number) < 0)
		return err_set(e, ERR_USAGE, "bad address '%s'; expected "
			       "HOST:PORT or [IPV6]:PORT, port 0..65535",
			       quote(s, q));
	*host = h;
	*port = (uint16_t)number;
	return 0;
}

static bool
path_is_clean(struct slice path)
{
	for (size_t i = 0; i < path.n; i++) {
		unsigned char c = (unsigned char)path.p[i];

		if (c <= ' ' || c == 0x7f || c == '#')
			return false;
	}
	return true;
}

int
url_parse(struct slice s, struct url *out, struct err *e)
{
	struct url u = { 0 };
	struct slice rest, port;
	char q[QUOTE_MAX];
	uint64_t number;
	ssize_t slash;
	bool colon;

	if (slice_istarts(s, SLICE("http://")))
		rest = slice_from(s, 7);
	else if (slice_istarts(s, SLICE("https://")))
		rest = slice_from(s, 8);
	else
		return err_set(e, ERR_USAGE, "bad URL '%s'; expected "
			       "http://HOST[:PORT][/PATH]", quote(s, q));
	u.tls = s.p[4] != ':';
	slash = slice_chr(rest, '/');
	u.path = slash < 0 ? SLICE("/") : slice_from(rest, (size_t)slash);
	if (slash >= 0)
		rest = slice_range(rest, 0, (size_t)slash);
	if (split_authority(rest, &u.host, &port, &colon) < 0)
		return err_set(e, ERR_USAGE, "bad URL '%s': its host must be "
			       "a name, an IPv4 address or an [IPv6 address], "
			       "without user or password", quote(s, q));
	number = u.tls ? 443 : 80;
	/* "http://host:/" is the default port (RFC 3986 §3.2.3). */
	if (colon && port.n > 0 &&
	    (slice_uint(port, PORT_MAX, &number) < 0 || number == 0))
		return err_set(e, ERR_USAGE, "bad URL '%s': port must be "
			       "1..65535", quote(s, q));
	if (!path_is_clean(u.path))
		return err_set(e, ERR_USAGE, "bad URL '%s': a blank, a "
			       "control byte or a fragment in its path",
			       quote(s, q));
	u.port = (uint16_t)number;
	*out = u;
	return 0;
}

/* ---- sockets ---------------------------------------------------------- */

static const int on = 1;

static int
tcp_socket(const struct address *a)
{
	return socket(a->sa.ss_family,
		      SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
}

static void
no_delay(int fd)
{
	/* Fails only for what is no TCP socket, and then nothing is lost. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static int
fail_closing(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return -1;
}

static int
open_listener(const struct address *a, struct address *bound)
{
	struct address got = { .len = sizeof(got.sa) };
	int fd = tcp_socket(a);

	if (fd < 0)
		return -1;
	/* A restarted listener must not wait for TIME_WAIT to pass. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&a->sa, a->len) < 0 ||
	    listen(fd, SOMAXCONN) < 0 ||
	    getsockname(fd, (struct sockaddr *)&got.sa, &got.len) < 0)
		return fail_closing(fd);
	if (bound)
		*bound = got;
	return fd;
}

int
sock_listen(const struct address *a, int *fd, struct address *bound,
	    struct err *e)
{
	char text[ADDRESS_TEXT_MAX];
	int got = open_listener(a, bound);

	if (got >= 0) {
		*fd = got;
		return 0;
	}
	address_text(a, text);
	if (errno == EADDRINUSE)
		return err_set(e, ERR_USAGE, "cannot listen on %s: address "
			       "already in use; choose another port, or 0 "
			       "for a free one", text);
	return err_sys(e, ERR_USAGE, "cannot listen on %s", text);
}

int
sock_connect(const struct address *a, int *fd)
{
	int got = tcp_socket(a);

	if (got < 0)
		return -1;
	no_delay(got);
	/* EINTR, too, leaves the connect going on (POSIX connect(3p)). */
	if (connect(got, (const struct sockaddr *)&a->sa, a->len) < 0 &&
	    errno != EINPROGRESS && errno != EINTR)
		return fail_closing(got);
	*fd = got;
	return 0;
}

/*
 * A connect to a port of the ephemeral range where nobody listens may draw
 * that same port as its own and meet itself: connected, to nobody.
 */
static bool
met_itself(int fd)
{
	struct address self = { .len = sizeof(self.sa) };
	struct address peer = { .len = sizeof(peer.sa) };

	return getsockname(fd, (struct sockaddr *)&self.sa, &self.len) == 0 &&
		getpeername(fd, (struct sockaddr *)&peer.sa, &peer.len) == 0 &&
		self.len == peer.len &&
		memcmp(&self.sa, &peer.sa, self.len) == 0;
}

int
sock_connect_result(int fd)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return errno;
	if (error == 0 && met_itself(fd))
		return ECONNREFUSED;
	return error;
}

int
sock_accept(int listen_fd, struct address *peer)
{
	struct address got = { .len = sizeof(got.sa) };
	int fd;

	/* Who gave up in the queue is nobody's error: on to the next. */
	do {
		got.len = sizeof(got.sa);
		fd = accept4(listen_fd, (struct sockaddr *)&got.sa, &got.len,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);
	} while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (fd < 0)
		return -1;
	no_delay(fd);
	if (peer)
		*peer = got;
	return fd;
}

int
sock_free_port(uint16_t *port, struct err *e)
{
	struct sockaddr_in loopback = {
		.sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};
	struct address a = { .len = sizeof(loopback) }, bound;
	int fd;

	memcpy(&a.sa, &loopback, sizeof(loopback));
	fd = open_listener(&a, &bound);
	if (fd < 0)
		return err_sys(e, ERR_INTERNAL, "no free port on loopback");
	close(fd);
	*port = address_port(&bound);
	return 0;
}

void
sock_reset_on_close(int fd)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}
