/* Registers and flags around a page fault: as shown to the handler, and as they are afterwards. */
#include "check.h"
#include "probe.h"

static struct UTrapframe seen;
static int depth, nested;

static int is_mapped(void)
{
	return (uvpd[PDX(UTEMP)] & PTE_P) && (uvpt[PGNUM(UTEMP)] & PTE_P);
}

static void note(struct UTrapframe *utf)
{
	/* The nested fault comes on the exception stack, with its own registers at stake. */
	if (nested && depth == 0) {
		struct State in = {31, 32, 33, 34, 35, 36, 37, 0x8d7}, out;
		uint32_t outer_esp = probe_esp;
		void *outer_out = probe_out;
		depth++;
		probe_fault(&in, &out);
		EQ(out.edi, 31);
		EQ(out.eax, 37);
		EQ(seen.regs.eax, 37);
		probe_esp = outer_esp;
		probe_out = outer_out;
		depth--;
	}
	seen = *utf;
	if (!is_mapped())
		EQ(sys_page_alloc(0, (void *)UTEMP, RW), 0);
}

static void fault(uint32_t flags)
{
	struct State in = {0x1001, 0x1002, 0x1003, 0x1004, 0x1005, 0x1006, 0x1007, flags}, out;
	if (is_mapped())
		sys_page_unmap(0, (void *)UTEMP);
	memset(&seen, 0, sizeof seen);
	probe_fault(&in, &out);
	EQ(seen.fault_va, UTEMP);
	EQ(seen.err, 6);
	EQ(seen.eip, probe_fault_eip);
	EQ(seen.esp, probe_esp);
	EQ(seen.regs.edi, 0x1001);
	EQ(seen.regs.esi, 0x1002);
	EQ(seen.regs.ebp, 0x1003);
	EQ(seen.regs.ebx, 0x1004);
	EQ(seen.regs.edx, 0x1005);
	EQ(seen.regs.ecx, 0x1006);
	EQ(seen.regs.eax, 0x1007);
	/* RF may be set in a frame: a fault does that on some processors. */
	EQ(seen.eflags & ~0x10000, flags | 0x202);
	EQ(out.edi, 0x1001);
	EQ(out.esi, 0x1002);
	EQ(out.ebp, 0x1003);
	EQ(out.ebx, 0x1004);
	EQ(out.edx, 0x1005);
	EQ(out.ecx, 0x1006);
	EQ(out.eax, 0x1007);
	EQ(out.eflags & ~0x10000, flags | 0x202);
	EQ(probe_esp_after, probe_esp);
	EQ(*(volatile uint32_t *)UTEMP, 0x1007);
}

void umain(int argc, char **argv)
{
	set_pgfault_handler(note);
	fault(0x8d7);
	fault(0x202);
	nested = 1;
	fault(0x8d7);
	fault(0x202);
	check_done("c_faultregs");
}
