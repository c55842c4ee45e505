/* Heap memory that is there or the program is not. */
#include <dvr/base/mem.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void
out_of_memory(size_t n)
{
	fprintf(stderr, "dvr: out of memory (%zu bytes)\n", n);
	abort();
}

static size_t
bytes_of(size_t count, size_t size)
{
	size_t n;

	if (__builtin_mul_overflow(count, size, &n))
		out_of_memory(SIZE_MAX);
	/* malloc(0) may be NULL, which would read as a failure. */
	return n > 0 ? n : 1;
}

void *
mem_alloc(size_t n)
{
	return mem_array(1, n);
}

void *
mem_array(size_t count, size_t size)
{
	size_t n = bytes_of(count, size);
	void *p = calloc(1, n);

	if (!p)
		out_of_memory(n);
	return p;
}

void *
mem_grow(void *p, size_t count, size_t size)
{
	size_t n = bytes_of(count, size);
	void *grown = realloc(p, n);

	if (!grown)
		out_of_memory(n);
	return grown;
}

char *
mem_strdup(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(mem_alloc(n), s, n);
}
