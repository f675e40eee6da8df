/* Where the kernel puts the frame of a page fault, for stack pointers in and around the exception stack. */
#include "check.h"
#include "probe.h"

#define BOTTOM (UXSTACKTOP - PGSIZE)
#define FRAME 52
#define TOP_FRAME (UXSTACKTOP - FRAME)

static void expect(uint32_t esp, uint32_t frame)
{
	memset((void *)BOTTOM, 0x5a, PGSIZE);
	EQ(probe_fault_at(esp), frame);
	EQ(probe_frame.fault_va, 0x1000);
	EQ(probe_frame.err, 4);
	EQ(probe_frame.eip, probe_fault_at_eip);
	EQ(probe_frame.esp, esp);
	/* The word between a nested frame and what was there is left alone, as is all below. */
	if (frame != TOP_FRAME && frame % 4 == 0)
		EQ(*(volatile uint32_t *)(frame + FRAME), 0x5a5a5a5a);
	if (frame >= BOTTOM + 4 && frame % 4 == 0)
		EQ(*(volatile uint32_t *)(frame - 4), 0x5a5a5a5a);
}

/* In a child: dies with the kernel's line for an overflow at `esp - 56`. */
static void overflow(uintptr_t esp)
{
	sys_env_set_pgfault_upcall(0, probe_upcall);
	probe_fault_at(esp);
	EQ(esp, 0);
}

static void overflow_onto_guard(uintptr_t esp)
{
	EQ(sys_page_alloc(0, (void *)(BOTTOM - PGSIZE), RW), 0);
	overflow(esp);
}

/* In a child: the exception stack is there but read-only. */
static void read_only(uintptr_t unused)
{
	EQ(sys_page_alloc(0, (void *)BOTTOM, RO), 0);
	overflow(USTACKTOP - 16);
}

void umain(int argc, char **argv)
{
	EQ(sys_page_alloc(0, (void *)BOTTOM, RW), 0);
	EQ(sys_env_set_pgfault_upcall(0, probe_upcall), 0);
	expect(USTACKTOP - 64, TOP_FRAME);
	expect(USTACKTOP, TOP_FRAME);
	expect(UXSTACKTOP, TOP_FRAME);
	expect(UXSTACKTOP + 4, TOP_FRAME);
	expect(UXSTACKTOP - 1, UXSTACKTOP - 1 - 4 - FRAME);
	expect(UXSTACKTOP - 4, UXSTACKTOP - 4 - 4 - FRAME);
	expect(BOTTOM + 100, BOTTOM + 100 - 4 - FRAME);
	expect(BOTTOM + 56, BOTTOM);
	expect(BOTTOM - 4, TOP_FRAME);
	expect(0, TOP_FRAME);
	expect(0xfffffffc, TOP_FRAME);
	EQ(sys_page_unmap(0, (void *)BOTTOM), 0);
	in_child(overflow, BOTTOM + 52);
	in_child(overflow_onto_guard, BOTTOM + 12);
	in_child(overflow, BOTTOM);
	in_child(read_only, 0);
	check_done("c_faultframe");
}
