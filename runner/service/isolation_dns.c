/* Answers DNS queries inside a namespace (RFC 1035). */
#include "isolation_dns.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define PORT 53
#define HEADER_BYTES 12
#define TYPE_A 1
#define TYPE_ANY 255
#define CLASS_IN 1
#define FLAG_ANSWER 0x80
#define FLAG_RECURSION_WANTED 0x01
#define OPCODE_MASK 0x78
#define FLAG_RECURSION 0x80
#define NO_SUCH_NAME 3
/* One turn: a flood of queries does not keep others waiting. */
#define SERVE_MAX 64

int
dns_add(struct dns *d, const char *name)
{
	size_t n = strlen(name);

	if (d->nknown == DNS_KNOWN_MAX || n >= ASK_NAME_MAX)
		return -1;
	memcpy(d->known[d->nknown++], name, n + 1);
	return 0;
}

static bool
is_known(const struct dns *d, const char *name)
{
	if (strcasecmp(name, "localhost") == 0)
		return true;
	for (size_t i = 0; i < d->nknown; i++)
		if (strcasecmp(d->known[i], name) == 0)
			return true;
	return false;
}

static void
remember(struct dns *d, const char *name)
{
	struct slice rest = slice_of(d->missed, d->nmissed_bytes);
	size_t n = strlen(name);

	while (rest.n > 0)
		if (slice_ieq(slice_cut(&rest, '\n'), slice_str(name)))
			return;
	if (n == 0 || d->nmissed_bytes + n + 1 > sizeof(d->missed))
		return;
	memcpy(d->missed + d->nmissed_bytes, name, n);
	d->nmissed_bytes += n;
	d->missed[d->nmissed_bytes++] = '\n';
}

static unsigned
read16(struct slice s, size_t at)
{
	return (unsigned)(unsigned char)s.p[at] << 8 |
		(unsigned char)s.p[at + 1];
}

/* The one question's name as text; where it ends, 0 when it is malformed. */
static size_t
read_name(struct slice query, char out[ASK_NAME_MAX])
{
	size_t at = HEADER_BYTES, n = 0;

	for (;;) {
		size_t label;

		if (at >= query.n)
			return 0;
		label = (unsigned char)query.p[at++];
		if (label == 0)
			break;
		/* No compression in a question; 63 is a label's most. */
		if (label > 63 || at + label >= query.n ||
		    n + label + 2 > ASK_NAME_MAX)
			return 0;
		if (n > 0)
			out[n++] = '.';
		for (size_t i = 0; i < label; i++) {
			char c = query.p[at + i];

			/* Lists of names have one a line. */
			out[n++] = c > ' ' && c < 127 ? c : '?';
		}
		at += label;
	}
	out[n] = '\0';
	return at + 4 <= query.n ? at : 0;
}

static size_t
add_address(char *out, size_t n)
{
	static const char record[] = {
		(char)0xc0, HEADER_BYTES,	/* the question's name */
		0, TYPE_A, 0, CLASS_IN,
		0, 0, 0, 60,			/* seconds */
		0, 4, 127, 0, 0, 1,
	};

	memcpy(out + n, record, sizeof(record));
	out[7] = 1;	/* answers */
	return n + sizeof(record);
}

size_t
dns_answer(struct dns *d, struct slice query, char out[DNS_PACKET_MAX])
{
	char name[ASK_NAME_MAX];
	size_t end;
	unsigned type;

	if (query.n < HEADER_BYTES || query.p[2] & (char)FLAG_ANSWER ||
	    query.p[2] & OPCODE_MASK || read16(query, 4) != 1)
		return 0;
	end = read_name(query, name);
	if (end == 0)
		return 0;
	type = read16(query, end);
	end += 4;
	memset(out, 0, HEADER_BYTES);
	memcpy(out, query.p, end);
	memset(out + 6, 0, 6);		/* no records so far */
	out[2] = (char)(FLAG_ANSWER | (query.p[2] & FLAG_RECURSION_WANTED));
	out[3] = (char)FLAG_RECURSION;
	if (!is_known(d, name)) {
		remember(d, name);
		out[3] = (char)(FLAG_RECURSION | NO_SUCH_NAME);
		return end;
	}
	if (type == TYPE_A || type == TYPE_ANY)
		return add_address(out, end);
	return end;
}

int
dns_open(void)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons(PORT),
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int saved;

	if (fd < 0 ||
	    bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

void
dns_serve(struct dns *d, int fd)
{
	char in[DNS_PACKET_MAX], out[DNS_PACKET_MAX];
	struct address from;

	for (int i = 0; i < SERVE_MAX; i++) {
		ssize_t got;
		size_t n;

		from.len = sizeof(from.sa);
		got = recvfrom(fd, in, sizeof(in), 0,
			       (struct sockaddr *)&from.sa, &from.len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return;
		n = dns_answer(d, slice_of(in, (size_t)got), out);
		/* An answer that is lost is asked for again. */
		if (n > 0 && sendto(fd, out, n, 0,
				    (struct sockaddr *)&from.sa,
				    from.len) < 0)
			continue;
	}
}
