/* The proxy under test between a client and an upstream on one loop. */
#include "proxy_rig.h"

#include <check.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* A test that waits longer than this has failed. */
#define RIG_PATIENCE_NS (10 * NS_PER_S)

void
rig_open_recording(struct rig *r, const struct lane_config *lane,
		   struct loop *loop, struct ledger *ledger)
{
	static char name[] = "client", any[] = "127.0.0.1:0";
	struct lane_config l = { .name = name, .role = LANE_INGRESS,
				 .listen = any };
	struct proxy_config cfg = {
		.lanes = &l, .nlanes = 1, .record = ledger != NULL,
		.connect_timeout_ns = NS_PER_S,
	};
	char url[64] = "";
	struct address a, bound;
	struct buf b;
	struct err e;

	*r = (struct rig){ .client = -1, .upstream = -1, .loop = loop,
			   .ledger = ledger };
	ck_assert_int_eq(address_literal(SLICE("127.0.0.1"), 0, &a), 0);
	ck_assert_int_eq(sock_listen(&a, &r->listen_fd, &bound, &e), 0);
	r->port = address_port(&bound);
	buf_init(&b, sizeof(url) - 1);
	buf_fmt(&b, "http://127.0.0.1:%u", r->port);
	memcpy(url, b.p, b.n + 1);
	buf_release(&b);
	if (lane)
		l = *lane;
	l.target = url;
	r->proxy = proxy_create(&cfg, loop, ledger, &e);
	ck_assert_msg(r->proxy != NULL, "%s", e.msg);
}

void
rig_open(struct rig *r, const struct lane_config *lane)
{
	struct err e;
	struct loop *loop = loop_create(&clock_system, &e);

	ck_assert_ptr_nonnull(loop);
	rig_open_recording(r, lane, loop, NULL);
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
rig_close(struct rig *r)
{
	close_fd(&r->client);
	close_fd(&r->upstream);
	close_fd(&r->listen_fd);
	proxy_destroy(r->proxy);
	if (!r->ledger)
		loop_destroy(r->loop);
}

void
rig_turn(struct rig *r)
{
	struct err e;

	ck_assert_int_eq(loop_once(r->loop,
				   loop_now_ns(r->loop) + NS_PER_MS, &e), 0);
}

static uint64_t
patience(const struct rig *r)
{
	return loop_now_ns(r->loop) + RIG_PATIENCE_NS;
}

static void
turn_until(struct rig *r, uint64_t until, const char *what)
{
	ck_assert_msg(loop_now_ns(r->loop) < until, "waited in vain: %s",
		      what);
	rig_turn(r);
}

int
rig_client(uint16_t port)
{
	struct address a;
	int fd;

	ck_assert_int_eq(address_literal(SLICE("127.0.0.1"), port, &a), 0);
	ck_assert_int_eq(sock_connect(&a, &fd), 0);
	return fd;
}

int
rig_accept(struct rig *r)
{
	uint64_t until = patience(r);
	int fd;

	while ((fd = sock_accept(r->listen_fd, NULL)) < 0)
		turn_until(r, until, "a connection upstream");
	return fd;
}

void
rig_connect(struct rig *r)
{
	r->client = rig_client(proxy_port(r->proxy, 0));
	r->upstream = rig_accept(r);
}

void
rig_send(struct rig *r, int fd, struct slice bytes)
{
	uint64_t until = patience(r);

	while (bytes.n) {
		ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);

		if (n < 0) {
			ck_assert_int_eq(errno, EAGAIN);
			turn_until(r, until, "room to send");
			continue;
		}
		bytes = slice_from(bytes, (size_t)n);
	}
	rig_turn(r);
}

/* Bytes read, 0 at FIN, -1 at RST. */
static ssize_t
read_some(struct rig *r, int fd, char *to, size_t room)
{
	uint64_t until = patience(r);

	for (;;) {
		ssize_t n = recv(fd, to, room, 0);

		if (n >= 0)
			return n;
		if (errno == ECONNRESET)
			return -1;
		ck_assert_int_eq(errno, EAGAIN);
		turn_until(r, until, "bytes");
	}
}

void
rig_expect(struct rig *r, int fd, struct slice bytes)
{
	char got[4096];

	while (bytes.n) {
		size_t room = bytes.n < sizeof(got) ? bytes.n : sizeof(got);
		ssize_t n = read_some(r, fd, got, room);

		ck_assert_int_gt(n, 0);
		ck_assert_mem_eq(got, bytes.p, (size_t)n);
		bytes = slice_from(bytes, (size_t)n);
	}
}

void
rig_read_until(struct rig *r, int fd, struct slice end, struct buf *out)
{
	while (slice_find(buf_slice(out), end) < 0) {
		char got[4096];
		ssize_t n = read_some(r, fd, got, sizeof(got));

		ck_assert_int_gt(n, 0);
		buf_add(out, slice_of(got, (size_t)n));
	}
}

enum rig_end
rig_read_end(struct rig *r, int fd, struct buf *out)
{
	char got[4096];
	ssize_t n;

	while ((n = read_some(r, fd, got, sizeof(got))) > 0)
		if (out)
			buf_add(out, slice_of(got, (size_t)n));
	return n < 0 ? RIG_RST : RIG_FIN;
}

void
rig_abort(int *fd)
{
	sock_reset_on_close(*fd);
	close_fd(fd);
}
