/* cprintf and its kin: %c %s %d %u %x %o %p %e %%, with 0, width, *, precision, l and ll. */
#include "jos.h"

#define va_start __builtin_va_start
#define va_arg __builtin_va_arg
#define va_end __builtin_va_end

typedef void put_t(int c, void *place);

static const char *const error_names[] = {
	"", "unspecified error", "bad environment", "invalid parameter", "out of memory", "out of environments",
	"segmentation fault", "env is not recving", "unexpected end of file",
};

static void put_string(put_t *put, void *place, const char *s, int width, int precision)
{
	int len = 0;
	if (s == NULL)
		s = "(null)";
	while ((precision < 0 || len < precision) && s[len])
		len++;
	for (; width > len; width--)
		put(' ', place);
	for (int i = 0; i < len; i++)
		put(s[i], place);
}

static void put_number(put_t *put, void *place, unsigned long long n, unsigned base, int width, char pad)
{
	char digits[24];
	int len = 0;
	/* 64-bit division would need the compiler's run-time library; base 2^k needs none, and decimal long longs
	 * are only used for values that fit 32 bits. */
	uint32_t shift = base == 16 ? 4 : 3;
	do {
		if (base == 10) {
			digits[len++] = "0123456789"[(uint32_t)n % 10];
			n = (uint32_t)n / 10;
		} else {
			digits[len++] = "0123456789abcdef"[n & (base - 1)];
			n >>= shift;
		}
	} while (n);
	for (; width > len; width--)
		put(pad, place);
	while (len > 0)
		put(digits[--len], place);
}

struct Spec {
	char pad;
	int width, precision, longs;
};

/* Reads flags, width, precision and size; gives back where the verb is. */
static const char *read_spec(const char *f, struct Spec *spec, __builtin_va_list *ap)
{
	int *number = &spec->width;
	*spec = (struct Spec){' ', -1, -1, 0};
	for (;; f++) {
		if (*f == '0' && number == &spec->width && *number < 0)
			spec->pad = '0';
		else if (*f >= '0' && *f <= '9')
			*number = (*number < 0 ? 0 : *number * 10) + *f - '0';
		else if (*f == '*')
			*number = va_arg(*ap, int);
		else if (*f == '.')
			number = &spec->precision;
		else if (*f == 'l')
			spec->longs++;
		else
			return f;
	}
}

static unsigned long long unsigned_argument(struct Spec *spec, __builtin_va_list *ap)
{
	return spec->longs > 1 ? va_arg(*ap, unsigned long long) : va_arg(*ap, unsigned);
}

static void put_signed(put_t *put, void *place, int n, struct Spec *spec)
{
	if (n < 0)
		put('-', place);
	put_number(put, place, n < 0 ? -(unsigned)n : (unsigned)n, 10, spec->width, spec->pad);
}

static void put_error(put_t *put, void *place, int n)
{
	n = n < 0 ? -n : n;
	if (n > 0 && n <= E_EOF) {
		put_string(put, place, error_names[n], -1, -1);
	} else {
		put_string(put, place, "error ", -1, -1);
		put_number(put, place, (unsigned)n, 10, -1, ' ');
	}
}

static void format_all(put_t *put, void *place, const char *f, __builtin_va_list *ap)
{
	struct Spec spec;
	for (; *f; f++) {
		if (*f != '%') {
			put(*f, place);
			continue;
		}
		f = read_spec(f + 1, &spec, ap);
		if (*f == 'c')
			put(va_arg(*ap, int), place);
		else if (*f == 's')
			put_string(put, place, va_arg(*ap, const char *), spec.width, spec.precision);
		else if (*f == 'd')
			put_signed(put, place, va_arg(*ap, int), &spec);
		else if (*f == 'u')
			put_number(put, place, unsigned_argument(&spec, ap), 10, spec.width, spec.pad);
		else if (*f == 'x')
			put_number(put, place, unsigned_argument(&spec, ap), 16, spec.width, spec.pad);
		else if (*f == 'o')
			put_number(put, place, unsigned_argument(&spec, ap), 8, spec.width, spec.pad);
		else if (*f == 'e')
			put_error(put, place, va_arg(*ap, int));
		else if (*f == 'p') {
			put_string(put, place, "0x", -1, -1);
			put_number(put, place, va_arg(*ap, unsigned), 16, spec.width, spec.pad);
		} else
			put(*f, place);
	}
}

struct Pending {
	int used, total;
	char bytes[256];
};

static void put_pending(int c, void *place)
{
	struct Pending *pending = place;
	pending->bytes[pending->used++] = c;
	pending->total++;
	if (pending->used == 255) {
		sys_cputs(pending->bytes, pending->used);
		pending->used = 0;
	}
}

static int vcprintf(const char *format, __builtin_va_list *ap)
{
	struct Pending pending;
	pending.used = pending.total = 0;
	format_all(put_pending, &pending, format, ap);
	/* Even when nothing is left: a call of length 0, as in JOS. */
	sys_cputs(pending.bytes, pending.used);
	return pending.total;
}

int cprintf(const char *format, ...)
{
	__builtin_va_list ap;
	va_start(ap, format);
	int total = vcprintf(format, &ap);
	va_end(ap);
	return total;
}

struct Buffer {
	char *next, *last;
	int total;
};

static void put_buffer(int c, void *place)
{
	struct Buffer *buffer = place;
	buffer->total++;
	if (buffer->next < buffer->last)
		*buffer->next++ = c;
}

int snprintf(char *bytes, int size, const char *format, ...)
{
	struct Buffer buffer = {bytes, bytes + size - 1, 0};
	__builtin_va_list ap;
	if (bytes == NULL || size < 1)
		return -E_INVAL;
	va_start(ap, format);
	format_all(put_buffer, &buffer, format, &ap);
	va_end(ap);
	*buffer.next = '\0';
	return buffer.total;
}

void _panic(const char *file, int line, const char *format, ...)
{
	__builtin_va_list ap;
	va_start(ap, format);
	cprintf("[%08x] user panic in %s at %s:%d: ", sys_getenvid(), binaryname, file, line);
	vcprintf(format, &ap);
	cprintf("\n");
	for (;;)
		asm volatile("int3");
}
