/* Follows the frames of a WebSocket as far as its end goes. */
#include "tap_websocket.h"

#include <dvr/base/mem.h>
#include <dvr/wire/websocket.h>

#include <stdlib.h>

struct tap_websocket {
	struct websocket side[2];	/* by enum lx_side */
	bool closed[2];
};

struct tap_websocket *
tap_websocket_create(const struct http1_head *answer)
{
	static const enum websocket_sender senders[] = {
		[LX_REQUEST] = WEBSOCKET_CLIENT,
		[LX_RESPONSE] = WEBSOCKET_SERVER,
	};
	struct tap_websocket *w;
	struct websocket_terms t;

	if (!websocket_agreed(answer))
		return NULL;
	w = mem_alloc(sizeof(*w));
	for (size_t i = 0; i < ARRAY_LEN(senders); i++) {
		/* Frames of an unknown extension are framed all the same. */
		if (websocket_agree(websocket_extensions(answer), senders[i],
				    &t) != 0)
			t = (struct websocket_terms){ .sender = senders[i] };
		websocket_init(&w->side[i], &t, 0);
	}
	return w;
}

void
tap_websocket_destroy(struct tap_websocket *w)
{
	if (!w)
		return;
	websocket_release(&w->side[LX_REQUEST]);
	websocket_release(&w->side[LX_RESPONSE]);
	free(w);
}

unsigned
tap_websocket_read(struct tap_websocket *w, enum lx_side side,
		   struct slice in)
{
	struct websocket_message m;
	unsigned code = 0;
	size_t used;

	while (websocket_next(&w->side[side], in, &used, &m) ==
	       WEBSOCKET_MESSAGE) {
		in = slice_from(in, used);
		if (m.kind != WEBSOCKET_CLOSE || w->closed[side])
			continue;
		w->closed[side] = true;
		/* An answer to the client's own goodbye repeats its code. */
		if (side == LX_RESPONSE && !w->closed[LX_REQUEST])
			code = m.code;
	}
	return code;
}

bool
tap_websocket_closed(const struct tap_websocket *w)
{
	return w->closed[LX_REQUEST] || w->closed[LX_RESPONSE] ||
	       w->side[LX_REQUEST].why || w->side[LX_RESPONSE].why;
}
