/*
 * Style 3 of IPC: "no page" is KERNBASE+1, an address that is not even aligned; the record is looked up each time;
 * and a sender yields after every attempt, also the good one.
 */
#include "jos.h"

#define NO_PAGE ((void *)(KERNBASE + 1))

int32_t ipc_recv(envid_t *from, void *page, int *perm)
{
	const volatile struct Env *self = &envs[ENVX(sys_getenvid())];
	int r = sys_ipc_recv(page == NULL ? NO_PAGE : page);
	if (from != NULL)
		*from = r < 0 ? 0 : self->env_ipc_from;
	if (perm != NULL)
		*perm = r < 0 ? 0 : self->env_ipc_perm;
	return r < 0 ? r : (int32_t)self->env_ipc_value;
}

void ipc_send(envid_t to, uint32_t value, void *page, int perm)
{
	int r;
	do {
		r = sys_ipc_try_send(to, value, page == NULL ? NO_PAGE : page, perm);
		if (r < 0 && r != -E_IPC_NOT_RECV)
			panic("ipc_send: %e", r);
		sys_yield();
	} while (r < 0);
}
