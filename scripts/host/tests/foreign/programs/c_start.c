/* What a program finds at its first instruction, and what the loader made of its segments. */
#include "check.h"

extern uint32_t start_registers[7], start_esp, start_eflags;
extern uint16_t start_segments[6];
extern char patch_me[];

static uint32_t in_data = 0x12345678, in_bss[2000];
static const uint32_t in_rodata = 0x87654321;

static void registers(void)
{
	for (int i = 0; i < 7; i++)
		EQ(start_registers[i], 0);
	EQ(start_esp, USTACKTOP);
	/* Bit 1 is always set. */
	EQ(start_eflags, 0x202);
	EQ(start_segments[0], 0x1b);
	for (int i = 1; i < 6; i++)
		EQ(start_segments[i], 0x23);
}

static void segments(void)
{
	volatile uint32_t *stab_info = (uint32_t *)USTABDATA;
	volatile uint32_t *writable_rodata = (volatile uint32_t *)&in_rodata;
	EQ(in_data, 0x12345678);
	EQ(*writable_rodata, 0x87654321);
	for (uint32_t i = 0; i < sizeof in_bss / 4; i++)
		if (((volatile uint32_t *)in_bss)[i] != 0)
			EQ(in_bss[i], 0);
	/* To the end of its last page. */
	for (volatile char *byte = end; (uintptr_t)byte % PGSIZE; byte++)
		if (*byte)
			EQ(*byte, 0);
	EQ(stab_info[0] > USTABDATA && stab_info[0] <= stab_info[1], 1);
	EQ(stab_info[1] <= stab_info[2] && stab_info[2] < stab_info[3], 1);
	EQ(strcmp((char *)stab_info[2], "foreign"), 0);
	/* All may be written to. */
	*writable_rodata = 1;
	EQ(*writable_rodata, 1);
	stab_info[0] = 2;
	EQ(stab_info[0], 2);
	EQ(((int (*)(void))patch_me)(), 1);
	*(volatile char *)(patch_me + 1) = 77;
	EQ(((int (*)(void))patch_me)(), 77);
}

/* The floating-point unit is there to be used (EM is clear). JOS does not keep its registers apart, so no more is asked. */
static void floating_point(void)
{
	uint32_t cr0;
	int result = 0, six = 6, seven = 7;
	asm volatile("smsw %0" : "=r"(cr0));
	EQ(cr0 & 0x4, 0);
	asm volatile("fninit; fildl %1; fildl %2; fmulp; fistpl %0" : "=m"(result) : "m"(six), "m"(seven));
	EQ(result, 42);
}

void umain(int argc, char **argv)
{
	EQ(argc, 0);
	EQ(argv, NULL);
	registers();
	segments();
	floating_point();
	check_done("c_start");
}
