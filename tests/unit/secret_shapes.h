/* Secrets of real formats, made at run time from a description of their shape:
 * no literal of the sources is one. */
#ifndef TESTS_SECRET_SHAPES_H
#define TESTS_SECRET_SHAPES_H

#include <dvr/base/arena.h>

/*
 * Text with drawn parts: `{A36}` stands for 36 characters of an alphabet:
 *   A letters and digits     a lower case and digits   U upper case and digits
 *   L upper-case letters     t letters, digits, - _    b letters, digits, + /
 *   h hex  H upper-case hex  d digits  n digits, no leading 0
 * Each run of parts has a digit and a letter where the alphabet has both.
 * The same shape and seed draw the same text.
 */
struct slice secret_of_shape(struct arena *a, const char *shape,
			     unsigned seed);
/* The digits of `s` with the check digit of Luhn behind them. */
struct slice secret_luhn(struct arena *a, struct slice s);
/* An IBAN of that country with right check digits: mod 97 is 1. */
struct slice secret_iban(struct arena *a, const char *country,
			 struct slice bban);

#endif
