/*
 * Hand-made tapes, and a service that lives in the test's own loop: it answers
 * by script and writes down what it saw, so nothing has to be waited for.
 */
#ifndef TEST_REPLAY_FIXTURE_H
#define TEST_REPLAY_FIXTURE_H

#include <dvr/replay/replay.h>
#include <dvr/wire/http1.h>

struct fixture {
	struct tape tape;
	struct plan plan;
	struct loop *loop;
	size_t cap;
};

void fixture_init(struct fixture *f);
void fixture_release(struct fixture *f);

/* One exchange; texts are the exact wire bytes, NULL response: none. */
struct fixture_exchange {
	const char *lane;	/* "client" is ingress, others egress */
	uint32_t conn, cause;
	int64_t at_us, end_us;	/* of request start, of answer end */
	int64_t asked_us;	/* request end; 0: at_us */
	int64_t answer_us;	/* answer start; 0: end_us */
	const char *request, *response;
};
/* Pointers to earlier exchanges go stale. */
struct exchange *fixture_add(struct fixture *f,
			     const struct fixture_exchange *x);
/* A short GET with an answer of 200. */
struct exchange *fixture_get(struct fixture *f, uint32_t conn, int64_t at_us,
			     int64_t end_us, const char *path);

/* ---- the service ------------------------------------------------------ */

enum peer_then { PEER_KEEP, PEER_CLOSE, PEER_RESET, PEER_SILENT };

struct peer_script {
	const char *path;	/* of the request line, "*" any */
	const char *answer;
	enum peer_then then;
	unsigned delay_ms;	/* before it answers */
};

struct peer_seen {
	char line[96];		/* request line */
	size_t body_n;
	unsigned conn;		/* accepted connections, 1.. */
	uint64_t at_ns;		/* first byte */
	uint64_t head_ns;	/* the head's end: work begins */
	unsigned reads;		/* in how many it came */
	bool whole;
};

struct peer;
struct peer *peer_create(struct loop *l, const struct peer_script *script);
const char *peer_url(const struct peer *p);
size_t peer_count(const struct peer *p);
const struct peer_seen *peer_seen(const struct peer *p, size_t i);
unsigned peer_connections(const struct peer *p);
/* Raw bytes received on all connections, in order of arrival. */
struct slice peer_bytes(const struct peer *p);
/* How many connections the client ended in the middle of a request. */
unsigned peer_cut(const struct peer *p);
/* Called with every whole request, before it is answered. */
void peer_on_request(struct peer *p, void (*fn)(void *arg, size_t i),
		     void *arg);
/* Closes an accepted connection. */
void peer_drop(struct peer *p, unsigned conn);
/* Everything is closed, as when a process dies. */
void peer_die(struct peer *p);
void peer_destroy(struct peer *p);

#endif
