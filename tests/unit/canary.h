/* Canaries: a secret for each detector, and everything that may carry one. */
#ifndef TESTS_CANARY_H
#define TESTS_CANARY_H

#include "scrub_rig.h"


struct canary_kind {
	const char *detector;
	const char *key;	/* of the field that tells it, or NULL: it is
				 * told by its look */
	const char *shape;	/* of the secret; NULL: made with check digits,
				 * or in a coding */
	const char *text;	/* around it, '^' for the secret; NULL: alone */
};

extern const struct canary_kind canary_kinds[];
extern const size_t canary_kind_count;

/* The secret of that kind; another one for each seed. */
struct slice canary_secret(struct rig *r, const struct canary_kind *k,
			   unsigned seed);

/* How the value is written where the carrier has it. */
enum canary_form { AS_IS, IN_URL, IN_FORM, EACH_BYTE_PERCENT, IN_JSON,
	IN_JSON_TWICE, EACH_BYTE_U, IN_XML, EACH_BYTE_XML, AS_BASE64,
	AS_BASE64URL, AS_HEX };

/* What is done to the body, or where it is put. */
enum canary_wrap { WRAP_NONE, WRAP_GZIP, WRAP_GZIP_TWICE, WRAP_CUT_GZIP,
	WRAP_DEFLATE, WRAP_BROTLI, WRAP_ZSTD, WRAP_CHUNKED, WRAP_BASE64,
	WRAP_BASE64_STRING, WRAP_PERCENT, WRAP_TRAILER, WRAP_ANSWER,
	WRAP_PROTOBUF, WRAP_PROTOBUF_NUMBER, WRAP_GRPC, WRAP_GRPC_GZIP,
	WRAP_WEBSOCKET, WRAP_LOG, WRAP_DETAIL, WRAP_STATE, WRAP_KNOWN };

enum canary_needs { ANY_VALUE, BY_LOOK, DIGITS_ONLY, DIGITS_BY_LOOK };

/* %K is the key, %V the value, in head and body. */
struct canary_carrier {
	const char *name;
	const char *head, *body;
	enum canary_form form;
	enum canary_wrap wrap;
	enum canary_needs needs;
};

extern const struct canary_carrier canary_carriers[];
extern const size_t canary_carrier_count;

struct canary {
	const struct canary_kind *kind;
	const struct canary_carrier *by;
	struct slice secret, key, value;
};

/* Puts it into the rig's recording; false: the carrier has no such values. */
bool canary_send(struct rig *r, const struct canary *c);
/* Does the rig's tape hold it, in whatever coding?  Exchange 0: outside of
 * exchanges. */
bool canary_left(struct rig *r, const struct canary *c, uint32_t exchange);

#endif
