/* A page goes from the parent to the child and another one back. */
#include "jos.h"

static const char to_child[] = "hello child environment! how are you?";
static const char to_parent[] = "hello parent environment! I'm good.";
static char *const mine = (char *)0xa00000;
static char *const theirs = (char *)0xb00000;

static void child(void)
{
	envid_t who;
	ipc_recv(&who, theirs, NULL);
	cprintf("%x got message: %s\n", who, theirs);
	if (memcmp(theirs, to_child, sizeof to_child) == 0)
		cprintf("child received correct message\n");
	memcpy(theirs, to_parent, sizeof to_parent);
	ipc_send(who, 0, theirs, RW);
}

void umain(int argc, char **argv)
{
	envid_t who = fork();
	int perm;
	if (who == 0) {
		child();
		return;
	}
	sys_page_alloc(thisenv->env_id, mine, RW);
	memcpy(mine, to_child, sizeof to_child);
	ipc_send(who, 0, mine, RW);
	ipc_recv(&who, mine, &perm);
	cprintf("%x got message: %s\n", who, mine);
	if (memcmp(mine, to_parent, sizeof to_parent) == 0 && perm == RW)
		cprintf("parent received correct message\n");
}
