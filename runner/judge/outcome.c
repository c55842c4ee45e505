/* Reads off an exchange how it ended. */
#include <dvr/judge/outcome.h>

#include <dvr/field/field.h>
#include <dvr/tape/payload.h>
#include <dvr/wire/grpc.h>
#include <dvr/wire/websocket.h>

#include <stdio.h>

/* Bodies above this are not searched for GraphQL errors (bytes): answers that
 * large are data, and the recorder asks for every exchange. */
#define ERRORS_BODY_MAX (1u * MiB)
/* RFC 6455 §7.4.1: what a close frame without a code stands for. */
#define CLOSE_WITHOUT_CODE 1005u

static int
see_error(void *arg, const struct field *f)
{
	bool *found = arg;

	/* Its first element: the list is there and not empty. */
	if (slice_eq(f->place, SLICE("/errors/0")))
		*found = true;
	return *found;
}

/* GraphQL (October 2021, §7.1): a failed operation is a 200 with "errors". */
static bool
has_body_errors(const struct message *m)
{
	const struct field_format *json = field_format_named("json");
	const struct header *type = headers_find(&m->headers, "content-type");
	struct slice body;
	struct arena *a;
	bool found = false;

	if (m->body.n == 0 || m->body.n > ERRORS_BODY_MAX || !type ||
	    field_format_for(type->value) != json)
		return false;
	a = arena_create();
	if (message_plain(a, m, ERRORS_BODY_MAX, &body) &&
	    slice_find(body, SLICE("\"errors\"")) >= 0 &&
	    json->walk(a, body, see_error, &found) != FIELD_OK)
		found = false;
	arena_wipe(a);
	return found;
}

static bool
is_cut(enum message_end e)
{
	return e == END_FIN || e == END_RST || e == END_RESET ||
	       e == END_GOAWAY;
}

/* The first goodbye on a WebSocket, or NULL. */
static const struct stream_message *
goodbye(const struct exchange *x)
{
	if (x->protocol != PROTOCOL_WEBSOCKET)
		return NULL;
	for (size_t i = 0; i < x->nmessages; i++)
		if (x->messages[i].kind == STREAM_CLOSE)
			return &x->messages[i];
	return NULL;
}

static void
add_close(const struct exchange *x, struct outcome *o)
{
	const struct stream_message *m = goodbye(x);

	o->is_socket = x->protocol == PROTOCOL_WEBSOCKET && o->status == 101;
	if (m && m->from == FROM_SERVER)
		o->close = m->code > 0 ? m->code : CLOSE_WITHOUT_CODE;
}

static enum outcome_kind
kind_of(const struct exchange *x)
{
	/* It is as good as ended. */
	if (x->response.end == END_OPEN && goodbye(x))
		return OUTCOME_STATUS;
	switch (x->response.end) {
	case END_COMPLETE:
		if (x->response.present)
			return OUTCOME_STATUS;
		return is_cut(x->request.end) ? OUTCOME_ABORTED : OUTCOME_OPEN;
	case END_FIN:
	case END_RST:
	case END_RESET:
	case END_GOAWAY:
		return is_cut(x->request.end) ? OUTCOME_ABORTED : OUTCOME_RESET;
	case END_OPEN:
		return is_cut(x->request.end) ? OUTCOME_ABORTED : OUTCOME_OPEN;
	case END_REFUSED:
		return OUTCOME_REFUSED;
	case END_TIMEOUT:
		return OUTCOME_TIMEOUT;
	}
	return OUTCOME_OPEN;
}

/* In the trailers, or in the head of an answer that has nothing else. */
static void
add_grpc_status(const struct exchange *x, struct outcome *o)
{
	const struct header *f =
		headers_find(&x->response.trailers, "grpc-status");
	uint64_t v;

	if (!f)
		f = headers_find(&x->response.headers, "grpc-status");
	if (x->protocol != PROTOCOL_HTTP2 || !f ||
	    slice_uint(f->value, UINT16_MAX, &v) < 0)
		return;
	o->is_grpc = true;
	o->grpc = (unsigned)v;
}

/* Those that say that the service failed, not that it was asked wrongly. */
static bool
is_grpc_failure(unsigned status)
{
	static const unsigned failures[] = { GRPC_UNKNOWN,
		GRPC_DEADLINE_EXCEEDED, GRPC_INTERNAL, GRPC_UNAVAILABLE,
		GRPC_DATA_LOSS };

	for (size_t i = 0; i < ARRAY_LEN(failures); i++)
		if (status == failures[i])
			return true;
	return false;
}

struct outcome
outcome_of(const struct exchange *x)
{
	struct outcome o = { .kind = kind_of(x) };

	if (x->response.present)
		o.status = message_status(&x->response);
	if (o.kind == OUTCOME_STATUS && o.status == 200)
		o.body_errors = has_body_errors(&x->response);
	if (o.kind == OUTCOME_STATUS)
		add_grpc_status(x, &o);
	add_close(x, &o);
	return o;
}

bool
outcome_eq(const struct outcome *a, const struct outcome *b)
{
	if (a->kind != b->kind)
		return false;
	/* How far a cut answer got is a matter of chance. */
	if (a->kind != OUTCOME_STATUS)
		return true;
	return a->status == b->status && a->body_errors == b->body_errors &&
	       a->is_grpc == b->is_grpc && a->grpc == b->grpc &&
	       a->is_socket == b->is_socket && a->close == b->close;
}

bool
outcome_failed(const struct outcome *o)
{
	switch (o->kind) {
	case OUTCOME_STATUS:
		return (o->status >= 500 && o->status <= 599) ||
		       (o->is_grpc && is_grpc_failure(o->grpc)) ||
		       websocket_code_failed(o->close);
	case OUTCOME_RESET:
	case OUTCOME_REFUSED:
	case OUTCOME_TIMEOUT:
		return true;
	case OUTCOME_ABORTED:
	case OUTCOME_OPEN:
		return false;
	}
	return true;
}

/* In gRPC's words. */
static bool
is_grpc_refusal(const struct outcome *o)
{
	return o->is_grpc && (o->grpc == GRPC_NOT_FOUND ||
			      o->grpc == GRPC_PERMISSION_DENIED ||
			      o->grpc == GRPC_UNIMPLEMENTED ||
			      o->grpc == GRPC_UNAUTHENTICATED);
}

bool
outcome_dubious(const struct outcome *o)
{
	return (o->status < 200 && !o->is_socket) || (o->status >= 300 && o->status <= 399) ||
	       o->status == 401 || (o->status >= 403 && o->status <= 405) ||
	       o->body_errors || is_grpc_refusal(o);
}

static void
status_text(const struct outcome *o, char out[48])
{
	const char *name = o->is_grpc ? grpc_status_name(o->grpc) : NULL;

	if (name)
		snprintf(out, 48, "%u %s", o->status, name);
	else if (o->close > 0)
		snprintf(out, 48, "%u closed with %u", o->status, o->close);
	else if (o->is_grpc)
		snprintf(out, 48, "%u grpc-status %u", o->status, o->grpc);
	else
		snprintf(out, 48, "%u%s", o->status,
			 o->body_errors ? " with errors" : "");
}

const char *
outcome_text(const struct outcome *o, char out[48])
{
	const char *word = "no answer";

	switch (o->kind) {
	case OUTCOME_STATUS:
		status_text(o, out);
		return out;
	case OUTCOME_RESET:
		word = "connection reset";
		break;
	case OUTCOME_REFUSED:
		word = "connection refused";
		break;
	case OUTCOME_TIMEOUT:
		word = "time-out";
		break;
	case OUTCOME_ABORTED:
		word = "aborted by the client";
		break;
	case OUTCOME_OPEN:
		break;
	}
	if (o->status && o->kind == OUTCOME_RESET)
		snprintf(out, 48, "connection reset in a %u", o->status);
	else
		snprintf(out, 48, "%s", word);
	return out;
}
