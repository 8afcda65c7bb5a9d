// SPDX-License-Identifier: MIT
/*
 * The smallest virtual machine that makes KVM build lists: memory in one memslot, a few instructions of guest
 * code, and in long mode guest page tables in which many virtual pages ("aliases") map one physical page.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vm.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define PAGE		4096ULL
#define MAX_VCPUS	512

/*
 * Guest physical memory. The first 2 MiB are mapped by 4 KiB pages, so that each page of them has an rmap of its
 * own; the rest of the first GiB by 2 MiB pages. Aliases begin at 1 GiB, guest virtual; their targets are the
 * caller's choice.
 */
#define CODE		0x1000ULL
#define SCRATCH		0x2000ULL
#define PML4		0x3000ULL
#define PDPT		0x4000ULL
#define LOW_PD		0x5000ULL
#define LOW_PT		0x6000ULL
#define ALIAS_PD	0x7000ULL
#define MORE_PDS	0x8000ULL	/* for a table with more parents than one directory has */
#define MAX_PDS		3		/* from 1 GiB up to 4 GiB */
#define ALIAS_PTS	0x100000ULL
#define ALIAS_PTS_END	0x200000ULL
#define ALIASES		0x40000000ULL
#define MAX_ALIASES	((ALIAS_PTS_END - ALIAS_PTS) / sizeof(uint64_t))

#define ENTRIES		512
#define PRESENT		0x3ULL	/* and writable. Not accessed: KVM would map neighbours ahead, that were not touched. */
#define HUGE		0x80ULL

#define DONE_PORT	0x10

/*
 * Guest code, copied to CODE. Each piece ends with an OUT, which leaves to the probe.
 * touch: rdi = address, rbx = stride, rcx = count.
 * clear: rsi = address of the PTE, rdx = bytes to the next; rdi, rbx, rcx as above.
 */
asm(".pushsection .rodata\n"
    "guest_code:\n"
    "guest_real:\n"
    "	.code16\n"
    "	movb	%al, 0x2000\n"
    "	outb	%al, $0x10\n"
    "guest_touch:\n"
    "	.code64\n"
    "	movb	(%rdi), %al\n"
    "	addq	%rbx, %rdi\n"
    "	loop	guest_touch\n"
    "	outb	%al, $0x10\n"
    "guest_clear:\n"
    "	movq	$0, (%rsi)\n"
    "	invlpg	(%rdi)\n"
    "	addq	%rdx, %rsi\n"
    "	addq	%rbx, %rdi\n"
    "	loop	guest_clear\n"
    "	outb	%al, $0x10\n"
    "guest_end:\n"
    ".popsection\n");
extern const char guest_code[], guest_real[], guest_touch[], guest_clear[], guest_end[];

struct vcpu {
	int fd;
	bool long_mode;
	struct kvm_run *run;
};

struct vm {
	int kvm;
	int fd;
	size_t bytes;
	uint8_t *memory;
	int run_bytes;
	int vcpus;
	struct vcpu vcpu[MAX_VCPUS];
};

static uint64_t *table_at(struct vm *vm, uint64_t gpa)
{
	return (uint64_t *)(vm->memory + gpa);
}

int vm_set_memslot(struct vm *vm, uint32_t slot, uint64_t gpa, size_t bytes, size_t offset, uint32_t flags)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = bytes,
		.userspace_addr = (uintptr_t)vm->memory + offset,
	};

	if (offset > vm->bytes || bytes > vm->bytes - offset)
		return -EINVAL;
	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region) ? -errno : 0;
}

static void build_tables(struct vm *vm)
{
	uint64_t *alias_pd = table_at(vm, ALIAS_PD);
	uint64_t *pd = table_at(vm, LOW_PD);
	uint64_t *pt = table_at(vm, LOW_PT);
	uint64_t i;

	table_at(vm, PML4)[0] = PDPT | PRESENT;
	table_at(vm, PDPT)[0] = LOW_PD | PRESENT;
	table_at(vm, PDPT)[1] = ALIAS_PD | PRESENT;
	pd[0] = LOW_PT | PRESENT;
	for (i = 1; i < ENTRIES; i++)
		pd[i] = i * ENTRIES * PAGE | PRESENT | HUGE;
	for (i = 0; i < ENTRIES; i++)
		pt[i] = i * PAGE | PRESENT;
	for (i = 0; i < MAX_ALIASES / ENTRIES; i++)
		alias_pd[i] = (ALIAS_PTS + i * PAGE) | PRESENT;
}

int vm_open(struct vm *vm)
{
	vm->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm < 0)
		return -errno;
	vm->fd = ioctl(vm->kvm, KVM_CREATE_VM, 0);
	if (vm->fd < 0)
		return -errno;
	vm->run_bytes = ioctl(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	return vm->run_bytes < 0 ? -errno : 0;
}

static int reserve(struct vm **reserved, size_t bytes, bool populate)
{
	struct vm *vm;

	if (bytes < ALIAS_PTS_END)
		return -EINVAL;
	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return -ENOMEM;
	vm->kvm = vm->fd = -1;
	vm->bytes = bytes;
	vm->memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (vm->memory == MAP_FAILED) {
		free(vm);
		return -ENOMEM;
	}
	/* Huge pages of the host would spare the page tables and rmaps that are to be counted. */
	madvise(vm->memory, bytes, MADV_NOHUGEPAGE);
	for (size_t i = 0; populate && i < bytes; i += PAGE)
		((volatile uint8_t *)vm->memory)[i] = 0;
	memcpy(vm->memory + CODE, guest_code, guest_end - guest_code);
	build_tables(vm);
	*reserved = vm;
	return 0;
}

int vm_reserve(struct vm **reserved, size_t bytes)
{
	return reserve(reserved, bytes, true);
}

int vm_create(struct vm **created, size_t bytes)
{
	struct vm *vm;
	int ret = reserve(&vm, bytes, false);

	if (ret)
		return ret;
	ret = vm_open(vm);
	if (!ret)
		ret = vm_set_memslot(vm, 0, 0, bytes, 0, 0);
	if (ret)
		vm_close(vm);
	else
		*created = vm;
	return ret;
}

int vm_fd(const struct vm *vm)
{
	return vm->fd;
}

void vm_close(struct vm *vm)
{
	int i;

	for (i = 0; i < vm->vcpus; i++) {
		munmap(vm->vcpu[i].run, vm->run_bytes);
		close(vm->vcpu[i].fd);
	}
	close(vm->fd);
	munmap(vm->memory, vm->bytes);
	close(vm->kvm);
	free(vm);
}

static void flat(struct kvm_segment *segment, bool code)
{
	segment->base = 0;
	segment->limit = ~0U;
	segment->selector = code ? 0x8 : 0x10;
	segment->type = code ? 0xb : 0x3;
	segment->present = segment->s = segment->g = 1;
	segment->l = code;
	segment->db = !code;
}

static void long_mode(struct kvm_sregs *sregs)
{
	struct kvm_segment *data[] = { &sregs->ds, &sregs->es, &sregs->fs, &sregs->gs, &sregs->ss };
	size_t i;

	flat(&sregs->cs, true);
	for (i = 0; i < ARRAY_SIZE(data); i++)
		flat(data[i], false);
	sregs->cr3 = PML4;
	sregs->cr4 = 1 << 5;			/* PAE */
	sregs->cr0 = 1U << 31 | 1 << 16 | 1;	/* PG, WP, PE */
	sregs->efer = 1 << 10 | 1 << 8;		/* LMA, LME */
}

/* Long mode is refused to a vCPU whose CPUID does not have it. */
static int set_cpuid(struct vm *vm, int fd)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entries[256];
	} cpuid = { .head.nent = ARRAY_SIZE(cpuid.entries) };

	if (ioctl(vm->kvm, KVM_GET_SUPPORTED_CPUID, &cpuid))
		return -errno;
	return ioctl(fd, KVM_SET_CPUID2, &cpuid) ? -errno : 0;
}

static int set_mode(struct vcpu *vcpu)
{
	struct kvm_sregs sregs;

	if (ioctl(vcpu->fd, KVM_GET_SREGS, &sregs))
		return -errno;
	if (vcpu->long_mode) {
		long_mode(&sregs);
	} else {
		sregs.cs.base = 0;
		sregs.cs.selector = 0;
	}
	return ioctl(vcpu->fd, KVM_SET_SREGS, &sregs) ? -errno : 0;
}

int vm_add_vcpu(struct vm *vm, bool long_mode)
{
	struct vcpu *vcpu = &vm->vcpu[vm->vcpus];
	int ret;

	if (vm->vcpus == MAX_VCPUS)
		return -ENOSPC;
	vcpu->long_mode = long_mode;
	vcpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, (unsigned long)vm->vcpus);
	if (vcpu->fd < 0)
		return -errno;
	vcpu->run = mmap(NULL, vm->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED) {
		ret = -errno;
		close(vcpu->fd);
		return ret;
	}
	vm->vcpus++;
	ret = set_cpuid(vm, vcpu->fd);
	if (!ret)
		ret = set_mode(vcpu);
	return ret ? ret : vm->vcpus - 1;
}

uint8_t *vm_memory(struct vm *vm)
{
	return vm->memory;
}

size_t vm_bytes(const struct vm *vm)
{
	return vm->bytes;
}

/* Run guest code up to its OUT; any other exit is an error of the probe or of KVM. */
int vm_call(struct vm *vm, int number, struct kvm_regs regs)
{
	struct vcpu *vcpu = &vm->vcpu[number];

	if (number < 0 || number >= vm->vcpus)
		return -ENOENT;
	regs.rflags = 1 << 1;	/* the bit that is always set */
	if (ioctl(vcpu->fd, KVM_SET_REGS, &regs))
		return -errno;
	while (ioctl(vcpu->fd, KVM_RUN, 0))
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
	if (vcpu->run->exit_reason != KVM_EXIT_IO || vcpu->run->io.port != DONE_PORT)
		return -EPROTO;
	return 0;
}

/* Run one piece of the code above. */
static int call(struct vm *vm, int number, const char *piece, struct kvm_regs regs)
{
	regs.rip = CODE + (piece - guest_code);
	return vm_call(vm, number, regs);
}

int vm_run(struct vm *vm, int vcpu)
{
	if (vcpu >= 0 && vcpu < vm->vcpus && vm->vcpu[vcpu].long_mode)
		return vm_touch(vm, vcpu, SCRATCH, 1, PAGE);
	return call(vm, vcpu, guest_real, (struct kvm_regs){ 0 });
}

int vm_touch(struct vm *vm, int vcpu, uint64_t address, uint64_t count, uint64_t stride)
{
	struct kvm_regs regs = { .rdi = address, .rbx = stride, .rcx = count };

	return count ? call(vm, vcpu, guest_touch, regs) : -EINVAL;
}

int vm_clear(struct vm *vm, int vcpu, uint64_t alias, uint64_t count, uint64_t step)
{
	struct kvm_regs regs = {
		.rsi = ALIAS_PTS + alias * sizeof(uint64_t),
		.rdx = step * sizeof(uint64_t),
		.rdi = ALIASES + alias * PAGE,
		.rbx = step * PAGE,
		.rcx = count,
	};

	if (!count || alias + (count - 1) * step >= MAX_ALIASES)
		return -EINVAL;
	return call(vm, vcpu, guest_clear, regs);
}

int vm_map_aliases(struct vm *vm, uint64_t first, uint64_t count, uint64_t gfn, uint64_t gfns, uint64_t each)
{
	uint64_t *ptes = table_at(vm, ALIAS_PTS);
	uint64_t i;

	if (first + count > MAX_ALIASES || !gfns || !each)
		return -EINVAL;
	for (i = 0; i < count; i++)
		ptes[first + i] = (gfn + i / each % gfns) * PAGE | PRESENT;
	return 0;
}

int vm_share_table(struct vm *vm, uint64_t parents)
{
	uint64_t i, pd;

	if (parents > MAX_PDS * ENTRIES)
		return -EINVAL;
	for (i = 0; i < parents; i++) {
		pd = i < ENTRIES ? ALIAS_PD : MORE_PDS + (i / ENTRIES - 1) * PAGE;
		table_at(vm, PDPT)[1 + i / ENTRIES] = pd | PRESENT;
		table_at(vm, pd)[i % ENTRIES] = ALIAS_PTS | PRESENT;
	}
	return 0;
}

int vm_drop_page(struct vm *vm, uint64_t gfn)
{
	if (gfn >= vm->bytes / PAGE)
		return -EINVAL;
	return madvise(vm->memory + gfn * PAGE, PAGE, MADV_DONTNEED) ? -errno : 0;
}

int vm_limit_shadow_pages(struct vm *vm, unsigned long pages)
{
	return ioctl(vm->fd, KVM_SET_NR_MMU_PAGES, pages) ? -errno : 0;
}

int vm_delete_memslot(struct vm *vm)
{
	return vm_set_memslot(vm, 0, 0, 0, 0, 0);
}

int vm_stats_fd(struct vm *vm)
{
	int fd = ioctl(vm->fd, KVM_GET_STATS_FD, NULL);

	return fd < 0 ? -errno : fd;
}
