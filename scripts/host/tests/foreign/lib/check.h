/* Checks that count. A program prints `NAME: ok` when none failed, and a FAILED line for each that did. */
#ifndef FOREIGN_CHECK_H
#define FOREIGN_CHECK_H

#include "jos.h"

/* Compares two 32-bit values, here printed in hex. */
#define EQ(is, want) check_equal(__FILE__, __LINE__, #is, (uint32_t)(is), (uint32_t)(want))

void check_equal(const char *file, int line, const char *what, uint32_t is, uint32_t want);
/* Prints the verdict. Whoever forked has to call it in one env only: each has its own counts. */
void check_done(const char *name);
/* Waits until the env is gone; other programs go on meanwhile. */
void wait_gone(envid_t id);
/* Runs `body` in a forked child that must die, or exit, in it; waits for that. */
void in_child(void (*body)(uintptr_t), uintptr_t argument);

#endif
