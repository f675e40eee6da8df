/* A binary tree of 15 envs. */
#include "jos.h"

#define DEPTH 3

static void tree(const char *path);

static void branch(const char *path, char side)
{
	char longer[DEPTH + 1];
	if (strlen(path) >= DEPTH)
		return;
	snprintf(longer, sizeof longer, "%s%c", path, side);
	if (fork() == 0) {
		tree(longer);
		exit();
	}
}

static void tree(const char *path)
{
	cprintf("%04x: I am '%s'\n", sys_getenvid(), path);
	branch(path, '0');
	branch(path, '1');
}

void umain(int argc, char **argv)
{
	tree("");
}
