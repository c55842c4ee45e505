/* Read before every source by clang-tidy alone: its analyzer looks at one
 * file at a time and would not know that an error is -1. */
#include <dvr/base/err.h>
#include <dvr/base/yaml.h>

#define err_set(...) (err_set(__VA_ARGS__), -1)
#define err_sys(...) (err_sys(__VA_ARGS__), -1)
#define err_prefix(...) (err_prefix(__VA_ARGS__), -1)
#define yaml_error(...) (yaml_error(__VA_ARGS__), -1)
