/* Strings and memory. -fno-builtin and -nostdlib: even the compiler's own memcpy calls end here. */
#include "jos.h"

size_t strlen(const char *s)
{
	size_t len = 0;
	while (s[len])
		len++;
	return len;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (uint8_t)*a - (uint8_t)*b;
}

void *memset(void *to, int byte, size_t len)
{
	void *start = to;
	asm volatile("cld; rep stosb" : "+D"(to), "+c"(len) : "a"(byte) : "cc", "memory");
	return start;
}

/* With the string instructions, as JOS has it: backwards means a direction flag that is set for a while, which
 * must not reach the kernel's own code when a page fault or an interrupt comes in the middle. */
void *memmove(void *to, const void *from, size_t len)
{
	void *start = to;
	if (from < to && (const char *)from + len > (const char *)to) {
		to = (char *)to + len - 1;
		from = (const char *)from + len - 1;
		asm volatile("std; rep movsb; cld" : "+D"(to), "+S"(from), "+c"(len) : : "cc", "memory");
	} else {
		asm volatile("cld; rep movsb" : "+D"(to), "+S"(from), "+c"(len) : : "cc", "memory");
	}
	return start;
}

void *memcpy(void *to, const void *from, size_t len)
{
	return memmove(to, from, len);
}

int memcmp(const void *a, const void *b, size_t len)
{
	const uint8_t *x = a, *y = b;
	for (; len > 0; len--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}
