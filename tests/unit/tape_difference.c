/* Compares two tapes part by part. */
#include "tape_samples.h"

#define SAME(what, test) \
	do { \
		if (!(test)) \
			return what; \
	} while (0)
#define SAME_TEXT(x, y, m) SAME(#m, slice_eq((x)->m, (y)->m))
#define SAME_VALUE(x, y, m) SAME(#m, (x)->m == (y)->m)

static const char *
headers_difference(const struct headers *a, const struct headers *b)
{
	SAME_VALUE(a, b, n);
	for (size_t i = 0; i < a->n; i++) {
		SAME_TEXT(&a->v[i], &b->v[i], line);
		SAME_TEXT(&a->v[i], &b->v[i], name);
		SAME_TEXT(&a->v[i], &b->v[i], value);
	}
	return NULL;
}

static const char *
message_difference(const struct message *a, const struct message *b)
{
	const char *d;

	SAME_VALUE(a, b, present);
	SAME_VALUE(a, b, at_us);
	SAME_VALUE(a, b, end_us);
	SAME_VALUE(a, b, end);
	SAME_VALUE(a, b, error);
	SAME_TEXT(a, b, line);
	SAME_TEXT(a, b, raw_head);
	SAME_VALUE(a, b, framing);
	SAME_TEXT(a, b, body);
	SAME_TEXT(a, b, raw_body);
	SAME_TEXT(a, b, decoded);
	SAME_TEXT(a, b, withheld);
	SAME_VALUE(a, b, body_bytes);
	SAME_VALUE(a, b, cut_bytes);
	SAME_VALUE(a, b, nchunks);
	for (size_t i = 0; i < a->nchunks; i++)
		SAME("chunks", a->chunks[i] == b->chunks[i]);
	SAME_VALUE(a, b, nsegments);
	for (size_t i = 0; i < a->nsegments; i++) {
		SAME_VALUE(&a->segments[i], &b->segments[i], at_us);
		SAME_VALUE(&a->segments[i], &b->segments[i], bytes);
	}
	d = headers_difference(&a->headers, &b->headers);
	return d ? d : headers_difference(&a->trailers, &b->trailers);
}

static const char *
stream_message_difference(const struct stream_message *a, const struct stream_message *b)
{
	SAME_VALUE(a, b, from);
	SAME_VALUE(a, b, kind);
	SAME_VALUE(a, b, at_us);
	SAME_VALUE(a, b, end_us);
	SAME_VALUE(a, b, code);
	SAME_VALUE(a, b, bytes);
	SAME_TEXT(a, b, payload);
	SAME_TEXT(a, b, decoded);
	SAME_TEXT(a, b, withheld);
	return NULL;
}

static const char *
exchange_difference(const struct exchange *a, const struct exchange *b)
{
	const char *d;

	SAME_VALUE(a, b, id);
	SAME_VALUE(a, b, lane);
	SAME_VALUE(a, b, conn);
	SAME_VALUE(a, b, cause);
	SAME_VALUE(a, b, injected);
	SAME_TEXT(a, b, note);
	SAME_VALUE(a, b, protocol);
	SAME_VALUE(a, b, stream);
	SAME_VALUE(a, b, nmessages);
	for (size_t i = 0; i < a->nmessages; i++) {
		d = stream_message_difference(&a->messages[i], &b->messages[i]);
		if (d)
			return d;
	}
	SAME_VALUE(a, b, ninterim);
	for (size_t i = 0; i < a->ninterim; i++) {
		d = message_difference(&a->interim[i], &b->interim[i]);
		if (d)
			return d;
	}
	d = message_difference(&a->request, &b->request);
	return d ? d : message_difference(&a->response, &b->response);
}

static const char *
head_difference(const struct tape *a, const struct tape *b)
{
	SAME_TEXT(a, b, id);
	SAME_TEXT(a, b, namespace);
	SAME_TEXT(a, b, session);
	SAME_TEXT(a, b, signature);
	SAME_VALUE(a, b, recorded_us);
	SAME_VALUE(a, b, trigger.kind);
	SAME_VALUE(a, b, trigger.exchange);
	SAME_VALUE(a, b, trigger.value);
	SAME_TEXT(a, b, trigger.detail);
	SAME_VALUE(a, b, origin.truncated);
	SAME_VALUE(a, b, origin.snapshot);
	SAME_VALUE(a, b, origin.at_us);
	SAME_TEXT(a, b, origin.commit);
	SAME_TEXT(a, b, origin.build);
	SAME_TEXT(a, b, origin.dvr);
	SAME_TEXT(a, b, not_replayable);
	SAME_TEXT(a, b, descriptors);
	SAME_TEXT(a, b, log_tail);
	SAME_VALUE(a, b, nlosses);
	for (size_t i = 0; i < a->nlosses; i++)
		SAME("losses", slice_eq(a->losses[i], b->losses[i]));
	return NULL;
}

static const char *
lists_difference(const struct tape *a, const struct tape *b)
{
	SAME_VALUE(a, b, nlanes);
	for (size_t i = 0; i < a->nlanes; i++) {
		SAME_TEXT(&a->lanes[i], &b->lanes[i], name);
		SAME_VALUE(&a->lanes[i], &b->lanes[i], role);
	}
	SAME_VALUE(a, b, nstate);
	for (size_t i = 0; i < a->nstate; i++) {
		SAME_TEXT(&a->state[i], &b->state[i], name);
		SAME_TEXT(&a->state[i], &b->state[i], provider);
		SAME_TEXT(&a->state[i], &b->state[i], snapshot);
		SAME_TEXT(&a->state[i], &b->state[i], unscrubbed);
		SAME_VALUE(&a->state[i], &b->state[i], nfiles);
		for (size_t k = 0; k < a->state[i].nfiles; k++)
			SAME_TEXT(&a->state[i].files[k],
				  &b->state[i].files[k], path);
	}
	SAME_VALUE(a, b, ntokens);
	for (size_t i = 0; i < a->ntokens; i++) {
		SAME_TEXT(&a->tokens[i], &b->tokens[i], handle);
		SAME_VALUE(&a->tokens[i], &b->tokens[i], coding);
		SAME_TEXT(&a->tokens[i], &b->tokens[i], header);
		SAME_TEXT(&a->tokens[i], &b->tokens[i], text);
	}
	SAME_VALUE(a, b, nmocks);
	for (size_t i = 0; i < a->nmocks; i++)
		SAME("mocks", slice_eq(a->mocks[i], b->mocks[i]));
	SAME_VALUE(a, b, nscrubbed);
	for (size_t i = 0; i < a->nscrubbed; i++) {
		SAME_TEXT(&a->scrubbed[i], &b->scrubbed[i], rule);
		SAME_TEXT(&a->scrubbed[i], &b->scrubbed[i], field);
		SAME_VALUE(&a->scrubbed[i], &b->scrubbed[i], count);
	}
	return NULL;
}

const char *
tape_difference(const struct tape *a, const struct tape *b)
{
	const char *d = head_difference(a, b);

	if (!d)
		d = lists_difference(a, b);
	if (d)
		return d;
	SAME_VALUE(a, b, nexchanges);
	for (size_t i = 0; !d && i < a->nexchanges; i++)
		d = exchange_difference(&a->exchanges[i], &b->exchanges[i]);
	return d;
}
