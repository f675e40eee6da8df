/* Every register and every flag survives each system call, and preemption. */
#include "check.h"
#include "probe.h"

/* CF PF AF ZF SF OF; DF; NT; ID. Bit 1 is always set and IF is the kernel's, always set too. */
static const uint32_t flags[] = {0x202, 0x8d5 | 0x202, 0x602, 0xcd7 | 0x200, 0x4202, 0x200202};

static void expect(const struct State *in, const struct State *out, uint32_t eax)
{
	EQ(out->edi, in->edi);
	EQ(out->esi, in->esi);
	EQ(out->ebp, in->ebp);
	EQ(out->ebx, in->ebx);
	EQ(out->edx, in->edx);
	EQ(out->ecx, in->ecx);
	EQ(out->eax, eax);
	EQ(out->eflags, in->eflags);
	EQ(probe_esp_after, probe_esp);
}

static void call(uint32_t num, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint32_t answer)
{
	for (uint32_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
		struct State in = {d, e, 0xbadc0de0, c, a, b, num, flags[i]}, out;
		probe_syscall(&in, &out);
		expect(&in, &out, answer);
	}
}

static void make_child(void)
{
	struct State in = {1, 2, 3, 4, 5, 6, SYS_exofork, 0x8d7}, out;
	in.eflags |= 0x200;
	probe_syscall(&in, &out);
	EQ((int32_t)out.eax > 0x1000, 1);
	expect(&in, &out, out.eax);
	/* The child has the same registers, but for EAX. */
	struct Trapframe tf = envs[ENVX(out.eax)].env_tf;
	EQ(tf.regs.edi, 1);
	EQ(tf.regs.esi, 2);
	EQ(tf.regs.ebp, 3);
	EQ(tf.regs.ebx, 4);
	EQ(tf.regs.edx, 5);
	EQ(tf.regs.ecx, 6);
	EQ(tf.regs.eax, 0);
	EQ(tf.eflags, in.eflags);
	EQ(tf.esp, probe_esp);
	EQ(sys_env_destroy(out.eax), 0);
}

static void receive(envid_t child)
{
	for (uint32_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
		struct State in = {11, 12, 13, 14, UTOP, 16, SYS_ipc_recv, flags[i]}, out;
		probe_syscall(&in, &out);
		expect(&in, &out, 0);
		EQ(thisenv->env_ipc_value, i);
		EQ(thisenv->env_ipc_from, child);
	}
}

static void spin(uint32_t rounds)
{
	for (uint32_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
		struct State in = {21, 22, 23, 24, 25, rounds, 27, flags[i]}, out;
		probe_preempted(&in, &out);
		in.ecx = 0;
		expect(&in, &out, 27);
	}
}

/* fork's child: sends what `receive` waits for, then makes company for the spinning parent. */
static void child_part(envid_t parent)
{
	for (uint32_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
		ipc_send(parent, i, NULL, 0);
	spin(3000000);
	check_done("c_abi_regs child");
}

void umain(int argc, char **argv)
{
	envid_t self = sys_getenvid(), child;
	call(SYS_cputs, (uint32_t) "", 0, 3, 4, 5, 0);
	call(SYS_cgetc, 1, 2, 3, 4, 5, 0);
	call(SYS_getenvid, 1, 2, 3, 4, 5, self);
	call(SYS_env_destroy, -1, 2, 3, 4, 5, -E_BAD_ENV);
	call(SYS_page_alloc, 0, UTEMP, RW, 4, 5, 0);
	call(SYS_page_map, 0, UTEMP, 0, UTEMP + PGSIZE, RW, 0);
	call(SYS_page_unmap, 0, UTEMP + PGSIZE, 3, 4, 5, 0);
	call(SYS_env_set_status, 0, ENV_RUNNABLE, 3, 4, 5, 0);
	call(SYS_env_set_status, 0, 99, 3, 4, 5, -E_INVAL);
	call(SYS_env_set_pgfault_upcall, 0, 0, 3, 4, 5, 0);
	call(SYS_yield, 1, 2, 3, 4, 5, 0);
	call(SYS_ipc_try_send, self, 2, UTOP, 4, 5, -E_IPC_NOT_RECV);
	call(SYS_ipc_recv, 1, 2, 3, 4, 5, -E_INVAL);
	call(99, 1, 2, 3, 4, 5, -E_INVAL);
	make_child();
	if ((child = fork()) == 0) {
		child_part(self);
		return;
	}
	receive(child);
	spin(3000000);
	wait_gone(child);
	check_done("c_abi_regs");
}
