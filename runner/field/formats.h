/* The walkers, as the table of formats knows them. */
#ifndef FIELD_FORMATS_H
#define FIELD_FORMATS_H

#include <dvr/field/field.h>

/* Appends "/key" with '~' and '/' escaped (RFC 6901 §3). */
void pointer_add(struct buf *out, struct slice key);

extern const struct field_format field_json;
extern const struct field_format field_form;
extern const struct field_format field_query;
extern const struct field_format field_cookie;
extern const struct field_format field_multipart;
extern const struct field_format field_xml;
extern const struct field_format field_protobuf;
extern const struct field_format field_grpc;
extern const struct field_format field_jwt;
extern const struct field_format field_lines;
extern const struct field_format field_events;
extern const struct field_format field_html;
extern const struct field_format field_sqldump;

#endif
