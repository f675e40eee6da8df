/* See check.h. */
#include "check.h"

static int failures, checks;

void check_equal(const char *file, int line, const char *what, uint32_t is, uint32_t want)
{
	checks++;
	if (is == want)
		return;
	failures++;
	cprintf("FAILED %s:%d: %s is %x, not %x\n", file, line, what, is, want);
}

void check_done(const char *name)
{
	if (failures)
		cprintf("%s: FAILED %d of %d checks\n", name, failures, checks);
	else
		cprintf("%s: ok (%d checks)\n", name, checks);
}

void wait_gone(envid_t id)
{
	const volatile struct Env *env = &envs[ENVX(id)];
	while (env->env_id == id && env->env_status != ENV_FREE)
		sys_yield();
}

void in_child(void (*body)(uintptr_t), uintptr_t argument)
{
	envid_t child = fork();
	if (child < 0)
		panic("fork: %e", child);
	if (child == 0) {
		body(argument);
		exit();
	}
	wait_gone(child);
}
