/* Typed reading of single YAML values; each error names place and what fits. */
#ifndef CLI_CONFIG_VALUES_H
#define CLI_CONFIG_VALUES_H

#include <dvr/base/yaml.h>

struct reader {
	const struct yaml_doc *doc;
	struct arena *arena;
	struct err *e;
};

/* All take a node that may be NULL (key absent): 0 and *out untouched. */
int value_string(struct reader *r, const struct yaml_node *n, char **out);
int value_bool(struct reader *r, const struct yaml_node *n, bool *out);
int value_uint(struct reader *r, const struct yaml_node *n, uint64_t max,
	       unsigned *out);
int value_duration(struct reader *r, const struct yaml_node *n, uint64_t *ns);
int value_size(struct reader *r, const struct yaml_node *n, size_t *bytes);
/* One of `names` (NULL-terminated); *out gets its index. */
int value_choice(struct reader *r, const struct yaml_node *n,
		 const char *const *names, unsigned *out);
/* NULL-terminated array of strings; a single scalar is a list of one. */
int value_strings(struct reader *r, const struct yaml_node *n, char ***out);
/* Must be a map with known keys / a list; absent is fine. */
int value_map(struct reader *r, const struct yaml_node *n, const char *what,
	      const char *const *known);
int value_list(struct reader *r, const struct yaml_node *n, const char *what);

#endif
