/* The words that tapes and plans use for the model's enums. */
#include "names.h"

#include <dvr/tape/plan.h>

const char *const framing_names[] = {
	[FRAMING_NONE] = "none",       [FRAMING_LENGTH] = "length",
	[FRAMING_CHUNKED] = "chunked", [FRAMING_CLOSE] = "close",
	[FRAMING_TUNNEL] = "tunnel",   NULL,
};

const char *const message_end_names[] = {
	[END_COMPLETE] = "complete",
	[END_FIN] = "fin",
	[END_RST] = "rst",
	[END_OPEN] = "open",
	[END_REFUSED] = "refused",
	[END_TIMEOUT] = "timeout",
	NULL,
};

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
