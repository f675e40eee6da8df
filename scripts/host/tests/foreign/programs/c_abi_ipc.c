/* IPC: what the receiver's record shows before and after, all the ways to say "no page", and that a refused message
 * changes nothing. */
#include "check.h"

#define PAGE ((char *)0xa00000)
#define READ_ONLY ((char *)0xa01000)
#define NOT_MAPPED ((char *)0xa02000)
#define TARGET ((char *)0xb00000)

static const uint32_t no_page[] = {UTOP, UTOP + 1, UTOP + PGSIZE, ULIM, KERNBASE, KERNBASE + 1, 0xfffffffe, 0xffffffff};
#define WAYS (sizeof no_page / sizeof no_page[0])

/* Each of these is refused in turn by a receiver that then still waits. */
static void refused(envid_t to)
{
	static const int bad_perms[] = {0, PTE_P, PTE_U, PTE_U | PTE_W, RW | 0x100, RO | 0x1000, -1};
	for (uint32_t i = 0; i < sizeof bad_perms / sizeof bad_perms[0]; i++)
		EQ(sys_ipc_try_send(to, 1, PAGE, bad_perms[i]), -E_INVAL);
	EQ(sys_ipc_try_send(to, 1, PAGE + 1, RW), -E_INVAL);
	EQ(sys_ipc_try_send(to, 1, (void *)(UTOP - 1), RW), -E_INVAL);
	EQ(sys_ipc_try_send(to, 1, NOT_MAPPED, RW), -E_INVAL);
	EQ(sys_ipc_try_send(to, 1, (void *)0x30000000, RW), -E_INVAL);
	EQ(sys_ipc_try_send(to, 1, READ_ONLY, RW), -E_INVAL);
	EQ(envs[ENVX(to)].env_ipc_recving, 1);
	EQ(envs[ENVX(to)].env_status, ENV_NOT_RUNNABLE);
}

static void wait_receiving(envid_t to)
{
	while (!envs[ENVX(to)].env_ipc_recving || envs[ENVX(to)].env_status != ENV_NOT_RUNNABLE)
		sys_yield();
}

static void send(envid_t to, uint32_t value, void *page, int perm, uint32_t dstva)
{
	wait_receiving(to);
	EQ(envs[ENVX(to)].env_ipc_dstva, dstva);
	refused(to);
	EQ(sys_ipc_try_send(to, value, page, perm), 0);
}

static void sender(envid_t to)
{
	EQ(sys_page_alloc(0, PAGE, RW), 0);
	EQ(sys_page_alloc(0, READ_ONLY, RO), 0);
	/* To a receiver that wants no page: without one, and with one. */
	for (uint32_t i = 0; i < WAYS; i++) {
		send(to, i, (void *)no_page[WAYS - 1 - i], RW, no_page[i]);
		send(to, i, PAGE, RW, no_page[i]);
	}
	/* To one that wants a page: with all rights there are, fewer, more than last time, and none. */
	PAGE[0] = 'a';
	send(to, 100, PAGE, RW | 0xe00, (uint32_t)TARGET);
	send(to, 101, PAGE, RO, (uint32_t)TARGET);
	send(to, 102, READ_ONLY, RO | PTE_COW, (uint32_t)TARGET);
	send(to, 103, PAGE, RW, (uint32_t)TARGET);
	for (uint32_t i = 0; i < WAYS; i++)
		send(to, 104, (void *)no_page[i], -1, (uint32_t)TARGET);
	/* A page that both have at the same place, and page 0. */
	send(to, 105, PAGE, RW, 0);
	wait_gone(to);
	EQ(pages[PGNUM(uvpt[PGNUM(PAGE)])].pp_ref, 1);
	EQ(sys_ipc_try_send(to, 0, (void *)UTOP, 0), -E_BAD_ENV);
}

static void receive(envid_t from, uint32_t value, void *page, int perm)
{
	EQ(sys_ipc_recv(page), 0);
	EQ(thisenv->env_ipc_recving, 0);
	EQ(thisenv->env_ipc_value, value);
	EQ(thisenv->env_ipc_from, from);
	EQ(thisenv->env_ipc_perm, perm);
	EQ(thisenv->env_status, ENV_RUNNING);
	if (perm)
		EQ(uvpt[PGNUM(page)] & PTE_SYSCALL, perm);
}

static void receiver(envid_t from)
{
	for (uint32_t i = 0; i < WAYS; i++) {
		receive(from, i, (void *)no_page[i], 0);
		receive(from, i, (void *)no_page[i], 0);
	}
	receive(from, 100, TARGET, RW | 0xe00);
	EQ(TARGET[0], 'a');
	receive(from, 101, TARGET, RO);
	receive(from, 102, TARGET, RO | PTE_COW);
	EQ(TARGET[0], 0);
	receive(from, 103, TARGET, RW);
	TARGET[0] = 'b';
	for (uint32_t i = 0; i < WAYS; i++) {
		receive(from, 104, TARGET, 0);
		EQ(TARGET[0], 'b');
	}
	EQ(uvpt[PGNUM(TARGET)] & PTE_SYSCALL, RW);
	receive(from, 105, NULL, RW);
	EQ(*(volatile char *)0, 'b');
	EQ(pages[PGNUM(uvpt[0])].pp_ref, 3);
	check_done("c_abi_ipc receiver");
}

void umain(int argc, char **argv)
{
	envid_t self = sys_getenvid(), child = fork();
	if (child == 0) {
		receiver(self);
		return;
	}
	EQ(child >= 0x1000, 1);
	sender(child);
	check_done("c_abi_ipc");
}
