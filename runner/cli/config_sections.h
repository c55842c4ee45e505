/* The sections of spec that say what is recorded (config_capture.c). */
#ifndef CLI_CONFIG_SECTIONS_H
#define CLI_CONFIG_SECTIONS_H

#include "config.h"
#include "config_values.h"

/* Each takes its node, which may be NULL (absent: the defaults stand). */
int read_lanes(struct reader *r, const struct yaml_node *n,
		struct config *c);	/* config_lanes.c */
int read_capture(struct reader *r, const struct yaml_node *n,
		struct config *c);
int read_sessions(struct reader *r, const struct yaml_node *n,
		struct config *c);
int read_triggers(struct reader *r, const struct yaml_node *n,
		struct config *c);
int read_ignore(struct reader *r, const struct yaml_node *n,
		struct config *c);
int read_sanitization(struct reader *r, const struct yaml_node *n,
		struct config *c);
/* config_state.c; needs service and capture, which stand before it. */
int read_state(struct reader *r, const struct yaml_node *n,
		struct config *c);
int read_masks(struct reader *r, const struct yaml_node *n,
		struct config *c);
/* config_secrets.c */
int read_secrets(struct reader *r, const struct yaml_node *n,
		struct config *c);
int read_resign(struct reader *r, const struct yaml_node *n,
		struct config *c);
int read_tokens(struct reader *r, const struct yaml_node *n,
		struct config *c);
/* config_protobuf.c */
int read_protobuf(struct reader *r, const struct yaml_node *n,
		struct config *c);

#endif
