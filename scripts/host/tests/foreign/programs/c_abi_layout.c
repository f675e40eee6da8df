/* The read-only windows: the record of an env byte by byte, pages, and one's own page tables. */
#include "check.h"

static uint32_t word(envid_t id, uint32_t offset)
{
	return *(const volatile uint32_t *)(UENVS + ENVX(id) * 124 + offset);
}

static void record_of_self(envid_t self)
{
	EQ(sizeof(struct Env), 124);
	EQ(&envs[3], UENVS + 3 * 124);
	EQ(word(self, 72), self);
	EQ(word(self, 76), 0);
	EQ(word(self, 80), 0);
	EQ(word(self, 84), ENV_RUNNING);
	EQ(word(self, 92) < 256, 1);
	EQ(word(self, 96) >= KERNBASE, 1);
	EQ(word(self, 100), 0);
	EQ(word(self, 104), 0);
	EQ(sys_env_set_pgfault_upcall(0, (void *)0x12345678), 0);
	EQ(word(self, 100), 0x12345678);
	EQ(sys_env_set_pgfault_upcall(0, NULL), 0);
	EQ(self & 0xc00, 0);
	EQ(self >= 0x1000, 1);
	EQ(word(NENV - 1, 72), 0);
	EQ(word(NENV - 1, 84), ENV_FREE);
}

/* A child that has not run shows the registers it will start with. */
static void record_of_child(envid_t self)
{
	uint32_t esp;
	envid_t child;
	asm volatile("movl %%esp, %0" : "=r"(esp));
	child = sys_exofork();
	if (child == 0)
		for (;;)
			;
	EQ(word(child, 72), child);
	EQ(word(child, 76), self);
	EQ(word(child, 80), 0);
	EQ(word(child, 84), ENV_NOT_RUNNABLE);
	EQ(word(child, 88), 0);
	EQ(word(child, 100), 0);
	EQ(word(child, 104), 0);
	EQ(word(child, 28), 0);
	EQ(word(child, 32) & 0xffff, 0x23);
	EQ(word(child, 36) & 0xffff, 0x23);
	EQ(word(child, 40), 48);
	EQ(word(child, 44), 0);
	EQ(word(child, 48) >= UTEXT && word(child, 48) < (uint32_t)end, 1);
	EQ(word(child, 52) & 0xffff, 0x1b);
	EQ(word(child, 56) & 0x200, 0x200);
	EQ(word(child, 60), esp);
	EQ(word(child, 64) & 0xffff, 0x23);
	EQ(sys_env_destroy(child), 0);
	EQ(word(child, 84), ENV_FREE);
	EQ(word(child, 72), child);
}

static uint32_t references(void *va)
{
	return pages[PGNUM(uvpt[PGNUM(va)])].pp_ref;
}

static void page_records(void)
{
	void *a = (void *)UTEMP, *b = (void *)(UTEMP + 5 * PGSIZE);
	EQ(sizeof(struct PageInfo), 8);
	EQ(&pages[2], UPAGES + 16);
	EQ(sys_page_alloc(0, a, RW), 0);
	EQ(references(a), 1);
	EQ(sys_page_map(0, a, 0, b, RO), 0);
	EQ(PTE_ADDR(uvpt[PGNUM(a)]), PTE_ADDR(uvpt[PGNUM(b)]));
	EQ(references(a), 2);
	EQ(sys_page_map(0, a, 0, a, RO | PTE_COW), 0);
	EQ(references(a), 2);
	EQ(sys_page_unmap(0, b), 0);
	EQ(references(a), 1);
	EQ(sys_page_unmap(0, a), 0);
	EQ(uvpt[PGNUM(a)], 0);
}

static void page_tables(void)
{
	static const int perms[] = {RO, RW, RO | 0x200, RW | 0xe00, RO | PTE_COW, RW | 0x400};
	void *va = (void *)UTEMP;
	/* The directory maps itself, read-only. */
	EQ(&uvpd[0], UVPT + (UVPT >> 12) * 4);
	EQ(uvpd[PDX(UVPT)] & 0x7, RO);
	EQ(PTE_ADDR(uvpd[PDX(UVPT)]), PTE_ADDR(uvpt[PGNUM(uvpd)]));
	EQ(uvpd[PDX(USTABDATA)] & PTE_P, PTE_P);
	EQ(uvpt[PGNUM(USTABDATA)] & PTE_SYSCALL, RW);
	EQ(uvpt[0], 0);
	for (uint32_t i = 0; i < sizeof perms / sizeof perms[0]; i++) {
		EQ(sys_page_alloc(0, va, perms[i]), 0);
		EQ(uvpt[PGNUM(va)] & PTE_SYSCALL, perms[i]);
		EQ(uvpt[PGNUM(va)] & 0x118, 0);
	}
	EQ(uvpd[PDX(va)] & RW, RW);
	EQ(sys_page_unmap(0, va), 0);
	EQ(uvpt[PGNUM(va)], 0);
	/* Everything of a program is writable, whatever its segments say. */
	EQ(uvpt[PGNUM(UTEXT)] & 0xe07, RW);
	EQ(uvpt[PGNUM(end - 1)] & 0xe07, RW);
	EQ(uvpt[PGNUM(USTACKTOP - 1)] & 0xe07, RW);
	EQ(uvpt[PGNUM(USTACKTOP)], 0);
	EQ(uvpt[PGNUM(UXSTACKTOP - 1)], 0);
	EQ(uvpt[PGNUM(USTACKTOP - PGSIZE - 1)], 0);
	/* The windows, read-only. */
	EQ(uvpt[PGNUM(UENVS)] & RW, RO);
	EQ(uvpt[PGNUM(UENVS) + 30] & RW, RO);
	EQ(uvpt[PGNUM(UENVS) + 31] & PTE_P, 0);
	EQ(uvpt[PGNUM(UPAGES)] & RW, RO);
	EQ(uvpd[PDX(KERNBASE)] & PTE_U, 0);
}

void umain(int argc, char **argv)
{
	envid_t self = sys_getenvid();
	/* Four words of pointers, from the segment below the program. */
	EQ(*(volatile uint32_t *)USTABDATA >= USTABDATA, 1);
	record_of_self(self);
	record_of_child(self);
	page_records();
	page_tables();
	check_done("c_abi_layout");
}
