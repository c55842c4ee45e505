/* Reading replay.yaml: values, and the lists that `dvr update` writes. */
#ifndef DVR_TAPE_PLAN_VALUES_PRIVATE_H
#define DVR_TAPE_PLAN_VALUES_PRIVATE_H

#include "reader.h"

read_fn plan_value_name;	/* text, not empty */
read_fn plan_value_date;	/* YYYY-MM-DD */
read_fn plan_value_place;	/* one value of one exchange */
/* A list, or nothing behind its key. */
int plan_value_list(struct reader *r, const struct yaml_node *n,
		    const struct reader_list *what, void **v, size_t *count);

/* plan_updates.c: into a struct plan. */
read_fn plan_value_edits;
read_fn plan_value_changes;

#endif
