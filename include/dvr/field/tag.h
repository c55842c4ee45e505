/* Names and values that a tag of a page or of XML has in its attributes. */
#ifndef DVR_FIELD_TAG_H
#define DVR_FIELD_TAG_H

#include <dvr/base/slice.h>

/* Of the text behind a '<': the attribute `name` (or `key`) and `value` (or
 * `content`), which is empty when there is none.  False without a name. */
bool field_tag_pair(struct slice tag, struct slice *key, struct slice *value);

#endif
