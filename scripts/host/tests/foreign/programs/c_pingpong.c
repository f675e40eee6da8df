/* Two envs count to ten in turn. */
#include "jos.h"

void umain(int argc, char **argv)
{
	envid_t who = fork();
	if (who != 0) {
		cprintf("send 0 from %x to %x\n", sys_getenvid(), who);
		ipc_send(who, 0, NULL, 0);
	}
	for (;;) {
		uint32_t count = ipc_recv(&who, NULL, NULL);
		cprintf("%x got %d from %x\n", sys_getenvid(), count, who);
		if (count == 10)
			return;
		ipc_send(who, count + 1, NULL, 0);
		if (count + 1 == 10)
			return;
	}
}
