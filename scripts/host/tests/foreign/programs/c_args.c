/* Arguments, as `c_args:one:two` on the kernel's command line: ESP is then not USTACKTOP. */
#include "check.h"

void umain(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		cprintf("argv[%d] = '%s'\n", i, argv[i]);
	if (argc == 0) {
		EQ(argv, NULL);
		EQ(strcmp(binaryname, "<unknown>"), 0);
	} else {
		EQ(argv[argc], NULL);
		EQ(strcmp(binaryname, "c_args"), 0);
	}
	check_done("c_args");
}
