/*
 * A tape: the ordered, time-stamped, scrubbed record of exchanges that led to
 * a failure.  It is evidence and never edited; what people and tools make of
 * it stands in replay.yaml (dvr/tape/plan.h).
 *
 * A `struct tape` is clean by type: only scrub_recording() and tape_read()
 * make one, and every writer (tape, report, diff, log) takes nothing else.
 * What the proxy saw travels in a `struct recording`, a different type, so
 * that leaking by oversight does not compile.
 *
 * All memory belongs to the arena; slices point into it.
 */
#ifndef DVR_TAPE_TAPE_H
#define DVR_TAPE_TAPE_H

#include <dvr/base/arena.h>
#include <dvr/base/buf.h>
#include <dvr/base/err.h>

#define TAPE_FORMAT 1

struct field_format;

struct header {
	struct slice line;		/* exact bytes, no terminator */
	struct slice name, value;	/* parts of line; value trimmed */
};

struct headers {
	struct header *v;
	size_t n;
};

/* How the payload was framed on the wire, so that it can be sent again. */
enum framing { FRAMING_NONE, FRAMING_LENGTH, FRAMING_CHUNKED, FRAMING_CLOSE,
	FRAMING_TUNNEL,
	FRAMING_STREAM		/* HTTP/2: the stream's frames */
};

/* How a message ended. */
enum message_end {
	END_COMPLETE,
	END_FIN,	/* the sender closed in the middle */
	END_RST,	/* the sender reset */
	END_OPEN,	/* still running when the tape was committed */
	END_REFUSED,	/* response: connection to the service refused */
	END_TIMEOUT,	/* response: nothing (more) came in time */
	END_RESET,	/* HTTP/2: the sender reset the stream, with `error` */
	END_GOAWAY	/* HTTP/2: a GOAWAY told, with `error`, that the stream
			 * is not answered */
};

/* One read of the sender's bytes: the timeline inside a message. */
struct segment {
	int64_t at_us;
	uint64_t bytes;			/* of the message's wire bytes */
};

struct message {
	bool present;			/* false: there was none at all */
	int64_t at_us, end_us;		/* first and last byte, from t0; end is
					 * never before at, open ones too */
	struct slice line;		/* start line */
	struct headers headers;
	struct slice raw_head;		/* exact head bytes when line CRLF
					 * headers CRLF CRLF is not the same */
	enum framing framing;
	struct slice body;		/* payload: transfer coding undone,
					 * content coding kept unless
					 * `decoded` names it */
	struct slice raw_body;		/* exact wire bytes of the body when
					 * chunk sizes alone do not rebuild them */
	uint64_t *chunks;		/* FRAMING_CHUNKED: payload sizes,
					 * without the final 0 */
	size_t nchunks;
	struct headers trailers;
	struct slice decoded;		/* content coding that was undone because
					 * something in the body was scrubbed */
	struct slice withheld;		/* reason; the body is not here */
	uint64_t body_bytes;		/* payload size on the wire, even when
					 * cut or withheld */
	uint64_t cut_bytes;		/* payload bytes over the cap, lost */
	struct segment *segments;	/* NULL when one read carried it all */
	size_t nsegments;
	enum message_end end;
	uint32_t error;			/* END_RESET, END_GOAWAY: the code */
	const struct field_format *format;	/* of the body, with names from
				 * descriptors (dvr/tape/descriptors.h); NULL:
				 * as its type says */
};

/* What an exchange runs on; HTTP/1.1 is every lane's default. */
enum protocol {
	PROTOCOL_HTTP1,
	PROTOCOL_HTTP2,		/* its messages, when it has any, are gRPC's */
	PROTOCOL_WEBSOCKET	/* an upgrade by HTTP/1.1, and messages */
};

enum sender { FROM_CLIENT, FROM_SERVER };

enum stream_kind {
	STREAM_PLAIN,		/* gRPC, not compressed */
	STREAM_COMPRESSED,	/* gRPC, in the coding of grpc-encoding */
	STREAM_TEXT, STREAM_BINARY, STREAM_CLOSE, STREAM_PING, STREAM_PONG
};

/* One message of a gRPC call or of a WebSocket. */
struct stream_message {
	enum sender from;
	enum stream_kind kind;
	int64_t at_us, end_us;		/* first and last byte */
	unsigned code;			/* STREAM_CLOSE: the code, 0 none */
	struct slice payload;		/* gRPC: as it was sent, coding kept
					 * unless `decoded` names it; WebSocket:
					 * unmasked, extensions undone; of a
					 * close the reason */
	struct slice decoded;		/* coding that was undone because
					 * something in it was scrubbed */
	struct slice withheld;		/* reason; the payload is not here */
	uint64_t bytes;			/* payload size on the wire */
};

struct exchange {
	uint32_t id;			/* 1.. in order of request start */
	uint32_t lane;			/* index into tape.lanes */
	uint32_t conn;			/* client connection, 1.. per lane */
	uint32_t cause;			/* egress: ingress exchange id, 0 none */
	bool injected;			/* dvr added its headers on the wire (they
					 * are not among request.headers) */
	struct message request;
	struct message *interim;	/* 1xx answers */
	size_t ninterim;
	struct message response;
	struct slice note;		/* e.g. ambiguous framing and why */
	enum protocol protocol;
	uint32_t stream;		/* HTTP/2: its number; else 0 */
	struct stream_message *messages;		/* its messages, as they came */
	size_t nmessages;
	unsigned line;			/* of tape.yaml, where it was read from;
					 * 0 elsewhere */
};

enum lane_role { LANE_INGRESS, LANE_EGRESS };

struct tape_lane {
	struct slice name;
	enum lane_role role;
};

enum trigger_kind { TRIGGER_STATUS, TRIGGER_EXIT, TRIGGER_SIGNAL,
	TRIGGER_RESET, TRIGGER_LOG, TRIGGER_TIMEOUT, TRIGGER_SESSION,
	TRIGGER_SUITE, TRIGGER_GRPC,
	TRIGGER_CLOSE		/* a WebSocket, by its server */
};

struct trigger {
	enum trigger_kind kind;
	uint32_t exchange;		/* the failing one; 0 when none */
	int value;			/* status, exit code, signal number,
					 * gRPC status, close code */
	struct slice detail;		/* normalised exception line, scrubbed */
};

struct origin {
	uint64_t truncated;		/* exchanges lost before the first; 0:
					 * the tape starts with the service, or
					 * with the snapshot */
	bool snapshot;			/* the snapshot was taken later than the
					 * service's start, at_us after t0; what
					 * came before is in it */
	int64_t at_us;
	struct slice commit;		/* VCS revision, or "" */
	struct slice build;		/* service.build's label, or "" */
	struct slice dvr;		/* our version */
};

struct tape_state_file {
	struct slice path;		/* below the tape's folder, "state/…";
					 * ends in '/': a folder that is empty */
	struct slice bytes;		/* scrubbed, unless it says why not */
	struct slice sha256;		/* hex, of the stored bytes; "" until the
					 * tape was read or printed once */
	uint64_t size;			/* with it: of the stored bytes */
};

/* A data store as it was before the first exchange. */
struct tape_state {
	struct slice name, provider, snapshot;	/* snapshot: path in the tape;
					 * ends in '/': a tree of files */
	struct slice unscrubbed;	/* why it was kept as it is, or "" */
	struct tape_state_file *files;	/* none: the store was not there */
	size_t nfiles;
};

/*
 * What a handle stands for, where that is text of its own: a token's header
 * and claims, the user and password of Basic.  Scrubbed; a replay makes the
 * value anew from it.
 */
enum token_coding { TOKEN_JWT, TOKEN_BASE64, TOKEN_BASE64URL };
struct tape_token {
	struct slice handle;
	enum token_coding coding;
	struct slice header;		/* TOKEN_JWT: its JSON text */
	struct slice text;		/* the claims, or what is coded */
};

struct scrub_entry {
	struct slice rule;
	struct slice field;		/* place */
	uint64_t count;
};

struct tape {
	struct arena *arena;
	struct slice id, namespace, session, signature;
	int64_t recorded_us;		/* wall time of t0, UTC */
	struct trigger trigger;
	struct origin origin;
	struct tape_lane *lanes;
	size_t nlanes;
	struct tape_state *state;
	size_t nstate;
	struct exchange *exchanges;
	size_t nexchanges;
	struct tape_token *tokens;
	size_t ntokens;
	struct slice *mocks;		/* sentences: credentials that a replay
					 * sends mocks for */
	size_t nmocks;
	struct scrub_entry *scrubbed;
	size_t nscrubbed;
	struct slice *losses;		/* sentences; "" free library of what is
					 * missing or cannot be replayed */
	size_t nlosses;
	struct slice not_replayable;	/* reason, or "" */
	struct slice log_tail;		/* scrubbed last lines of the service */
	struct slice descriptors;	/* hex SHA-256 of what named its protobuf
					 * fields when it was recorded, or "" */
	bool named;			/* and they are named now */
	struct slice hash;		/* hex SHA-256 of tape.yaml as it was
					 * read (tape_hash()); "" elsewhere */
};

/* Raw: not yet scrubbed.  Made by the ledger and by replays (live answers). */
struct recording {
	struct tape raw;
};

/* A tape in memory with nothing in it, or NULL-safe release of one. */
void tape_init(struct tape *t);
void tape_release(struct tape *t);

/* NULL when there is none. */
/* Calls on egress lanes of which nobody knows for which request they were
 * made; all of them in *calls. */
size_t tape_uncaused(const struct tape *t, size_t *calls);
const struct exchange *tape_exchange(const struct tape *t, uint32_t id);
/* A header from its exact line: the name is what stands before the first colon
 * ("" without one), the value what follows, trimmed.  Borrows `line`.  The colon
 * that begins an HTTP/2 pseudo header (":authority: x") is part of its name. */
struct header header_of_line(struct slice line);
/* First field with that name in any case, or NULL. */
const struct header *headers_find(const struct headers *h, const char *name);
/* Its value, "" without one. */
struct slice message_header(const struct message *m, const char *name);
/* Parts of a start line; "" / 0 when it has none. */
struct slice message_method(const struct message *request);
struct slice message_target(const struct message *request);
/* "host" or "host:port" that it goes to, as it says itself; "": it does not. */
struct slice message_host(const struct message *request);
/* Target without query and fragment. */
struct slice message_path(const struct message *request);
unsigned message_status(const struct message *response);

/*
 * The framing that the headers alone tell (RFC 9112 §6.3).  A tape notes a
 * message's framing only where it differs: answers to HEAD, tunnels, 1xx.
 */
enum framing message_framing_told(const struct message *m, bool is_request);

/*
 * gRPC's messages are a side's body: each stands in it behind its prefix of
 * five bytes (flag, length), and what follows the last of them (a message that
 * was cut off) is the body's rest.  On a tape the body is not written a second
 * time.  A WebSocket's messages are no body.
 */
/* How many bytes of that side's body its messages make. */
size_t exchange_joined(const struct exchange *x, enum sender from);
/* Does the body begin with them? */
bool exchange_is_joined(const struct exchange *x, enum sender from);
/* Makes the body anew from the messages and `rest`; body_bytes is left alone. */
void exchange_join(struct arena *a, struct exchange *x, enum sender from,
		   struct slice rest);
struct message *exchange_side(struct exchange *x, enum sender from);
/* The message of a WebSocket that a place in the body of its side names ("/3",
 * "/3/token"), and its number among those of that side; NULL: there is none. */
const struct stream_message *
exchange_spoken(const struct exchange *x, enum sender from, struct slice name,
		size_t *nth);

/*
 * The exact wire bytes of a head / of a whole message as it was sent, from the
 * parts above (chunk framing and trailers included; cut where it was cut).
 * Chunk sizes are written in lower-case hex without leading zeros; a sender
 * that did otherwise has its bytes in raw_body.
 */
void message_print_head(const struct message *m, struct buf *out);
void message_print(const struct message *m, struct buf *out);

/* Names of the enums as the tape spells them. */
const char *trigger_kind_name(enum trigger_kind k);
const char *message_end_name(enum message_end e);
const char *protocol_name(enum protocol p);
/* "CANCEL" (RFC 9113 §7); NULL for a code that has no name. */
const char *http2_error_name(uint32_t code);

#endif
