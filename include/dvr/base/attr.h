/* Compiler attributes and the one array-length macro. */
#ifndef DVR_BASE_ATTR_H
#define DVR_BASE_ATTR_H

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define NODISCARD __attribute__((warn_unused_result))
#define UNUSED __attribute__((unused))

#endif
