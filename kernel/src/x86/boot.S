# Entry from the boot loader: Multiboot header, paging on, a stack, kmain.
#
# Multiboot specification 0.6.96: EAX is the loader's magic number, EBX the physical address of its
# information; 32-bit protected mode, flat segments, paging and interrupts off.

.set KERNBASE,          0xF0000000
.set MULTIBOOT_MAGIC,   0x1BADB002
.set MULTIBOOT_FLAGS,   0x00000003      # modules on page boundaries; tell about memory

.set CR4_PSE,           0x00000010
.set CR0_OFF,           0x0000000C      # TS, EM: the FPU is there and ours
.set CR0_ON,            0x80050023      # PG, AM, WP, NE, MP, PE

.section .multiboot, "a"
.balign 4
.long MULTIBOOT_MAGIC
.long MULTIBOOT_FLAGS
.long -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

.section .text.entry, "ax"
.globl entry
.type entry, @function
entry:
    # Still at the physical address: translate every symbol by hand until the jump.
    cli
    cld
    movl $(entry_pgdir - KERNBASE), %ecx
    movl %ecx, %cr3
    movl %cr4, %ecx
    orl $CR4_PSE, %ecx
    movl %ecx, %cr4
    movl %cr0, %ecx
    andl $~CR0_OFF, %ecx
    orl $CR0_ON, %ecx
    movl %ecx, %cr0

    # Leave the identity mapping.
    movl $1f, %ecx
    jmp *%ecx
1:
    # kmain(magic, info). The zeros end back-traces: no frame below, nowhere to return to.
    xorl %ebp, %ebp
    movl $(boot_stack + {BOOT_STACK_SIZE} - 8), %esp
    pushl %ebx
    pushl %eax
    pushl $0
    jmp {kmain}
.size entry, . - entry

# The first page directory, of 4 MiB pages (present, writable): the low 4 MiB at their own address, for
# the few instructions up to the jump above and for the start of the other CPUs; 256 MiB at KERNBASE.
.section .data.entry_pgdir, "aw"
.balign 4096
.globl entry_pgdir
entry_pgdir:
    .long 0x83
    .fill (KERNBASE >> 22) - 1, 4, 0
    .set page, 0x83
    .rept 64
    .long page
    .set page, page + 0x400000
    .endr
.size entry_pgdir, . - entry_pgdir

.section .bss.boot_stack, "aw", @nobits
.balign 4096
.globl boot_stack
boot_stack:
    .skip {BOOT_STACK_SIZE}
.size boot_stack, . - boot_stack
