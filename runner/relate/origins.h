/* Who said a text first, and which answer said it last. */
#ifndef RELATE_ORIGINS_H
#define RELATE_ORIGINS_H

#include <dvr/field/field.h>

struct producer {
	uint32_t exchange;
	struct place place;
	struct slice take;
	unsigned rank;		/* within one answer the highest stands */
};

struct origin;

struct origins {
	struct arena *arena;
	struct origin **slots;	/* by hash; a power of two */
	size_t nslots, n;
};

/* Texts and places are borrowed and must live as long as `a`. */
void origins_init(struct origins *o, struct arena *a);
/* A short text counts within the scope of its names alone, others in "". */
void origins_produced(struct origins *o, struct slice scope,
		      struct slice text, const struct producer *p);
void origins_sent(struct origins *o, struct slice scope, struct slice text);
/* The last producer; NULL: none, or a client said it first. */
const struct producer *origins_find(const struct origins *o,
				    struct slice scope, struct slice text);

#endif
