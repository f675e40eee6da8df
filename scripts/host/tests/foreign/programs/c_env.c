/* Who may do what to whom: self and immediate children, and nobody else; and the ends of envs. */
#include "check.h"

#define SHARED ((volatile struct Shared *)0xa00000)
#define SHARED_PAGE ((void *)0xa00000)
#define A ((void *)UTEMP)

/* What a parent and its child tell each other, on a page that both have. */
struct Shared {
	uint32_t ticks, ran;
};

static void forbidden(envid_t other)
{
	EQ(sys_env_destroy(other), -E_BAD_ENV);
	EQ(sys_page_alloc(other, A, RW), -E_BAD_ENV);
	EQ(sys_page_map(0, SHARED_PAGE, other, A, RW), -E_BAD_ENV);
	EQ(sys_page_map(other, SHARED_PAGE, 0, A, RW), -E_BAD_ENV);
	EQ(sys_page_unmap(other, A), -E_BAD_ENV);
	EQ(sys_env_set_status(other, ENV_RUNNABLE), -E_BAD_ENV);
	EQ(sys_env_set_pgfault_upcall(other, NULL), -E_BAD_ENV);
}

static void grandchild_part(envid_t grandparent, envid_t parent)
{
	forbidden(grandparent);
	forbidden(parent);
	EQ(ipc_recv(NULL, NULL, NULL), 9);
	/* A message may go to anyone. */
	ipc_send(grandparent, 7, NULL, 0);
	EQ(ipc_recv(NULL, NULL, NULL), 8);
	EQ(thisenv->env_ipc_from, grandparent);
	check_done("c_env grandchild");
}

static void child_part(envid_t parent)
{
	envid_t self = sys_getenvid(), grandchild = fork();
	if (grandchild == 0) {
		grandchild_part(parent, self);
		exit();
	}
	forbidden(parent);
	EQ(sys_page_alloc(grandchild, A, RW), 0);
	EQ(sys_env_set_pgfault_upcall(grandchild, _pgfault_upcall), 0);
	ipc_send(grandchild, 9, NULL, 0);
	wait_gone(grandchild);
	forbidden(grandchild);
	check_done("c_env child");
}

static void generations(envid_t self)
{
	envid_t child = fork(), from;
	if (child == 0) {
		child_part(self);
		exit();
	}
	EQ(ipc_recv(&from, NULL, NULL), 7);
	EQ(envs[ENVX(from)].env_parent_id, child);
	forbidden(from);
	ipc_send(from, 8, NULL, 0);
	wait_gone(child);
	forbidden(child);
	forbidden(from);
	EQ(sys_ipc_try_send(child, 0, (void *)UTOP, 0), -E_BAD_ENV);
}

/* The child waits for a message, and finds a page that is also its parent's: not what fork copies on write, but a
 * fresh one. */
static envid_t fork_shared(void)
{
	envid_t child = fork();
	if (child < 0)
		panic("fork: %e", child);
	if (child == 0) {
		EQ(ipc_recv(NULL, NULL, NULL), 1);
		return 0;
	}
	EQ(sys_page_alloc(0, SHARED_PAGE, RW), 0);
	EQ(sys_page_map(0, SHARED_PAGE, child, SHARED_PAGE, RW), 0);
	ipc_send(child, 1, NULL, 0);
	return child;
}

static void tick(void)
{
	for (;;)
		SHARED->ticks++;
}

static void wait_ticks(void)
{
	uint32_t ticks = SHARED->ticks;
	while (SHARED->ticks == ticks)
		sys_yield();
}

/* A child is stopped, let go on, and destroyed, while it runs, on this CPU or on another one. */
static void running_child(void)
{
	envid_t child = fork_shared();
	uint32_t ticks;
	if (child == 0)
		tick();
	for (int i = 0; i < 5; i++) {
		wait_ticks();
		EQ(sys_env_set_status(child, ENV_NOT_RUNNABLE), 0);
		EQ(envs[ENVX(child)].env_status, ENV_NOT_RUNNABLE);
		ticks = SHARED->ticks;
		for (int j = 0; j < 10; j++)
			sys_yield();
		EQ(SHARED->ticks, ticks);
		EQ(sys_env_set_status(child, ENV_RUNNABLE), 0);
	}
	/* Pages come and go under it. */
	wait_ticks();
	EQ(sys_page_alloc(child, A, RW), 0);
	EQ(sys_page_unmap(child, A), 0);
	EQ(sys_env_destroy(child), 0);
	wait_gone(child);
	ticks = SHARED->ticks;
	for (int j = 0; j < 10; j++)
		sys_yield();
	EQ(SHARED->ticks, ticks);
	forbidden(child);
}

/* Pulled out from under its feet: a child that runs loses its code page and dies of that. */
static void robbed_child(void)
{
	envid_t child = fork_shared();
	if (child == 0) {
		sys_env_set_pgfault_upcall(0, NULL);
		tick();
	}
	wait_ticks();
	EQ(sys_page_unmap(child, (void *)PAGE_OF(tick)), 0);
	wait_gone(child);
	forbidden(child);
}

/* An env that stops itself goes on behind the call, with 0, when its parent lets it. */
static void self_stopped(void)
{
	envid_t child = fork_shared();
	if (child == 0) {
		SHARED->ran = 1;
		SHARED->ran = sys_env_set_status(0, ENV_NOT_RUNNABLE) == 0 ? 2 : 99;
		exit();
	}
	while (SHARED->ran == 0 || envs[ENVX(child)].env_status != ENV_NOT_RUNNABLE)
		sys_yield();
	EQ(SHARED->ran, 1);
	EQ(sys_env_set_status(child, ENV_RUNNABLE), 0);
	wait_gone(child);
	EQ(SHARED->ran, 2);
}

/* One that waits for a message is destroyed. In JOS it is gone when the call is back, since nobody runs it; that is what
 * `strict` asks for. */
static void waiting_child(int strict)
{
	envid_t child = fork_shared();
	if (child == 0) {
		ipc_recv(NULL, NULL, NULL);
		exit();
	}
	while (!envs[ENVX(child)].env_ipc_recving || envs[ENVX(child)].env_status != ENV_NOT_RUNNABLE)
		sys_yield();
	EQ(sys_env_destroy(child), 0);
	if (strict)
		EQ(envs[ENVX(child)].env_status, ENV_FREE);
	wait_gone(child);
	EQ(sys_env_destroy(child), -E_BAD_ENV);
}

void umain(int argc, char **argv)
{
	EQ(sys_page_alloc(0, SHARED_PAGE, RW), 0);
	generations(sys_getenvid());
	running_child();
	robbed_child();
	self_stopped();
	for (int i = 0; i < (argc > 1 ? 100 : 5); i++)
		waiting_child(argc > 1);
	check_done("c_env");
}
