// SPDX-License-Identifier: MIT
/*
 * An L1 that runs an L2 with nested paging, on AMD: a few instructions each. L1's VMCB and nested page table are
 * written into its memory from outside; only what KVM must see as L1's own store is one.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "vm.h"

#define PAGE		4096ULL
#define ENTRIES		512ULL

/* L1 physical; vm.c has what lies below 0xa000, and nothing from here to 1 MiB. */
#define VMCB		0x10000ULL
#define L1_CODE		0x12000ULL	/* 0x11000: the host save area, see l1_code */
#define L2_CODE		0x13000ULL
#define ROOT		0x14000ULL
#define POINTERS	0x15000ULL
#define CODE_DIRECTORY	0x16000ULL
#define CODE_TABLE	0x17000ULL
#define DIRECTORY	0x18000ULL
#define TABLES		0x80000ULL
#define TABLES_END	0x100000ULL
#define MAX_ALIASES	((TABLES_END - TABLES) / sizeof(uint64_t))
#define ALIASES		0x40000000ULL

#define MAPPED		0x7ULL	/* present, writable, user; not accessed: KVM maps no neighbours ahead */
#define EXIT_VMMCALL	0x81

/* AMD64 Architecture Programmer's Manual, volume 2, appendix B. */
enum {
	INTERCEPT_3 = 0x00c, INTERCEPT_4 = 0x010, ASID = 0x058, TLB_CONTROL = 0x05c, EXIT_CODE = 0x070,
	NESTED_PAGING = 0x090, NESTED_CR3 = 0x0b0, ES = 0x400, CS = 0x410, SEGMENTS_END = 0x460, TR = 0x490,
	EFER = 0x4d0, CR0 = 0x558, DR7 = 0x560, DR6 = 0x568, RFLAGS = 0x570, RIP = 0x578, PAT = 0x668,
};
#define INTERCEPT_HLT_SHUTDOWN	(1U << 24 | 1U << 31)
#define INTERCEPT_VMRUN_VMMCALL	3U

asm(".pushsection .rodata\n"
    "l1_code:\n"
    "l1_start:\n"
    "	movl	$0xc0000080, %ecx\n"	/* EFER: SVME */
    "	rdmsr\n"
    "	orl	$0x1000, %eax\n"
    "	wrmsr\n"
    "	movl	$0xc0010117, %ecx\n"	/* VM_HSAVE_PA */
    "	movl	$0x11000, %eax\n"
    "	xorl	%edx, %edx\n"
    "	wrmsr\n"
    "	outb	%al, $0x10\n"
    "l1_enter:\n"			/* rax: the VMCB */
    "	vmrun	%rax\n"
    "	stgi\n"
    "	outb	%al, $0x10\n"
    "l1_store:\n"			/* rdi: where, rsi: what */
    "	movq	%rsi, (%rdi)\n"
    "	outb	%al, $0x10\n"
    "l1_end:\n"
    "l2_code:\n"			/* edi: address, esi: bytes to the next, ecx: count, 0 for none */
    "	.code32\n"
    "	jecxz	2f\n"
    "1:	movb	(%edi), %al\n"
    "	addl	%esi, %edi\n"
    "	loop	1b\n"
    "2:	vmmcall\n"
    "	.code64\n"
    "l2_end:\n"
    ".popsection\n");
extern const char l1_code[], l1_start[], l1_enter[], l1_store[], l1_end[], l2_code[], l2_end[];

static uint64_t *entries(struct vm *vm, uint64_t table)
{
	return (uint64_t *)(vm_memory(vm) + table);
}

static void set(struct vm *vm, size_t field, uint64_t value, size_t bytes)
{
	memcpy(vm_memory(vm) + VMCB + field, &value, bytes);
}

static void set_segment(struct vm *vm, size_t field, uint16_t selector, uint16_t attributes)
{
	set(vm, field, selector, 2);
	set(vm, field + 2, attributes, 2);
	set(vm, field + 4, ~0U, 4);
}

/* L2 runs in protected mode without paging: its addresses are L2 physical. */
static void write_vmcb(struct vm *vm)
{
	size_t field;

	memset(vm_memory(vm) + VMCB, 0, PAGE);
	set(vm, INTERCEPT_3, INTERCEPT_HLT_SHUTDOWN, 4);
	set(vm, INTERCEPT_4, INTERCEPT_VMRUN_VMMCALL, 4);
	set(vm, ASID, 1, 4);
	set(vm, TLB_CONTROL, 1, 1);	/* flush all */
	set(vm, NESTED_PAGING, 1, 8);
	set(vm, NESTED_CR3, ROOT, 8);
	for (field = ES; field < SEGMENTS_END; field += 0x10)
		set_segment(vm, field, 0x10, 0xc93);
	set_segment(vm, CS, 0x08, 0xc9b);
	set_segment(vm, TR, 0x18, 0x8b);
	set(vm, EFER, 0x1000, 8);
	set(vm, CR0, 0x11, 8);
	set(vm, DR7, 0x400, 8);
	set(vm, DR6, 0xffff0ff0, 8);
	set(vm, RFLAGS, 2, 8);
	set(vm, PAT, 0x0007040600070406ULL, 8);
}

static int run_l1(struct vm *vm, int vcpu, const char *piece, struct kvm_regs regs)
{
	regs.rip = L1_CODE + (piece - l1_code);
	return vm_call(vm, vcpu, regs);
}

int nested_start(struct vm *vm, int vcpu)
{
	uint64_t i;

	memcpy(vm_memory(vm) + L1_CODE, l1_code, l1_end - l1_code);
	memcpy(vm_memory(vm) + L2_CODE, l2_code, l2_end - l2_code);
	entries(vm, ROOT)[0] = POINTERS | MAPPED;
	entries(vm, POINTERS)[0] = CODE_DIRECTORY | MAPPED;
	entries(vm, POINTERS)[1] = DIRECTORY | MAPPED;
	entries(vm, CODE_DIRECTORY)[0] = CODE_TABLE | MAPPED;
	entries(vm, CODE_TABLE)[L2_CODE / PAGE] = L2_CODE | MAPPED;
	for (i = 0; i < MAX_ALIASES / ENTRIES; i++)
		entries(vm, DIRECTORY)[i] = (TABLES + i * PAGE) | MAPPED;
	write_vmcb(vm);
	return run_l1(vm, vcpu, l1_start, (struct kvm_regs){ 0 });
}

int nested_map(struct vm *vm, uint64_t first, uint64_t count, uint64_t gfn, uint64_t gfns, uint64_t each)
{
	uint64_t i;

	if (first + count > MAX_ALIASES || !gfns || !each)
		return -EINVAL;
	for (i = 0; i < count; i++)
		entries(vm, TABLES)[first + i] = (gfn + i / each % gfns) * PAGE | MAPPED;
	return 0;
}

int nested_share(struct vm *vm, uint64_t parents)
{
	uint64_t i;

	if (parents > ENTRIES)
		return -EINVAL;
	for (i = 0; i < parents; i++)
		entries(vm, DIRECTORY)[i] = TABLES | MAPPED;
	return 0;
}

static int enter_l2(struct vm *vm, int vcpu, struct kvm_regs regs)
{
	uint64_t code;
	int ret;

	set(vm, RIP, L2_CODE, 8);
	set(vm, EXIT_CODE, 0, 8);
	regs.rax = VMCB;
	ret = run_l1(vm, vcpu, l1_enter, regs);
	memcpy(&code, vm_memory(vm) + VMCB + EXIT_CODE, sizeof(code));
	return ret ? ret : code == EXIT_VMMCALL ? 0 : -EPROTO;
}

int nested_enter(struct vm *vm, int vcpu)
{
	return enter_l2(vm, vcpu, (struct kvm_regs){ 0 });
}

int nested_touch(struct vm *vm, int vcpu, uint64_t alias, uint64_t count, uint64_t step)
{
	struct kvm_regs regs = { .rdi = ALIASES + alias * PAGE, .rsi = step * PAGE, .rcx = count };

	return count ? enter_l2(vm, vcpu, regs) : -EINVAL;
}

int nested_replace(struct vm *vm, int vcpu, uint64_t table)
{
	struct kvm_regs regs = { .rdi = DIRECTORY, .rsi = (TABLES + table * PAGE) | MAPPED };

	return table < MAX_ALIASES / ENTRIES ? run_l1(vm, vcpu, l1_store, regs) : -EINVAL;
}

int nested_fill(struct vm *vm, uint64_t gfn, uint64_t count)
{
	uint64_t i;

	if (gfn + count > vm_bytes(vm) / PAGE)
		return -EINVAL;
	for (i = 0; i < count; i++)
		vm_memory(vm)[(gfn + i) * PAGE] = 1;
	return 0;
}
