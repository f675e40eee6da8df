/* What each system call answers to each kind of bad argument, and which complaint comes first. */
#include "check.h"

#define A ((void *)UTEMP)
#define B ((void *)(UTEMP + PGSIZE))
#define NOT_MAPPED ((void *)(UTEMP + 16 * PGSIZE))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const envid_t bad_ids[] = {-1, 1, 0x1fff, 0x7fffffff, (int)0x80000000, 0x1000 + 900, 0x400, 0x1c00};
static const uint32_t bad_perms[] = {0, PTE_P, PTE_U, PTE_W | PTE_U, PTE_P | PTE_W, RW | 0x08, RW | 0x10, RW | 0x20,
				     RW | 0x40, RW | 0x80, RW | 0x100, RW | 0x1000, RO | 0x80000000, 0xffffffff};
static const uint32_t bad_pages[] = {UTOP, UTOP + PGSIZE, ULIM, KERNBASE, 0xfffff000, 0xffffffff, 1, UTEMP + 1, UTEMP + 0xfff,
				     UTOP - 1};

static void unknown_calls(void)
{
	static const uint32_t numbers[] = {13, 14, 48, 500, 0x7fffffff, 0x80000000, 0xffffffff};
	for (uint32_t i = 0; i < COUNT(numbers); i++)
		EQ(syscall_raw(numbers[i], 0, 0, 0, 0, 0), -E_INVAL);
}

static void bad_environments(envid_t child)
{
	for (uint32_t i = 0; i < COUNT(bad_ids); i++) {
		envid_t bad = bad_ids[i];
		EQ(sys_env_destroy(bad), -E_BAD_ENV);
		/* With other arguments that are wrong too: the env counts first. */
		EQ(sys_page_alloc(bad, A, RW), -E_BAD_ENV);
		EQ(sys_page_alloc(bad, (void *)1, -1), -E_BAD_ENV);
		EQ(sys_page_map(bad, A, 0, B, RW), -E_BAD_ENV);
		EQ(sys_page_map(0, A, bad, B, RW), -E_BAD_ENV);
		EQ(sys_page_map(bad, A, child, (void *)UTOP, 0), -E_BAD_ENV);
		EQ(sys_page_map(child, NOT_MAPPED, bad, (void *)-1, 0), -E_BAD_ENV);
		EQ(sys_page_unmap(bad, A), -E_BAD_ENV);
		EQ(sys_page_unmap(bad, (void *)UTOP), -E_BAD_ENV);
		EQ(sys_env_set_status(bad, ENV_RUNNABLE), -E_BAD_ENV);
		EQ(sys_env_set_status(bad, 77), -E_BAD_ENV);
		EQ(sys_env_set_pgfault_upcall(bad, NULL), -E_BAD_ENV);
		EQ(sys_ipc_try_send(bad, 0, (void *)UTOP, 0), -E_BAD_ENV);
		EQ(sys_ipc_try_send(bad, 0, (void *)1, -1), -E_BAD_ENV);
	}
}

static void bad_addresses(envid_t child)
{
	EQ(sys_page_alloc(0, A, RW), 0);
	for (uint32_t i = 0; i < COUNT(bad_pages); i++) {
		void *bad = (void *)bad_pages[i];
		EQ(sys_page_alloc(0, bad, RW), -E_INVAL);
		EQ(sys_page_alloc(child, bad, RW), -E_INVAL);
		EQ(sys_page_map(0, bad, 0, B, RW), -E_INVAL);
		EQ(sys_page_map(0, A, 0, bad, RW), -E_INVAL);
		EQ(sys_page_map(0, A, child, bad, RO), -E_INVAL);
		EQ(sys_page_unmap(0, bad), -E_INVAL);
		EQ(sys_page_unmap(child, bad), -E_INVAL);
		if (bad_pages[i] < UTOP)
			EQ(sys_ipc_recv(bad), -E_INVAL);
	}
	EQ(uvpt[PGNUM(B)], 0);
	EQ(sys_page_map(0, NOT_MAPPED, 0, B, RW), -E_INVAL);
	EQ(sys_page_map(child, A, 0, B, RW), -E_INVAL);
	EQ(sys_page_unmap(0, NOT_MAPPED), 0);
	EQ(sys_page_unmap(child, A), 0);
	/* Page 0 and the page below UTOP are pages like any other. */
	EQ(sys_page_alloc(0, NULL, RW), 0);
	*(volatile int *)4 = 5;
	EQ(*(volatile int *)4, 5);
	EQ(sys_page_unmap(0, NULL), 0);
	EQ(sys_page_alloc(0, (void *)(UTOP - PGSIZE), RO), 0);
	EQ(sys_page_unmap(0, (void *)(UTOP - PGSIZE)), 0);
}

static void bad_permissions(envid_t child)
{
	for (uint32_t i = 0; i < COUNT(bad_perms); i++) {
		EQ(sys_page_alloc(0, B, bad_perms[i]), -E_INVAL);
		EQ(sys_page_alloc(child, B, bad_perms[i]), -E_INVAL);
		EQ(sys_page_map(0, A, 0, B, bad_perms[i]), -E_INVAL);
		EQ(sys_page_map(0, A, child, B, bad_perms[i]), -E_INVAL);
	}
	EQ(uvpt[PGNUM(B)], 0);
	/* What is read-only here cannot be had writable, by nobody. */
	EQ(sys_page_alloc(0, B, RO | PTE_COW), 0);
	EQ(sys_page_map(0, B, child, B, RW), -E_INVAL);
	EQ(sys_page_map(0, B, 0, B, RW), -E_INVAL);
	EQ(uvpt[PGNUM(B)] & PTE_SYSCALL, RO | PTE_COW);
	EQ(sys_page_map(0, B, child, B, RO | 0xe00), 0);
	EQ(sys_page_map(child, B, 0, NOT_MAPPED, RO), 0);
	EQ(sys_page_map(child, B, 0, NOT_MAPPED, RW), -E_INVAL);
	EQ(PTE_ADDR(uvpt[PGNUM(B)]), PTE_ADDR(uvpt[PGNUM(NOT_MAPPED)]));
	EQ(sys_page_unmap(0, NOT_MAPPED), 0);
	EQ(sys_page_unmap(0, B), 0);
}

/* A failed call must leave the old mapping; a good one takes its place, with a page of zeros. */
static void replacing(void)
{
	volatile uint32_t *word = A;
	EQ(sys_page_alloc(0, A, RW), 0);
	word[7] = 0x12345;
	EQ(sys_page_alloc(0, A, 0), -E_INVAL);
	EQ(sys_page_map(0, NOT_MAPPED, 0, A, RW), -E_INVAL);
	EQ(word[7], 0x12345);
	/* Onto itself, as fork does it: the same page, other rights, at once. */
	EQ(sys_page_map(0, A, 0, A, RO | PTE_COW), 0);
	EQ(word[7], 0x12345);
	EQ(uvpt[PGNUM(A)] & PTE_SYSCALL, RO | PTE_COW);
	EQ(sys_page_alloc(0, A, RW), 0);
	for (uint32_t i = 0; i < PGSIZE / 4; i++)
		if (word[i] != 0)
			EQ(word[i], 0);
	word[7] = 1;
	EQ(sys_page_map(0, A, 0, A, RW | 0x400), 0);
	word[7] = 2;
	EQ(uvpt[PGNUM(A)] & PTE_SYSCALL, RW | 0x400);
}

static void bad_statuses(envid_t child)
{
	static const int bad[] = {ENV_FREE, ENV_DYING, ENV_RUNNING, 5, -1, 0x10002};
	for (uint32_t i = 0; i < COUNT(bad); i++) {
		EQ(sys_env_set_status(child, bad[i]), -E_INVAL);
		EQ(sys_env_set_status(0, bad[i]), -E_INVAL);
	}
	EQ(envs[ENVX(child)].env_status, ENV_NOT_RUNNABLE);
	EQ(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0);
	EQ(sys_env_set_status(0, ENV_RUNNABLE), 0);
	EQ(sys_env_set_pgfault_upcall(child, (void *)0xf0000001), 0);
	EQ(envs[ENVX(child)].env_pgfault_upcall, 0xf0000001);
}

/* Not being in ipc_recv comes before whatever is wrong with the message. */
static void nobody_receives(envid_t child)
{
	const envid_t targets[] = {0, sys_getenvid(), child};
	for (uint32_t i = 0; i < COUNT(targets); i++) {
		EQ(sys_ipc_try_send(targets[i], 0, (void *)UTOP, 0), -E_IPC_NOT_RECV);
		EQ(sys_ipc_try_send(targets[i], 0, (void *)1, RW), -E_IPC_NOT_RECV);
		EQ(sys_ipc_try_send(targets[i], 0, A, 0), -E_IPC_NOT_RECV);
	}
}

static void console(void)
{
	static char page[2 * PGSIZE];
	EQ(sys_cgetc(), 0);
	EQ(syscall_raw(SYS_cputs, (uint32_t) "stops at\0NUL\n", 13, 0, 0, 0), 0);
	EQ(syscall_raw(SYS_cputs, (uint32_t) "\n", 1, 0, 0, 0), 0);
	EQ(syscall_raw(SYS_cputs, (uint32_t) "\n", 0, 0, 0, 0), 0);
	/* A NUL far inside, and text on both sides of a page boundary. */
	memset(page, 'x', sizeof page - 1);
	memcpy(page + 4090, "a long line ends here\n", 23);
	EQ(syscall_raw(SYS_cputs, (uint32_t)page + 4090, 3000, 0, 0, 0), 0);
	/* The windows above UTOP may be read: here a record that nobody ever used. */
	EQ(syscall_raw(SYS_cputs, (uint32_t)&envs[NENV - 1], 124, 0, 0, 0), 0);
	/* And entries of page tables that are 0: uvpt's first and one of uvpd's. */
	EQ(syscall_raw(SYS_cputs, (uint32_t)&uvpt[0], 4, 0, 0, 0), 0);
	EQ(syscall_raw(SYS_cputs, (uint32_t)&uvpd[0x100], 4, 0, 0, 0), 0);
	EQ(syscall_raw(SYS_yield, 1, 2, 3, 4, 5), 0);
}

void umain(int argc, char **argv)
{
	envid_t child = sys_exofork();
	if (child == 0)
		for (;;)
			;
	unknown_calls();
	bad_environments(child);
	bad_addresses(child);
	bad_permissions(child);
	replacing();
	bad_statuses(child);
	nobody_receives(child);
	console();
	EQ(sys_env_destroy(child), 0);
	EQ(sys_env_destroy(child), -E_BAD_ENV);
	check_done("c_abi_errors");
}
