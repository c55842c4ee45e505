/* Builds a tape of HTTP/2 streams and a WebSocket by hand. */
#include "tape_samples.h"

static const char *const call_headers[] = {
	":authority: 127.0.0.1:50051", ":scheme: http",
	"content-type: application/grpc", "grpc-encoding: gzip", NULL
};
static const char *const call_answer[] = { "content-type: application/grpc",
					   NULL };
static const char *const upgrade_headers[] = { "Host: h",
					       "Connection: Upgrade",
					       "Upgrade: websocket", NULL };

static void
add_message(struct exchange *x, const struct stream_message *m)
{
	x->messages[x->nmessages] = *m;
	x->messages[x->nmessages].bytes = m->payload.n;
	if (m->end_us == 0)
		x->messages[x->nmessages].end_us = m->at_us;
	x->nmessages++;
}

static void
fill_call(struct tape *t, struct exchange *x)
{
	*x = (struct exchange){ .id = 1, .conn = 1, .stream = 3,
				.protocol = PROTOCOL_HTTP2 };
	sample_message(t, &x->request, "POST /kv.Kv/Load HTTP/2", call_headers,
		(struct slice){ 0 });
	sample_times(&x->request, 0, 300);
	sample_message(t, &x->response, "HTTP/2 200", call_answer,
		(struct slice){ 0 });
	sample_times(&x->response, 200, 5500);
	x->messages = arena_array(t->arena, 4, sizeof(*x->messages));
	add_message(x, &(struct stream_message){
		.from = FROM_CLIENT, .at_us = 0,
		.payload = SLICE("\n\002k0\022\002v0") });
	add_message(x, &(struct stream_message){
		.from = FROM_CLIENT, .at_us = 100, .end_us = 300,
		.kind = STREAM_COMPRESSED,
		.payload = SLICE("\x1f\x8b\x08") });
	add_message(x, &(struct stream_message){
		.from = FROM_SERVER, .at_us = 200,
		.payload = SLICE("\b\002") });
	add_message(x, &(struct stream_message){
		.from = FROM_SERVER, .at_us = 400, .payload = SLICE("") });
	exchange_join(t->arena, x, FROM_CLIENT, (struct slice){ 0 });
	/* The third answer never came whole. */
	exchange_join(t->arena, x, FROM_SERVER,
		      slice_of("\0\0\0\0\3\b", 6));
	x->request.body_bytes = x->request.body.n;
	x->response.body_bytes = x->response.body.n;
	x->response.end = END_RESET;
	x->response.error = 2;
}

static void
fill_socket(struct tape *t, struct exchange *x)
{
	*x = (struct exchange){ .id = 2, .conn = 2,
				.protocol = PROTOCOL_WEBSOCKET };
	sample_message(t, &x->request, "GET /chat HTTP/1.1", upgrade_headers,
		(struct slice){ 0 });
	sample_times(&x->request, 6000, 6000);
	sample_message(t, &x->response, "HTTP/1.1 101 Switching Protocols",
		upgrade_headers + 1, (struct slice){ 0 });
	sample_times(&x->response, 6100, 9000);
	x->response.framing = FRAMING_TUNNEL;
	x->messages = arena_array(t->arena, 3, sizeof(*x->messages));
	add_message(x, &(struct stream_message){
		.from = FROM_CLIENT, .at_us = 7000, .kind = STREAM_TEXT,
		.payload = SLICE("{\"say\": \"hi, you\"}") });
	add_message(x, &(struct stream_message){
		.from = FROM_SERVER, .at_us = 8000, .kind = STREAM_PING });
	add_message(x, &(struct stream_message){
		.from = FROM_SERVER, .at_us = 9000, .kind = STREAM_CLOSE,
		.code = 1011, .payload = SLICE("internal error") });
}

static void
fill_refused_stream(struct tape *t, struct exchange *x)
{
	*x = (struct exchange){ .id = 3, .conn = 1, .stream = 5,
				.protocol = PROTOCOL_HTTP2 };
	sample_message(t, &x->request, "GET /late HTTP/2", call_headers,
		SLICE("not a message"));
	sample_times(&x->request, 9500, 9600);
	x->request.end = END_RESET;
	x->request.error = 8;
	sample_times(&x->response, 9700, 9700);
	x->response.end = END_GOAWAY;
	x->response.error = 0xbad;
}

void
sample_streams(struct tape *t)
{
	tape_init(t);
	sample_head(t);
	t->trigger = (struct trigger){ TRIGGER_GRPC, 1, 13, { 0 } };
	t->nstate = t->nscrubbed = 0;
	t->log_tail = (struct slice){ 0 };
	t->nexchanges = 3;
	t->exchanges = arena_array(t->arena, 3, sizeof(*t->exchanges));
	fill_call(t, &t->exchanges[0]);
	fill_socket(t, &t->exchanges[1]);
	fill_refused_stream(t, &t->exchanges[2]);
}
