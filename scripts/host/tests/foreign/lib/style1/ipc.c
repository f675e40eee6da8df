/* Style 1 of IPC: "no page" is UTOP, and the answer is read through the global thisenv. */
#include "jos.h"

int32_t ipc_recv(envid_t *from, void *page, int *perm)
{
	int r = sys_ipc_recv(page ? page : (void *)UTOP);
	if (from)
		*from = r < 0 ? 0 : thisenv->env_ipc_from;
	if (perm)
		*perm = r < 0 ? 0 : thisenv->env_ipc_perm;
	return r < 0 ? r : (int32_t)thisenv->env_ipc_value;
}

void ipc_send(envid_t to, uint32_t value, void *page, int perm)
{
	int r;
	while ((r = sys_ipc_try_send(to, value, page ? page : (void *)UTOP, perm)) == -E_IPC_NOT_RECV)
		sys_yield();
	if (r < 0)
		panic("ipc_send: %e", r);
}
