# Where the other CPUs start: from real mode to ap_main.
#
# A CPU woken by a STARTUP interrupt begins in real mode at the physical page the interrupt named. `ap::install`
# copies the lines from ap_boot to ap_boot_end there, page 7, so they name no address of their own but through AT().
# All CPUs may be in here at the same time: nothing is written before each has its own stack.
# Intel SDM vol. 3 §9.4.

.set KERNBASE,  0xF0000000
.set AP_PAGE,   0x7000
.set AP_CODE,   0x08
.set AP_DATA,   0x10
.set CR0_PE,    0x00000001
.set CR0_OFF,   0x6000000C      # CD, NW (INIT leaves them set), TS, EM
.set CR0_ON,    0x80050023      # PG, AM, WP, NE, MP, PE: as boot.S

.section .rodata.ap_boot, "a"
.code16
.balign 16
.globl ap_boot
ap_boot:
    cli
    cld
    xorw %ax, %ax
    movw %ax, %ds
    lgdtl AP_PAGE + ap_gdt_pointer - ap_boot
    movl %cr0, %eax
    orl $CR0_PE, %eax
    movl %eax, %cr0
    ljmpl $AP_CODE, $(AP_PAGE + ap_protected - ap_boot)

.balign 8
ap_gdt:
    .quad 0
    .quad 0x00CF9B000000FFFF    # code, 0 to 4 GiB
    .quad 0x00CF93000000FFFF    # data, 0 to 4 GiB
ap_gdt_pointer:
    .word ap_gdt_pointer - ap_gdt - 1
    .long AP_PAGE + ap_gdt - ap_boot

.code32
ap_protected:
    movw $AP_DATA, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss

    # As the boot CPU did in boot.S, with its directory; its CR4 says whether pages may be large or global.
    movl {cr4} - KERNBASE, %eax
    movl %eax, %cr4
    movl $(entry_pgdir - KERNBASE), %eax
    movl %eax, %cr3
    movl %cr0, %eax
    andl $~CR0_OFF, %eax
    orl $CR0_ON, %eax
    movl %eax, %cr0
    movl $ap_high, %eax
    jmp *%eax
.globl ap_boot_end
ap_boot_end:

.section .text.ap_high, "ax"
.type ap_high, @function
ap_high:
    # Which CPU is this? 0 is the boot CPU's index, so here it means that nobody expects this one.
    movl $1, %eax
    cpuid
    shrl $24, %ebx
    movzbl {index_of}(%ebx), %ebx
    testl %ebx, %ebx
    jz 1f

    # The kernel's own directory, which maps the stack; then the stack. ap_main(index), as kmain in boot.S.
    movl {cr3}, %eax
    movl %eax, %cr3
    movl {stacks}(,%ebx,4), %esp
    subl ${reserve} + 12, %esp
    xorl %ebp, %ebp
    pushl %ebx
    pushl $0
    jmp {ap_main}
1:
    cli
    hlt
    jmp 1b
.size ap_high, . - ap_high
