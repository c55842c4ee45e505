/* Heap memory that never comes back NULL: out of memory aborts, with a line. */
#ifndef DVR_BASE_MEM_H
#define DVR_BASE_MEM_H

#include <stddef.h>

/* Zeroed; free with free(). */
void *mem_alloc(size_t n);
void *mem_array(size_t count, size_t size);
void *mem_grow(void *p, size_t count, size_t size);
char *mem_strdup(const char *s);

#endif
