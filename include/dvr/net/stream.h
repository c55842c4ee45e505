/* A socket with or without TLS on it, read and written the same way. */
#ifndef DVR_NET_STREAM_H
#define DVR_NET_STREAM_H

#include <dvr/net/tls.h>

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

struct stream {
	int fd;			/* -1: closed */
	struct tls *tls;	/* NULL: bytes go in the clear */
};

/* With TLS, `n` is at least TLS_READ_MIN. */
static inline ssize_t
stream_recv(const struct stream *s, void *to, size_t n)
{
	return s->tls ? tls_recv(s->tls, to, n) : recv(s->fd, to, n, 0);
}

static inline ssize_t
stream_send(const struct stream *s, const void *from, size_t n)
{
	return s->tls ? tls_send(s->tls, from, n) :
			send(s->fd, from, n, MSG_NOSIGNAL);
}

enum stream_push { STREAM_SENT, STREAM_FULL, STREAM_BROKEN };

/* Sends of `bytes` what is behind *sent, as far as the socket takes it: all of
 * it, up to where it is full (again when it is writable), or no more at all. */
static inline enum stream_push
stream_push(const struct stream *s, struct slice bytes, size_t *sent)
{
	while (*sent < bytes.n) {
		ssize_t n = stream_send(s, bytes.p + *sent, bytes.n - *sent);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? STREAM_FULL : STREAM_BROKEN;
		*sent += (size_t)n;
	}
	return STREAM_SENT;
}

/* Our end of it; 0, or -1 with errno EAGAIN: again when it is writable. */
static inline int
stream_shut(const struct stream *s)
{
	if (s->tls && tls_close_notify(s->tls) < 0)
		return -1;
	shutdown(s->fd, SHUT_WR);
	return 0;
}

static inline void
stream_close(struct stream *s)
{
	tls_destroy(s->tls);
	s->tls = NULL;
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

#endif
