/*
 * A strict YAML 1.1 document as a tree with places, over libyaml: the one
 * YAML reader of the project (tapes, replay.yaml, dvr.yaml).  Refused with
 * file:line:column: duplicate keys, aliases and anchors, more than one
 * document, unknown tags (only !!binary is known; it is decoded), depth over
 * YAML_DEPTH_MAX, more than four million values, merge-conflict markers at a
 * line's start (named as such), bytes that are not UTF-8.  Scalars keep their
 * bytes; NUL may occur.  How large a text may be is for the caller to say
 * (fs_read() with a limit).
 */
#ifndef DVR_BASE_YAML_H
#define DVR_BASE_YAML_H

#include <dvr/base/arena.h>
#include <dvr/base/buf.h>
#include <dvr/base/err.h>

#define YAML_DEPTH_MAX 64

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
	enum yaml_kind kind;
	bool plain;		/* unquoted scalar: 7, true, null have meaning */
	unsigned line, column;	/* 1-based */
	struct slice text;	/* scalar */
	struct yaml_node *items;/* list items, or map values */
	struct slice *keys;	/* map only, same order as items */
	struct yaml_place { unsigned line, column; } *key_places; /* map only */
	size_t count;
};

struct yaml_doc {
	const char *name;	/* for messages; borrowed, usually the path */
	struct yaml_node *root;	/* NULL for an empty document */
};

/* Everything lives in `a`; `text` may go afterwards.  `code` is the exit code
 * class for errors (ERR_TAPE or ERR_USAGE): "NAME:line:column: what; what was
 * expected".  *out is not touched on failure. */
int yaml_parse(struct arena *a, const char *name, struct slice text,
	       enum err_code code, struct yaml_doc *out, struct err *e);
/* A map's value, or NULL. */
struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* Sets `e` to "NAME:line:column: text" and returns -1. */
int yaml_error(const struct yaml_doc *d, const struct yaml_node *at,
	       enum err_code code, struct err *e, const char *fmt, ...)
	PRINTF_LIKE(5, 6);
/*
 * Every key of `map` must be in `known` (NULL-terminated); else an error at
 * the key's place that names the nearest known key, or all of them.  `map` is
 * a map.
 */
int yaml_known_keys(const struct yaml_doc *d, const struct yaml_node *map,
		    const char *const *known, enum err_code code,
		    struct err *e);

/*
 * Writing: one scalar, quoted so that yaml_parse() gives the same bytes back
 * and the same bytes always give the same text.  Plain when that is safe and
 * unambiguous, else single- or double-quoted; `!!binary "base64"` when the
 * bytes are not UTF-8.  One line always.
 */
void yaml_put(struct buf *out, struct slice s);
/*
 * As yaml_put() for the value of a key at the left margin, but text of several
 * printable lines becomes a literal block ("|2"), one line each.
 */
void yaml_put_block(struct buf *out, struct slice s);

#endif
