/*
 * tape.yaml: canonical (same tape, same bytes), readable in a review, read
 * back by a strict reader.  tape_parse(tape_print(t)) == t.
 *
 * The text is UTF-8 YAML 1.1, one document.  Keys stand in the order below;
 * one that is marked "?" stands only where there is something to say, all
 * others always.  Any other key is an error.
 *
 *   dvr              1, the format's version, always first.  Another one is
 *                    refused with what to do
 *   id               folder's name: letters, digits, - _ . (1 to 200)
 *   recorded         wall time of the start, YYYY-MM-DDTHH:MM:SS.UUUUUUZ
 *   namespace        text, may be empty
 *   session          text
 *   signature        of the failure, hex
 *   trigger          one of on_status: 100..599, on_exit: code, on_signal:
 *                    number, on_reset, on_log, on_timeout, on_session: true,
 *                    on_suite: exit code; and
 *     exchange ?     the failing one's id, which is on the tape
 *     detail ?       the exception's line
 *   origin           from: start, from: truncated with lost: N exchanges, or
 *                    from: snapshot with at: seconds from the start;
 *     commit ? build ? dvr ?   revision, label, version of the recorder
 *   not_replayable ? the reason
 *   descriptors ?    SHA-256 of the descriptor sets that name protobuf fields
 *   lanes            list of {name, role: ingress | egress}; names differ
 *   state            list of {name, provider, snapshot: path in the folder};
 *     unscrubbed ?   why it was kept as it is
 *     files ?        list of {path, bytes, sha256}, in bytewise order of their
 *                    paths below state/; an empty folder has its path alone
 *   log ?            the service's last lines, as a block
 *   exchanges        list, ids ascending:
 *     id             1 or more
 *     lane           a name from lanes
 *     conn           connection on that lane
 *     cause ?        id of the exchange that this one was made for
 *     stream ?       number of the HTTP/2 stream
 *     protocol ?     h2 or websocket; absent: http/1.1
 *     injected ?     true: dvr added its correlation headers on the wire
 *     note ?         what is odd, e.g. ambiguous framing
 *     request ?      a message
 *     interim ?      list of messages: 1xx answers
 *     response ?     a message, not before its request
 *     messages ?     list of what a gRPC call or a WebSocket carried, as it
 *                    came, one a line:
 *       from         client or server
 *       at           first byte;  end ?  last byte, when that came later
 *       kind ?       compressed (gRPC), or text, binary, close, ping, pong;
 *                    absent: a gRPC message as it is
 *       code ?       of a close
 *       decoded ? withheld ?   as in a message
 *       bytes ?      payload on the wire, where it is not the body's size
 *       body ?       payload, as in a message; short ones stand here even
 *                    when they are binary
 *   tokens ?         list of {handle, coding: jwt | base64 | base64url,
 *                    header: a JWT's, text: its claims, or what is coded}
 *   mocks ?          list of sentences: credentials that replays mock
 *   scrubbed         list of {rule, field, count}
 *   losses           list of sentences, on one line and always last: a file
 *                    that was cut at the end of any line lacks it
 *
 * A message:
 *     missing ?      true: there was none; only at, end and ended follow
 *     at, end        first and last byte, seconds from the start with six
 *                    decimals; end is not before at
 *     ended ?        fin, rst, open, refused, timeout, reset or goaway;
 *                    absent: complete
 *     error ?        of a reset or goaway: HTTP/2's name or number for it
 *     line ?         start line; of HTTP/2 "POST /path HTTP/2", "HTTP/2 200"
 *     headers ?      list of exact lines without their CRLF; of HTTP/2 with
 *                    ':authority: …' and ':scheme: …' among them
 *     raw_head ?     exact bytes of a head that line and headers, CRLF at each
 *                    end, do not give
 *     framing ?      none, length, chunked, close, tunnel or stream, where it
 *                    does not follow from line and headers
 *                    (message_framing_told())
 *     decoded ?      content coding that was undone to scrub the body
 *     withheld ?     why the body is not here
 *     body_bytes ?   payload on the wire, where it is not the body's size
 *     cut_bytes ?    payload over the cap, lost
 *     body ?         payload: text of up to TAPE_INLINE_MAX without control
 *                    bytes but \n \r \t; else {file: bodies/SHA256, bytes: N},
 *                    checked by size and hash.  Of a gRPC call what follows
 *                    its `messages`: they are the body's beginning
 *     raw_body ?     exact wire bytes where chunk sizes do not rebuild them;
 *                    written as body is
 *     chunks ?       [sizes] of the chunks, without the final 0
 *     trailers ?     as headers
 *     segments ?     [BYTES@SECONDS] one for each read of the sender's bytes
 *
 * Text is a plain scalar where no YAML reader takes it for something else,
 * else quoted on one line; bytes that are not UTF-8 are !!binary.  Characters
 * that nobody sees (controls, zero width, direction marks) are escaped.
 */
#ifndef DVR_TAPE_YAML_H
#define DVR_TAPE_YAML_H

#include <dvr/base/buf.h>
#include <dvr/tape/tape.h>

#define TAPE_INLINE_MAX (16u * KiB)
/* A gRPC or WebSocket message up to here is no file, text or not. */
#define TAPE_INLINE_BINARY (2u * KiB)
#define TAPE_FILE_MAX (64u * MiB)	/* tape.yaml itself */
#define TAPE_BODY_MAX (256u * MiB)	/* one body in a file */
#define TAPE_BODIES_MAX (1024u * MiB)	/* all bodies in files */
#define TAPE_STATE_MAX (256u * MiB)	/* all files of its state */

/* A body that the text refers to by hash. */
struct tape_blob {
	char hash[65];
	struct slice bytes;		/* borrowed from the tape */
};
struct tape_blobs {
	struct tape_blob *v;		/* free() it */
	size_t n;
};

/* The text of tape.yaml; `blobs` lists what must be written beside it. */
/* (The files of its state are listed, but not among the blobs.) */
void tape_print(const struct tape *t, struct buf *out,
		struct tape_blobs *blobs);
/* Where an exchange starts in that text: filled when not NULL with 1-based
 * lines by exchange index (for JUnit's `line`). Array of t->nexchanges. */
void tape_print_lines(const struct tape *t, unsigned *lines);

/* Whole folder, or nothing: written to a temporary sibling, synced, renamed.
 * A folder that exists already is replaced the same way, with all that is in
 * it: replay.yaml is to be put (back) by whom it belongs to.
 * `fixtures` is the library, made when it is not there; the folder's name is
 * t->id.  A tape that could not be read back is an error. */
int tape_write(const struct tape *t, const char *fixtures, struct err *e);
/* The same with its replay.yaml in it: nobody sees one without the other. */
struct plan;
int tape_write_with(const struct tape *t, const struct plan *p,
		    const char *fixtures, struct err *e);

/* Reads fixtures/<id> (the folder). Errors carry file:line:column: truncated,
 * conflict markers, wrong version, duplicate ids, negative or backward times,
 * body hash that differs, symbolic links of any kind, over a limit. */
int tape_read(const char *dir, struct tape *out, struct err *e);
/*
 * What stands for a tape's content: hex SHA-256 of its text without carriage
 * returns, so that a checkout with other line ends is the same tape.  Bodies
 * and state are named by their own hashes in that text.
 */
void tape_hash(struct slice text, char out[65]);
/* The text alone, bodies resolved by `load` (tests, fuzzing). */
typedef int tape_load_fn(void *arg, struct arena *a, const char *hash,
			 uint64_t size, struct slice *out, struct err *e);
int tape_parse(const char *name, struct slice text, tape_load_fn *load,
	       void *arg, struct tape *out, struct err *e);

#endif
