/* What of a recorded talk was said when (see talk.h). */
#include "talk.h"

#include <dvr/wire/grpc.h>

bool
talk_prefix(const struct exchange *x, size_t said, struct exchange *out)
{
	struct message *m = &out->request;
	struct slice rest = x->request.body;
	struct grpc_message msg;

	*out = *x;
	/* Not all of it is here: nothing is known better. */
	if (m->withheld.n > 0 || m->cut_bytes > 0)
		return true;
	for (size_t i = 0; i < said; i++)
		if (!grpc_next(&rest, &msg))
			return false;
	m->body = slice_range(m->body, 0, m->body.n - rest.n);
	m->body_bytes = m->body.n;
	return true;
}

/* The answer's first message, or its end. */
static int64_t
first_word(const struct exchange *x, size_t *before)
{
	*before = 0;
	for (size_t i = 0; i < x->nmessages; i++) {
		if (x->messages[i].from == FROM_SERVER)
			return x->messages[i].at_us;
		++*before;
	}
	return x->response.end_us;
}

bool
talk_answered(const struct exchange *x, size_t said)
{
	size_t before;
	int64_t at_us = first_word(x, &before);

	if (x->protocol != PROTOCOL_HTTP2 || x->nmessages == 0)
		return false;
	return before <= said && (x->request.end != END_COMPLETE ||
				  at_us < x->request.end_us);
}

size_t
talk_before_end(const struct exchange *x)
{
	size_t n = 0;

	for (size_t i = 0; i < x->nmessages; i++)
		n += x->messages[i].from == FROM_CLIENT &&
		     x->messages[i].end_us <= x->response.end_us;
	return n;
}

bool
talk_ended_last(const struct exchange *x)
{
	return x->request.end == END_COMPLETE &&
	       x->request.end_us < x->response.end_us;
}

int64_t
talk_think_us(const struct exchange *x)
{
	int64_t at_us = x->response.present ? x->response.at_us
					    : x->response.end_us;
	int64_t last_us = x->request.at_us;

	for (size_t i = 0; i < x->nmessages; i++)
		if (x->messages[i].from == FROM_CLIENT &&
		    x->messages[i].end_us <= at_us)
			last_us = x->messages[i].end_us;
	return at_us - last_us;
}
