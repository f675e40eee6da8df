/* Style 2 of set_pgfault_handler: the kernel is called with the env's own id, the upcall is set first. */
#include "jos.h"

pgfault_handler_t *_pgfault_handler;

void set_pgfault_handler(pgfault_handler_t *handler)
{
	if (!_pgfault_handler) {
		envid_t self = sys_getenvid();
		int r = sys_env_set_pgfault_upcall(self, _pgfault_upcall);
		if (r == 0)
			r = sys_page_alloc(self, (void *)(UXSTACKTOP - PGSIZE), RW);
		if (r != 0)
			panic("no page-fault handler: %e", r);
	}
	_pgfault_handler = handler;
}
