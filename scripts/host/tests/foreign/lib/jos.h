/*
 * All a JOS program needs: types, addresses, structures, and what the library offers.
 *
 * Offsets and numbers are facts of JOS's interface as of 2018, lab 4. They are written down here a second time,
 * in C, on purpose: what the kernel and the Rust programs share is not used.
 */
#ifndef FOREIGN_JOS_H
#define FOREIGN_JOS_H

typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef uint32_t size_t;
typedef uint32_t uintptr_t;
typedef int32_t envid_t;
typedef uint32_t pte_t;
typedef _Bool bool;

#define NULL ((void *)0)

/* Addresses. */
#define PGSIZE 4096
#define PTSIZE (PGSIZE * 1024)
#define KERNBASE 0xf0000000
#define ULIM 0xef800000
#define UVPT 0xef400000
#define UPAGES 0xef000000
#define UENVS 0xeec00000
#define UTOP 0xeec00000
#define UXSTACKTOP UTOP
#define USTACKTOP (UTOP - 2 * PGSIZE)
#define UTEXT 0x00800000
#define UTEMP 0x00400000
#define PFTEMP (UTEMP + PTSIZE - PGSIZE)
#define USTABDATA 0x00200000

#define PGNUM(va) ((uintptr_t)(va) >> 12)
#define PDX(va) ((uintptr_t)(va) >> 22)
#define PAGE_OF(va) ((uintptr_t)(va) & ~(PGSIZE - 1u))

/* Page-table bits. */
#define PTE_P 0x001
#define PTE_W 0x002
#define PTE_U 0x004
#define PTE_COW 0x800
#define PTE_SYSCALL 0xe07
#define PTE_ADDR(entry) ((entry) & ~0xfffu)
#define RW (PTE_P | PTE_U | PTE_W)
#define RO (PTE_P | PTE_U)

/* Error codes of a page fault. */
#define FEC_WR 2

/* Errors of system calls. */
enum { E_UNSPECIFIED = 1, E_BAD_ENV, E_INVAL, E_NO_MEM, E_NO_FREE_ENV, E_FAULT, E_IPC_NOT_RECV, E_EOF };

/* System calls. */
enum {
	SYS_cputs, SYS_cgetc, SYS_getenvid, SYS_env_destroy, SYS_page_alloc, SYS_page_map, SYS_page_unmap,
	SYS_exofork, SYS_env_set_status, SYS_env_set_pgfault_upcall, SYS_yield, SYS_ipc_try_send, SYS_ipc_recv
};

enum { ENV_FREE, ENV_DYING, ENV_RUNNABLE, ENV_RUNNING, ENV_NOT_RUNNABLE };

#define NENV 1024
#define ENVX(id) ((id) & (NENV - 1))

struct PushRegs {
	uint32_t edi, esi, ebp, oesp, ebx, edx, ecx, eax;
};

struct Trapframe {
	struct PushRegs regs;
	uint16_t es, pad1;
	uint16_t ds, pad2;
	uint32_t trapno, err;
	uintptr_t eip;
	uint16_t cs, pad3;
	uint32_t eflags;
	uintptr_t esp;
	uint16_t ss, pad4;
};

struct UTrapframe {
	uint32_t fault_va, err;
	struct PushRegs regs;
	uintptr_t eip;
	uint32_t eflags;
	uintptr_t esp;
};

struct Env {
	struct Trapframe env_tf;
	uint32_t env_link;
	envid_t env_id, env_parent_id;
	uint32_t env_type;
	uint32_t env_status, env_runs;
	int env_cpunum;
	uint32_t env_pgdir;
	uint32_t env_pgfault_upcall;
	bool env_ipc_recving;
	uint32_t env_ipc_dstva, env_ipc_value;
	envid_t env_ipc_from;
	int env_ipc_perm;
};

struct PageInfo {
	uint32_t pp_link;
	uint16_t pp_ref;
};

/* Absolute symbols of entry.S. */
extern const volatile struct Env envs[NENV];
extern const volatile struct PageInfo pages[];
extern const volatile pte_t uvpt[];
extern const volatile pte_t uvpd[];
extern char end[];

/* libmain.c */
extern const volatile struct Env *thisenv;
extern const char *binaryname;
void exit(void);
void umain(int argc, char **argv);

/* syscall.c */
int32_t syscall_raw(uint32_t num, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e);
void sys_cputs(const char *s, size_t len);
int sys_cgetc(void);
envid_t sys_getenvid(void);
int sys_env_destroy(envid_t id);
int sys_page_alloc(envid_t id, void *va, int perm);
int sys_page_map(envid_t src, void *srcva, envid_t dst, void *dstva, int perm);
int sys_page_unmap(envid_t id, void *va);
int sys_env_set_status(envid_t id, int status);
int sys_env_set_pgfault_upcall(envid_t id, void *upcall);
void sys_yield(void);
int sys_ipc_try_send(envid_t to, uint32_t value, void *srcva, int perm);
int sys_ipc_recv(void *dstva);

/* Has to be in line: the child comes back with the registers of this very call, but on a copy of the stack that
 * may be older than a return address pushed for it. */
static inline envid_t __attribute__((always_inline)) sys_exofork(void)
{
	envid_t id;
	asm volatile("int %2" : "=a"(id) : "a"(SYS_exofork), "i"(0x30));
	return id;
}

/* styleN/: the parts that every student of JOS writes in another way. */
typedef void pgfault_handler_t(struct UTrapframe *utf);
void set_pgfault_handler(pgfault_handler_t *handler);
envid_t fork(void);
void ipc_send(envid_t to, uint32_t value, void *page, int perm);
int32_t ipc_recv(envid_t *from, void *page, int *perm);
void _pgfault_upcall(void);
extern pgfault_handler_t *_pgfault_handler;

/* print.c, string.c */
int cprintf(const char *format, ...);
int snprintf(char *buffer, int size, const char *format, ...);
void _panic(const char *file, int line, const char *format, ...) __attribute__((noreturn));
#define panic(...) _panic(__FILE__, __LINE__, __VA_ARGS__)
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
void *memset(void *to, int byte, size_t len);
void *memcpy(void *to, const void *from, size_t len);
void *memmove(void *to, const void *from, size_t len);
int memcmp(const void *a, const void *b, size_t len);

#endif
