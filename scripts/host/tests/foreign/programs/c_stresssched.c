/* Twenty children wait for the end of their parent, then count together, each in its own memory. */
#include "jos.h"

static volatile int counter;

void umain(int argc, char **argv)
{
	envid_t parent = sys_getenvid();
	int children;
	for (children = 0; children < 20; children++)
		if (fork() == 0)
			break;
	if (children == 20) {
		sys_yield();
		return;
	}
	while (envs[ENVX(parent)].env_status != ENV_FREE)
		asm volatile("pause");
	for (int i = 0; i < 10; i++) {
		sys_yield();
		for (int j = 0; j < 10000; j++)
			counter++;
	}
	if (counter != 10 * 10000)
		panic("ran on two CPUs at once (counter is %d)", counter);
	cprintf("[%08x] stresssched on CPU %d\n", thisenv->env_id, thisenv->env_cpunum);
}
