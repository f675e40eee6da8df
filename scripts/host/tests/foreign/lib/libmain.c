/* From _start to umain, and the end. */
#include "jos.h"

const volatile struct Env *thisenv;
const char *binaryname = "<unknown>";

void libmain(int argc, char **argv)
{
	thisenv = &envs[ENVX(sys_getenvid())];
	if (argc > 0)
		binaryname = argv[0];
	umain(argc, argv);
	exit();
}

void exit(void)
{
	sys_env_destroy(0);
}
