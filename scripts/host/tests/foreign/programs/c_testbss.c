/* 4 MiB of bss: zero at first, then memory like any other; and nothing behind it. */
#include "jos.h"

#define WORDS (1024 * 1024)

static uint32_t words[WORDS];

void umain(int argc, char **argv)
{
	cprintf("Making sure bss works right...\n");
	for (uint32_t i = 0; i < WORDS; i++)
		if (words[i] != 0)
			panic("word %d is not cleared", i);
	for (uint32_t i = 0; i < WORDS; i++)
		words[i] = i;
	for (uint32_t i = 0; i < WORDS; i++)
		if (words[i] != i)
			panic("word %d does not hold its value", i);
	cprintf("Yes, good.  Now doing a wild write off the end...\n");
	((volatile uint32_t *)words)[WORDS + 1024] = 0;
	panic("there is memory behind the bss");
}
