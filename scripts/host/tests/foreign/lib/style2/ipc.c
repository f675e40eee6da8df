/* Style 2 of IPC: "no page" is -1, and permissions are only sent along with a page. */
#include "jos.h"

int32_t ipc_recv(envid_t *from, void *page, int *perm)
{
	int r;
	if (page == NULL)
		page = (void *)-1;
	r = sys_ipc_recv(page);
	if (r < 0) {
		if (from)
			*from = 0;
		if (perm)
			*perm = 0;
		return r;
	}
	if (from)
		*from = thisenv->env_ipc_from;
	if (perm)
		*perm = thisenv->env_ipc_perm;
	return thisenv->env_ipc_value;
}

void ipc_send(envid_t to, uint32_t value, void *page, int perm)
{
	for (;;) {
		int r = page ? sys_ipc_try_send(to, value, page, perm) : sys_ipc_try_send(to, value, (void *)-1, 0);
		if (r == 0)
			return;
		if (r != -E_IPC_NOT_RECV)
			panic("ipc_send to %x: %e", to, r);
		sys_yield();
	}
}
