/* Classes of ASCII characters, whatever the locale says. */
#ifndef DVR_BASE_ASCII_H
#define DVR_BASE_ASCII_H

#include <stdbool.h>

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static inline bool
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static inline bool
is_letter(char c)
{
	return is_upper(c) || is_lower(c);
}

static inline bool
is_alnum(char c)
{
	return is_digit(c) || is_letter(c);
}

static inline bool
is_hex_digit(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

#endif
