/* System calls: number in EAX, arguments in EDX, ECX, EBX, EDI, ESI, answer in EAX. */
#include "jos.h"

int32_t syscall_raw(uint32_t num, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e)
{
	int32_t answer;
	asm volatile("int %1"
		     : "=a"(answer)
		     : "i"(0x30), "a"(num), "d"(a), "c"(b), "b"(c), "D"(d), "S"(e)
		     : "cc", "memory");
	return answer;
}

/* For the calls that answer 0 or an error: anything above 0 is a fault of the kernel. */
static int checked(uint32_t num, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e)
{
	int32_t answer = syscall_raw(num, a, b, c, d, e);
	if (answer > 0)
		panic("syscall %d returned %d (> 0)", num, answer);
	return answer;
}

void sys_cputs(const char *s, size_t len)
{
	syscall_raw(SYS_cputs, (uint32_t)s, len, 0, 0, 0);
}

int sys_cgetc(void)
{
	return syscall_raw(SYS_cgetc, 0, 0, 0, 0, 0);
}

envid_t sys_getenvid(void)
{
	return syscall_raw(SYS_getenvid, 0, 0, 0, 0, 0);
}

int sys_env_destroy(envid_t id)
{
	return checked(SYS_env_destroy, id, 0, 0, 0, 0);
}

int sys_page_alloc(envid_t id, void *va, int perm)
{
	return checked(SYS_page_alloc, id, (uint32_t)va, perm, 0, 0);
}

int sys_page_map(envid_t src, void *srcva, envid_t dst, void *dstva, int perm)
{
	return checked(SYS_page_map, src, (uint32_t)srcva, dst, (uint32_t)dstva, perm);
}

int sys_page_unmap(envid_t id, void *va)
{
	return checked(SYS_page_unmap, id, (uint32_t)va, 0, 0, 0);
}

int sys_env_set_status(envid_t id, int status)
{
	return checked(SYS_env_set_status, id, status, 0, 0, 0);
}

int sys_env_set_pgfault_upcall(envid_t id, void *upcall)
{
	return checked(SYS_env_set_pgfault_upcall, id, (uint32_t)upcall, 0, 0, 0);
}

void sys_yield(void)
{
	syscall_raw(SYS_yield, 0, 0, 0, 0, 0);
}

int sys_ipc_try_send(envid_t to, uint32_t value, void *srcva, int perm)
{
	return syscall_raw(SYS_ipc_try_send, to, value, (uint32_t)srcva, perm, 0);
}

int sys_ipc_recv(void *dstva)
{
	return checked(SYS_ipc_recv, (uint32_t)dstva, 0, 0, 0, 0);
}
