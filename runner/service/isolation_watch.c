/* Refused connections inside a namespace, from the resets that tell of them. */
#include "isolation_watch.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <string.h>
#include <unistd.h>

/* As far as the ports behind the longest IPv4 header. */
#define HEAD_BYTES 64
#define READS_MAX 256

/* ---- every address is local ------------------------------------------------ */

struct route_request {
	struct nlmsghdr h;
	struct rtmsg r;
	struct rtattr oif;
	unsigned index;
	struct rtattr prefsrc;
	struct in_addr source;
};

struct route_answer {
	struct nlmsghdr h;
	struct nlmsgerr e;
};

static int
exchange(int fd, const struct route_request *q)
{
	struct route_answer a;
	ssize_t got;

	if (send(fd, q, sizeof(*q), 0) != (ssize_t)sizeof(*q))
		return -1;
	got = recv(fd, &a, sizeof(a), 0);
	if (got < (ssize_t)sizeof(a.h) || a.h.nlmsg_type != NLMSG_ERROR) {
		errno = EPROTO;
		return -1;
	}
	errno = -a.e.error;
	return a.e.error == 0 ? 0 : -1;
}

/* ip route add local default dev lo src 127.0.0.1 (rtnetlink(7)) */
int
watch_route(void)
{
	struct route_request q = {
		.h = { .nlmsg_len = sizeof(q), .nlmsg_type = RTM_NEWROUTE,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE |
				NLM_F_ACK },
		.r = { .rtm_family = AF_INET, .rtm_table = RT_TABLE_LOCAL,
		       .rtm_protocol = RTPROT_BOOT,
		       .rtm_scope = RT_SCOPE_HOST, .rtm_type = RTN_LOCAL },
		.oif = { .rta_len = RTA_LENGTH(sizeof(unsigned)),
			 .rta_type = RTA_OIF },
		.index = if_nametoindex("lo"),
		.prefsrc = { .rta_len = RTA_LENGTH(sizeof(struct in_addr)),
			     .rta_type = RTA_PREFSRC },
		.source = { htonl(INADDR_LOOPBACK) },
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int rc, saved;

	if (fd < 0)
		return -1;
	rc = exchange(fd, &q);
	saved = errno;
	close(fd);
	errno = saved;
	return rc;
}

/* ---- what was refused ------------------------------------------------------- */

void
watch_open(struct watch *w)
{
	/* A reset with sequence number 0 answers a SYN that nobody waits for
	 * (RFC 9293 §3.10.7.1); others end a connection that was. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 6),
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_IND, 13),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x14, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_IND, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, HEAD_BYTES),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog filter = {
		.len = ARRAY_LEN(code), .filter = code,
	};
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = (int)if_nametoindex("lo"),
	};

	/* No protocol until the filter is there. */
	w->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		       0);
	if (w->fd < 0)
		return;
	if (setsockopt(w->fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter,
		       sizeof(filter)) == 0 &&
	    bind(w->fd, (const struct sockaddr *)&at, sizeof(at)) == 0)
		return;
	close(w->fd);
	w->fd = -1;
}

static void
remember(struct watch *w, const struct address *a)
{
	struct slice rest = slice_of(w->refused, w->nrefused_bytes);
	char text[ADDRESS_TEXT_MAX];
	size_t n;

	address_text(a, text);
	n = strlen(text);
	while (rest.n > 0)
		if (slice_eq(slice_cut(&rest, '\n'), slice_str(text)))
			return;
	if (w->nrefused_bytes + n + 1 > sizeof(w->refused))
		return;
	memcpy(w->refused + w->nrefused_bytes, text, n);
	w->nrefused_bytes += n;
	w->refused[w->nrefused_bytes++] = '\n';
}

void
watch_read(struct watch *w)
{
	unsigned char head[HEAD_BYTES];

	for (int i = 0; w->fd >= 0 && i < READS_MAX; i++) {
		ssize_t got = recv(w->fd, head, sizeof(head), 0);
		struct sockaddr_in from = { .sin_family = AF_INET };
		struct address a = { .len = sizeof(from) };
		size_t tcp;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 20)
			return;
		tcp = (size_t)(head[0] & 15) * 4;
		if (tcp + 4 > (size_t)got)
			continue;
		memcpy(&from.sin_addr, head + 12, 4);
		memcpy(&from.sin_port, head + tcp, 2);
		memcpy(&a.sa, &from, sizeof(from));
		remember(w, &a);
	}
}
