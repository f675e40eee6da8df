/* A sieve with an env per prime, joined by IPC. Unlike JOS's it ends: a 0 runs through the chain. */
#include "jos.h"

#define LIMIT 300

/* The life of one filter. Its child starts over instead of calling itself: the stack is one page. */
static void filter(void)
{
	envid_t from, next = 0;
	int number, prime = 0;
	while (next == 0) {
		if ((prime = ipc_recv(&from, NULL, NULL)) == 0) {
			cprintf("c_primes: ok\n");
			return;
		}
		cprintf("CPU %d: %d ", thisenv->env_cpunum, prime);
		if ((next = fork()) < 0)
			panic("fork: %e", next);
	}
	do {
		number = ipc_recv(&from, NULL, NULL);
		if (number == 0 || number % prime != 0)
			ipc_send(next, number, NULL, 0);
	} while (number != 0);
}

void umain(int argc, char **argv)
{
	envid_t first = fork();
	if (first < 0)
		panic("fork: %e", first);
	if (first == 0) {
		filter();
		return;
	}
	for (int number = 2; number < LIMIT; number++)
		ipc_send(first, number, NULL, 0);
	ipc_send(first, 0, NULL, 0);
}
