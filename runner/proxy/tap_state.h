/* What the tap's two directions share. */
#ifndef PROXY_TAP_STATE_H
#define PROXY_TAP_STATE_H

#include "tap.h"
#include "tap_h2.h"
#include "tap_websocket.h"

/* Until the client's first bytes tell, a server that speaks first is kept so
 * many bytes of: HTTP/2's SETTINGS need less. */
#define TAP_EARLY_MAX (4u * KiB)

enum tap_protocol { TAP_UNDECIDED, TAP_HTTP1, TAP_HTTP2 };

/* One exchange that the ledger does not have back yet. */
struct open_exchange {
	struct open_exchange *next;	/* younger */
	struct lx *lx;
	struct slice method;		/* as far as it decides the framing */
	bool head_read;
	bool wants_tunnel;		/* CONNECT or an upgrade, unanswered */
	bool opaque;
	bool req_read;			/* its end was seen … */
	bool req_told;			/* … and told: later for tunnels */
	bool resp_told;
	bool left_told;			/* that the client left */
	uint64_t req_end_ns;
};

struct tap {
	struct proxy *proxy;
	struct ledger *ledger;
	struct lane *lane;
	uint64_t conn;
	const char *session;
	enum tap_protocol protocol;
	struct buf opening;	/* the client's, as long as undecided */
	struct buf early_answer;	/* the server's */
	uint64_t early_ns;
	struct tap_h2 *h2;
	struct tap_websocket *websocket;	/* of the last exchange */
	struct http1_decoder req, resp;
	struct open_exchange *first, *last;	/* oldest, youngest */
	struct open_exchange *asking;		/* request being read */
	struct open_exchange *answered;		/* response being read */
	struct buf held;	/* of a head that waits for its Host */
	bool req_raw, resp_raw;	/* not decoded any more */
	bool early;		/* bytes came before an upgrade's answer */
	bool client_left;
	bool interim;
};

/* One read on its way through a decoder. */
struct pass {
	struct tap *t;
	struct slice in;
	uint64_t at_ns;
	enum lx_side side;
	size_t pos;		/* decoded up to here */
	size_t told;		/* given to the ledger up to here */
	size_t begun;		/* where the request that is read began */
	size_t sent;		/* copied to proxy->edited up to here */
	bool edits;
};

/* ---- tap.c: exchanges ------------------------------------------------ */

struct open_exchange *tap_begin(struct tap *t, uint64_t at_ns);
/* The ledger gets it back; `x` is freed. */
void tap_give_back(struct tap *t, struct open_exchange *x, uint64_t at_ns);
/* The oldest one whose response did not end yet, or NULL. */
struct open_exchange *tap_unanswered(const struct tap *t);
/* Ends a side, once. */
void tap_tell_end(struct tap *t, struct open_exchange *x, enum lx_side side,
		  enum lx_end how, uint64_t at_ns);
/* The end of a request that was read completely, unless it was told. */
void tap_tell_request_end(struct tap *t, struct open_exchange *x);
/* The client left without waiting for the answer. */
void tap_tell_left(struct tap *t, struct open_exchange *x, enum lx_end how,
		   uint64_t at_ns);
void tap_go_opaque(struct tap *t, struct open_exchange *x, const char *why);

/* ---- tap_protocol.c ------------------------------------------------------ */

/* Nothing more will come: what was held back is told. */
void tap_close(struct tap *t, uint64_t at_ns);

/* ---- tap_request.c, tap_response.c: HTTP/1.1 ---------------------------- */

void tap_request_http1(struct tap *t, struct slice in, uint64_t at_ns,
		       struct tap_out *out);
void tap_request_end_http1(struct tap *t, enum lx_end how, uint64_t at_ns,
			   struct tap_out *out);
void tap_response_http1(struct tap *t, struct slice in, uint64_t at_ns);
void tap_response_end_http1(struct tap *t, enum lx_end how, uint64_t at_ns);

/* ---- tap.c: one read --------------------------------------------------- */

/* Gives the ledger what was decoded since the last time. */
void pass_tell(struct pass *s, struct open_exchange *x);
/* Gives it the rest of the read, undecoded. */
void pass_tell_rest(struct pass *s);
enum http1_event pass_decode(struct pass *s, struct http1_decoder *d);

#endif
