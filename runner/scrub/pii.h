/* Numbers that name people, cards and accounts: what is one, and how it is
 * written. */
#ifndef SCRUB_PII_H
#define SCRUB_PII_H

#include <dvr/base/slice.h>

/* The sum that a check digit makes a multiple of ten (ISO/IEC 7812-1). */
unsigned luhn_sum(const char *digits, size_t n);
/* The first six digits of a card number with 13 to 19 digits; false if it is
 * none.  NUL-terminated. */
bool pan_bin(struct slice value, char out[7]);
/* With separators between groups of digits? */
bool pan_is_grouped(struct slice value);
/* Issuer, length and check digit (ISO/IEC 7812-1) are right. */
bool pan_is_valid(const char *digits, size_t n);
/* 123-45-6789 or 123456789. */
bool ssn_shaped(struct slice value);
/* Where the IBAN at `at` ends, 0 when there is none: country, length and check
 * digits (ISO 13616) are right. */
size_t iban_at(struct slice text, size_t at);
/* A routing number of an American bank. */
bool aba_is_valid(struct slice value);
/* 15 digits, with or without groups, the last one right. */
bool imei_is_valid(struct slice value);
/* 7 to 15 digits with what stands between them in phone numbers. */
bool phone_shaped(struct slice value);
/* A public address that may be somebody's; its length or 0. */
bool ipv4_is_public(struct slice value);
bool ipv6_is_public(struct slice value);

#endif
