/* Style 1 of set_pgfault_handler: the kernel is called with id 0. */
#include "jos.h"

pgfault_handler_t *_pgfault_handler;

void set_pgfault_handler(pgfault_handler_t *handler)
{
	int r;
	if (_pgfault_handler == NULL) {
		if ((r = sys_page_alloc(0, (void *)(UXSTACKTOP - PGSIZE), RW)) < 0)
			panic("set_pgfault_handler: %e", r);
		if ((r = sys_env_set_pgfault_upcall(0, _pgfault_upcall)) < 0)
			panic("set_pgfault_handler: %e", r);
	}
	_pgfault_handler = handler;
}
