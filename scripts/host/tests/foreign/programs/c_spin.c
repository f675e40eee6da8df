/* A child that never gives up the CPU is destroyed by its parent. */
#include "check.h"

void umain(int argc, char **argv)
{
	envid_t child;
	cprintf("I am the parent.  Forking the child...\n");
	if ((child = fork()) == 0) {
		cprintf("I am the child.  Spinning...\n");
		for (;;)
			;
	}
	cprintf("I am the parent.  Running the child...\n");
	for (int i = 0; i < 8; i++)
		sys_yield();
	cprintf("I am the parent.  Killing the child...\n");
	EQ(sys_env_destroy(child), 0);
	wait_gone(child);
	EQ(sys_env_destroy(child), -E_BAD_ENV);
	check_done("c_spin");
}
