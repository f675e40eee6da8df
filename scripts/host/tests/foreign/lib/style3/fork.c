/*
 * Style 3 of fork: shares the program from UTEXT to `end` and then the stack page by itself, lets the child set up
 * its record's pointer lazily, and finds out about permissions from the page directory entry too.
 */
#include "jos.h"

static void copy_on_write(struct UTrapframe *utf)
{
	uint8_t *page = (uint8_t *)PAGE_OF(utf->fault_va);
	if (!(utf->err & FEC_WR))
		panic("not a write: va %x err %x eip %x", utf->fault_va, utf->err, utf->eip);
	if (!(uvpt[(uintptr_t)page / PGSIZE] & PTE_COW))
		panic("not copy-on-write: va %x err %x eip %x", utf->fault_va, utf->err, utf->eip);
	if (sys_page_alloc(0, (void *)PFTEMP, RW) < 0)
		panic("copy_on_write: page_alloc");
	for (uint32_t i = 0; i < PGSIZE / sizeof(uint32_t); i++)
		((volatile uint32_t *)PFTEMP)[i] = ((volatile uint32_t *)page)[i];
	if (sys_page_map(sys_getenvid(), (void *)PFTEMP, 0, page, RW) < 0)
		panic("copy_on_write: page_map");
	if (sys_page_unmap(0, (void *)PFTEMP) < 0)
		panic("copy_on_write: page_unmap");
}

static void duplicate(envid_t child, uintptr_t va)
{
	pte_t both;
	if (!(uvpd[PDX(va)] & PTE_P) || !(uvpt[PGNUM(va)] & PTE_P))
		return;
	both = uvpd[PDX(va)] & uvpt[PGNUM(va)];
	if ((both & PTE_W) || (uvpt[PGNUM(va)] & PTE_COW)) {
		if (sys_page_map(0, (void *)va, child, (void *)va, PTE_COW | PTE_U | PTE_P) < 0)
			panic("duplicate: child");
		if (sys_page_map(0, (void *)va, 0, (void *)va, PTE_COW | PTE_U | PTE_P) < 0)
			panic("duplicate: self");
	} else if (sys_page_map(0, (void *)va, child, (void *)va, PTE_U | PTE_P) < 0) {
		panic("duplicate: read-only");
	}
}

envid_t fork(void)
{
	envid_t child;
	uintptr_t va;
	set_pgfault_handler(copy_on_write);
	child = sys_exofork();
	if (child == 0) {
		thisenv = &envs[ENVX(sys_getenvid())];
		return 0;
	}
	if (child < 0)
		panic("exofork: %e", child);
	for (va = UTEXT; va < (uintptr_t)end; va += PGSIZE)
		duplicate(child, va);
	duplicate(child, PAGE_OF(&va));
	if (sys_env_set_pgfault_upcall(child, _pgfault_upcall) < 0)
		panic("fork: upcall");
	if (sys_page_alloc(child, (void *)(UXSTACKTOP - PGSIZE), PTE_P | PTE_U | PTE_W) < 0)
		panic("fork: exception stack");
	if (sys_env_set_status(child, ENV_RUNNABLE) < 0)
		panic("fork: status");
	return child;
}
