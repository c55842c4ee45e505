/* Days, as people write them in decisions: YYYY-MM-DD, UTC. */
#ifndef CLI_DATE_H
#define CLI_DATE_H

#include <dvr/base/err.h>

#define DATE_MAX 11

void date_today(char out[DATE_MAX]);
/* A day from today on: "2026-12-24", or "14d" for in fourteen days. */
int date_until(const char *word, char out[DATE_MAX], struct err *e);
/* Whole days from `date` to today; negative when it is to come, 0 for what is
 * no date. */
int date_age(struct slice date);

#endif
