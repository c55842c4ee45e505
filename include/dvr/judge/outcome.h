/* How an exchange ended, in one small value that can be compared. */
#ifndef DVR_JUDGE_OUTCOME_H
#define DVR_JUDGE_OUTCOME_H

#include <dvr/tape/tape.h>

enum outcome_kind { OUTCOME_STATUS, OUTCOME_RESET, OUTCOME_REFUSED,
	OUTCOME_TIMEOUT, OUTCOME_ABORTED /* by the client */, OUTCOME_OPEN };

struct outcome {
	enum outcome_kind kind;
	unsigned status;	/* OUTCOME_STATUS; also set when it was cut */
	bool body_errors;	/* GraphQL: 200 with a non-empty "errors" */
	bool is_grpc;		/* a call that was answered with a status … */
	unsigned grpc;		/* … this one */
	bool is_socket;		/* a WebSocket was opened … */
	unsigned close;		/* … and closed by its server with this code
				 * (1005: with none); 0: not by the server */
};

struct outcome outcome_of(const struct exchange *x);
bool outcome_eq(const struct outcome *a, const struct outcome *b);
/* 5xx, a gRPC status of UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE or
 * DATA_LOSS, a WebSocket's close with 1011 and the like, reset, refused,
 * time-out. */
bool outcome_failed(const struct outcome *o);
/* An answer that may hide that nothing was tried at all: 3xx, 401, 403, 404,
 * 405, gRPC's NOT_FOUND and the like, errors in a 200. */
bool outcome_dubious(const struct outcome *o);
/* "500", "connection reset", "200 with errors", "200 INTERNAL" … Returns `out`. */
const char *outcome_text(const struct outcome *o, char out[48]);

#endif
