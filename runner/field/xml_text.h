/* Text of XML documents: references undone and made. */
#ifndef FIELD_XML_TEXT_H
#define FIELD_XML_TEXT_H

#include <dvr/base/arena.h>
#include <dvr/base/buf.h>

bool xml_is_space(char c);
bool xml_is_blank(struct slice s);
/* What `s`, an attribute's or an element's inside, stands for: references
 * and CDATA undone, comments left out; `s` itself where nothing is.
 * References to entities of the document's own stay as they are written:
 * nothing is ever expanded. */
struct slice xml_unescape(struct arena *a, struct slice s);
void xml_escape(struct slice s, struct buf *out);

#endif
