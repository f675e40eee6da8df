/* All memory, then all env slots: the errors, that nothing is lost by a call that failed, and that all comes back. */
#include "check.h"

#define FIRST 0x10000000

/* Takes pages until there are none; gives back how many there were. */
static uint32_t take_all(void)
{
	uint32_t count = 0;
	int r;
	while ((r = sys_page_alloc(0, (void *)(FIRST + count * PGSIZE), RW)) == 0)
		count++;
	EQ(r, -E_NO_MEM);
	return count;
}

static void give_back(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (sys_page_unmap(0, (void *)(FIRST + i * PGSIZE)) != 0)
			panic("page_unmap");
}

static void memory(void)
{
	void *last;
	uint32_t first_count = take_all(), count;
	EQ(first_count > 1000, 1);
	for (int i = 0; i < 10; i++) {
		EQ(sys_exofork(), -E_NO_MEM);
		/* No page for a new table, whether for a fresh page or one that is there. */
		EQ(sys_page_map(0, (void *)UTEXT, 0, (void *)0x08000000, RW), -E_NO_MEM);
		EQ(sys_page_alloc(0, (void *)0x08000000, RW), -E_NO_MEM);
	}
	/* One page: it is not lost when the table for it cannot be had. */
	last = (void *)(FIRST + (first_count - 1) * PGSIZE);
	EQ(sys_page_unmap(0, last), 0);
	EQ(sys_page_alloc(0, (void *)0x08000000, RW), -E_NO_MEM);
	EQ(sys_page_alloc(0, last, RW), 0);
	give_back(first_count);
	/* The page tables of the first time are there already. */
	count = take_all();
	EQ(count, first_count);
	give_back(count);
}

static void slots(void)
{
	static envid_t children[NENV];
	for (int round = 0; round < 2; round++) {
		int count = 0;
		while ((children[count] = sys_exofork()) > 0)
			count++;
		if (children[count] == 0)
			for (;;)
				;
		EQ(children[count], -E_NO_FREE_ENV);
		EQ(count, NENV - 1);
		while (count-- > 0)
			if (sys_env_destroy(children[count]) != 0)
				panic("env_destroy");
	}
}

void umain(int argc, char **argv)
{
	memory();
	slots();
	check_done("c_exhaust");
}
