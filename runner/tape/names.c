/* The words that tapes and plans use for the model's enums. */
#include "names.h"

#include <dvr/tape/plan.h>

const char *const framing_names[] = {
	[FRAMING_NONE] = "none",       [FRAMING_LENGTH] = "length",
	[FRAMING_CHUNKED] = "chunked", [FRAMING_CLOSE] = "close",
	[FRAMING_TUNNEL] = "tunnel",   [FRAMING_STREAM] = "stream", NULL,
};

const char *const message_end_names[] = {
	[END_COMPLETE] = "complete",
	[END_FIN] = "fin",
	[END_RST] = "rst",
	[END_OPEN] = "open",
	[END_REFUSED] = "refused",
	[END_TIMEOUT] = "timeout",
	[END_RESET] = "reset",
	[END_GOAWAY] = "goaway",
	NULL,
};

const char *const protocol_names[] = {
	[PROTOCOL_HTTP1] = "http/1.1",
	[PROTOCOL_HTTP2] = "h2",
	[PROTOCOL_WEBSOCKET] = "websocket",
	NULL,
};

const char *const sender_names[] = {
	[FROM_CLIENT] = "client",
	[FROM_SERVER] = "server",
	NULL,
};

const char *const stream_kind_names[] = {
	[STREAM_PLAIN] = "plain", [STREAM_COMPRESSED] = "compressed",
	[STREAM_TEXT] = "text",   [STREAM_BINARY] = "binary",
	[STREAM_CLOSE] = "close", [STREAM_PING] = "ping",
	[STREAM_PONG] = "pong",   NULL,
};

/* RFC 9113 §7, by code. */
const char *const http2_error_names[] = {
	"NO_ERROR",
	"PROTOCOL_ERROR",
	"INTERNAL_ERROR",
	"FLOW_CONTROL_ERROR",
	"SETTINGS_TIMEOUT",
	"STREAM_CLOSED",
	"FRAME_SIZE_ERROR",
	"REFUSED_STREAM",
	"CANCEL",
	"COMPRESSION_ERROR",
	"CONNECT_ERROR",
	"ENHANCE_YOUR_CALM",
	"INADEQUATE_SECURITY",
	"HTTP_1_1_REQUIRED",
	NULL,
};
#define HTTP2_ERROR_COUNT (ARRAY_LEN(http2_error_names) - 1)

const char *const lane_role_names[] = {
	[LANE_INGRESS] = "ingress",
	[LANE_EGRESS] = "egress",
	NULL,
};

const char *const trigger_kind_names[] = {
	[TRIGGER_STATUS] = "on_status",
	[TRIGGER_EXIT] = "on_exit",
	[TRIGGER_SIGNAL] = "on_signal",
	[TRIGGER_RESET] = "on_reset",
	[TRIGGER_LOG] = "on_log",
	[TRIGGER_TIMEOUT] = "on_timeout",
	[TRIGGER_SESSION] = "on_session",
	[TRIGGER_SUITE] = "on_suite",
	[TRIGGER_GRPC] = "on_grpc_status",
	[TRIGGER_CLOSE] = "on_close",
	NULL,
};

const char *const token_coding_names[] = {
	[TOKEN_JWT] = "jwt",
	[TOKEN_BASE64] = "base64",
	[TOKEN_BASE64URL] = "base64url",
	NULL,
};

const char *
trigger_kind_name(enum trigger_kind k)
{
	return trigger_kind_names[k];
}

const char *
message_end_name(enum message_end e)
{
	return message_end_names[e];
}

const char *
protocol_name(enum protocol p)
{
	return protocol_names[p];
}

const char *
http2_error_name(uint32_t code)
{
	return code < HTTP2_ERROR_COUNT ? http2_error_names[code] : NULL;
}

const char *const expect_names[] = {
	[EXPECT_FIXED] = "fixed",
	[EXPECT_SAME] = "same",
	[EXPECT_BROKEN] = "broken",
	[EXPECT_QUARANTINED] = "quarantined",
	NULL,
};

const char *
expect_name(enum expect x)
{
	return expect_names[x];
}

/* How a bound value stands in its request. */
const char *const plan_as_names[] = {
	[AS_IS] = "is",
	[AS_BASE64] = "base64",
	[AS_BASE64URL] = "base64url",
	[AS_PERCENT] = "percent",
	NULL,
};
