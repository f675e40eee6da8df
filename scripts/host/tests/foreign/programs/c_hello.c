/* The first program: the record of this env is where the library looks for it. */
#include "jos.h"

void umain(int argc, char **argv)
{
	cprintf("hello, world\n");
	cprintf("i am environment %08x\n", thisenv->env_id);
}
