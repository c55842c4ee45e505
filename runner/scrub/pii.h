/* Numbers that name people and cards: what is one, and how it is written. */
#ifndef SCRUB_PII_H
#define SCRUB_PII_H

#include <dvr/base/slice.h>

/* The first six digits of a card number with 13 to 19 digits; false if it is
 * none.  NUL-terminated. */
bool pan_bin(struct slice value, char out[7]);
/* With separators between groups of digits? */
bool pan_is_grouped(struct slice value);
/* Issuer, length and check digit (ISO/IEC 7812-1) are right. */
bool pan_is_valid(const char *digits, size_t n);
/* 123-45-6789 or 123456789. */
bool ssn_shaped(struct slice value);

#endif
