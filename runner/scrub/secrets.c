/* Names of the kinds of signatures (see secrets.h). */
#include <dvr/scrub/secrets.h>

const char *const resign_kind_names[] = {
	[RESIGN_GITHUB] = "github", [RESIGN_STRIPE] = "stripe",
	[RESIGN_SLACK] = "slack",   [RESIGN_HMAC] = "hmac",
	[RESIGN_AZURE] = "azure",   [RESIGN_AWS] = "aws",
	[RESIGN_JWT] = "jwt",	    NULL,
};

struct slice
resign_rule_header(const struct resign_rule *r)
{
	switch (r->kind) {
	case RESIGN_GITHUB:
		return SLICE("x-hub-signature-256");
	case RESIGN_STRIPE:
		return SLICE("stripe-signature");
	case RESIGN_SLACK:
		return SLICE("x-slack-signature");
	case RESIGN_HMAC:
		return slice_str(r->header);
	case RESIGN_AZURE:
	case RESIGN_AWS:
		return SLICE("authorization");
	case RESIGN_JWT:
		break;
	}
	return SLICE("");
}
