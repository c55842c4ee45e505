/* Rules from the inside: shared by the files that compile and match them. */
#ifndef SCRUB_RULE_SET_H
#define SCRUB_RULE_SET_H

#include "rules.h"

#include <pcre2.h>

#define REPLACE_PARTS 16
#define DEFAULT_CLASS "value"

struct part {			/* of a replace text */
	struct slice text;	/* literal, or the name of a class */
	bool is_class;
	int group;		/* $1 … $9; -1 none */
};

enum rule_kind {
	RULE_REGEX, RULE_FIELD,
	RULE_KEEP,		/* what stands at the place stays */
	RULE_WITHHOLD,		/* what stands at the place is never stored */
	RULE_DETECTOR		/* switches one: nothing to do here */
};

struct rule {
	struct slice name;	/* "dvr.yaml:12" for the tape's list */
	pcre2_code *code;	/* NULL for a rule about places */
	enum rule_kind kind;
	struct place field;
	struct part parts[REPLACE_PARTS];
	size_t nparts, nclasses;
};

struct rules {
	struct rule *v;
	size_t n, nplaces;
	const struct clock *clock;
	struct arena *arena;
	pcre2_match_context *limits;
	pcre2_match_data *match;
};

/* Fills r from the user's entry; ERR_USAGE with file:line:column. */
int rule_compile(struct rules *rs, struct rule *r, const struct scrub_rule *in,
		 struct err *e);

#endif
