/* Runs single instructions with all registers known, and shows what came of them. */
#ifndef FOREIGN_PROBE_H
#define FOREIGN_PROBE_H

#include "jos.h"

struct State {
	uint32_t edi, esi, ebp, ebx, edx, ecx, eax, eflags;
};

/* ESP before and after the instruction. */
extern uint32_t probe_esp, probe_esp_after;
/* Where `out` is. A handler that probes has to put this and probe_esp back. */
extern void *probe_out;

/* `int $0x30`. */
void probe_syscall(const struct State *in, struct State *out);
/* Goes round ECX times; ECX ends as 0. */
void probe_preempted(const struct State *in, struct State *out);
/* Writes EAX to UTEMP, at the address probe_fault_eip. */
void probe_fault(const struct State *in, struct State *out);
extern char probe_fault_eip[];

/* Reads 0x1000 with this ESP, at probe_fault_at_eip; gives back where the frame was put. Needs probe_upcall as upcall. */
uint32_t probe_fault_at(uint32_t esp);
extern char probe_fault_at_eip[];
void probe_upcall(void);
extern struct UTrapframe probe_frame;

#endif
