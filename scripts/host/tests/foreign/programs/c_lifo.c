/* Which slots and ids come next, on one CPU: in slot order at first, then the slot last freed, a generation on. */
#include "check.h"

static envid_t make(void)
{
	envid_t child = sys_exofork();
	if (child == 0)
		for (;;)
			;
	return child;
}

void umain(int argc, char **argv)
{
	envid_t ids[8];
	EQ(sys_getenvid(), 0x1000);
	for (int i = 0; i < 8; i++) {
		ids[i] = make();
		EQ(ids[i], 0x1001 + i);
	}
	EQ(sys_env_destroy(ids[2]), 0);
	EQ(sys_env_destroy(ids[5]), 0);
	EQ(sys_env_destroy(ids[4]), 0);
	EQ(ids[4] = make(), 0x2005);
	EQ(ids[5] = make(), 0x2006);
	EQ(ids[2] = make(), 0x2003);
	EQ(make(), 0x1009);
	for (int generation = 3; generation < 100; generation++) {
		EQ(sys_env_destroy(ids[2]), 0);
		ids[2] = make();
		EQ(ids[2], generation * 0x1000 + 3);
	}
	EQ(sys_env_destroy(0x2003), -E_BAD_ENV);
	EQ(sys_env_destroy(ids[2]), 0);
	for (int i = 0; i < 8; i++)
		if (i != 2)
			EQ(sys_env_destroy(ids[i]), 0);
	EQ(sys_env_destroy(0x1009), 0);
	check_done("c_lifo");
}
