/*
 * dvr's proxy and ledger alone, for the benchmark.
 *   relay_driver ports N                  prints N free ports
 *   relay_driver relay PORT               relays to 127.0.0.1:PORT
 *   relay_driver record PORT MIB FIXTURES the same, recording into a ring
 * Prints its port first; SIGTERM ends it with one line of numbers.
 */
#include <dvr/base/mem.h>
#include <dvr/proxy/proxy.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
fail(const struct err *e)
{
	fprintf(stderr, "relay_driver: %s\n", e->msg);
	return 1;
}

static int
print_ports(uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		struct err e;
		uint16_t port;

		if (sock_free_port(&port, &e) < 0)
			return fail(&e);
		printf("%u\n", port);
	}
	return 0;
}

static void
on_signal(struct loop_signal *s, int sig)
{
	(void)sig;
	loop_stop(s->owner);
}

static struct ledger *
open_ledger(struct loop *loop, struct scrub *scrub, uint64_t mib,
	    const char *fixtures, struct err *e)
{
	static const struct status_range on_status[] = { { 500, 599 } };
	static const struct ledger_lane lanes[] = {
		{ "client", LANE_INGRESS },
	};
	const struct ledger_config cfg = {
		.max_memory_bytes = (size_t)mib * MiB,
		.max_body_bytes = 8 * MiB,
		.window_ns = 300 * NS_PER_S,
		.payloads = true,
		.on_status = on_status,
		.non_status = 1,
		.on_exception = true,
		.on_timeout_ns = 10 * NS_PER_S,
		.namespace = "bench",
		.fixtures = fixtures,
		.vcs_commit = "",
		.settle_ns = 100 * NS_PER_MS,
		.max_variants = 3,
	};

	return ledger_create(&cfg, lanes, 1, loop, scrub, e);
}

static void
print_numbers(const struct proxy *p, const struct ledger *l)
{
	struct ledger_stats s = { .exchanges = 0 };
	struct proxy_stats q;

	proxy_stats(p, &q);
	if (l)
		ledger_stats(l, &s);
	printf("accepted %" PRIu64 " refused %" PRIu64 " undecoded %" PRIu64
	       " not_injected %" PRIu64 " exchanges %" PRIu64
	       " evicted %" PRIu64 " ring_peak %" PRIu64 " tapes %zu"
	       " fork_stall_us %" PRIu64 "\n",
	       q.accepted, q.connect_refused, q.undecoded, q.not_injected,
	       s.exchanges, s.evicted, s.bytes_peak, s.ntapes,
	       s.fork_stall_max_ns / (uint64_t)NS_PER_US);
}

static int
run(struct loop *loop, struct ledger *ledger, const char *port)
{
	static const int signals[] = { SIGTERM, SIGINT };
	struct loop_signal on = { .fn = on_signal, .owner = loop };
	char name[] = "client", listen[] = "127.0.0.1:0", url[64];
	struct lane_config lane = {
		.name = name, .role = LANE_INGRESS, .listen = listen,
		.target = url, .inject = true,
	};
	struct proxy_config cfg = {
		.lanes = &lane, .nlanes = 1, .record = ledger != NULL,
		.connect_timeout_ns = NS_PER_S,
	};
	struct proxy *p;
	struct err e;
	int rc = 0;

	snprintf(url, sizeof(url), "http://127.0.0.1:%s", port);
	p = proxy_create(&cfg, loop, ledger, &e);
	if (!p || loop_on_signals(loop, &on, signals, 2, &e) < 0)
		return fail(&e);
	if (ledger)
		ledger_service_up(ledger, loop_now_ns(loop));
	printf("%u\n", proxy_port(p, 0));
	fflush(stdout);
	if (loop_run(loop, &e) < 0)
		rc = fail(&e);
	proxy_close_listeners(p);
	proxy_drain(p, 0);
	if (ledger)
		ledger_drain(ledger, 60 * NS_PER_S);
	print_numbers(p, ledger);
	proxy_destroy(p);
	return rc;
}

int
main(int argc, char **argv)
{
	struct ledger *ledger = NULL;
	struct scrub *scrub = NULL;
	struct loop *loop;
	struct err e;
	uint64_t n = 0;
	int rc;

	if (argc == 3 && strcmp(argv[1], "ports") == 0 &&
	    slice_uint(slice_str(argv[2]), 100, &n) == 0)
		return print_ports(n);
	if (argc < 3 || (strcmp(argv[1], "record") == 0 && argc != 5) ||
	    (argc == 5 && slice_uint(slice_str(argv[3]), 65536, &n) < 0)) {
		fprintf(stderr, "usage: see the top of relay_driver.c\n");
		return 2;
	}
	loop = loop_create(&clock_system, &e);
	if (!loop)
		return fail(&e);
	if (strcmp(argv[1], "record") == 0) {
		scrub = scrub_create(NULL, 0, &clock_system, &e);
		if (scrub)
			ledger = open_ledger(loop, scrub, n, argv[4], &e);
		if (!ledger)
			return fail(&e);
	}
	rc = run(loop, ledger, argv[2]);
	ledger_destroy(ledger);
	scrub_destroy(scrub);
	loop_destroy(loop);
	return rc;
}
