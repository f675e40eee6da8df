/* Style 3 of set_pgfault_handler: does not keep a flag but asks the record at UENVS whether an upcall is set. */
#include "jos.h"

pgfault_handler_t *_pgfault_handler;

void set_pgfault_handler(pgfault_handler_t *handler)
{
	const volatile struct Env *self = &envs[ENVX(sys_getenvid())];
	_pgfault_handler = handler;
	if (self->env_pgfault_upcall == (uint32_t)_pgfault_upcall)
		return;
	if (sys_page_alloc(self->env_id, (void *)(UXSTACKTOP - PGSIZE), RW) < 0)
		panic("no exception stack");
	if (sys_env_set_pgfault_upcall(self->env_id, _pgfault_upcall) < 0)
		panic("no upcall");
}
