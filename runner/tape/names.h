/* How tape and plan spell the model's enums: each list by value, then NULL. */
#ifndef DVR_TAPE_NAMES_PRIVATE_H
#define DVR_TAPE_NAMES_PRIVATE_H

extern const char *const framing_names[];
extern const char *const message_end_names[];
extern const char *const lane_role_names[];
extern const char *const trigger_kind_names[];
extern const char *const protocol_names[];
extern const char *const sender_names[];
extern const char *const stream_kind_names[];
extern const char *const http2_error_names[]; /* by code, then NULL */
extern const char *const token_coding_names[];
extern const char *const expect_names[];
extern const char *const plan_as_names[];

#endif
