/* SPDX-License-Identifier: MIT */
/* Virtual machines for the probe. Functions that return int: 0 or more, or -errno. */
#ifndef VM_H
#define VM_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vm;

/* With one memslot. The VM's file descriptor is part of its folder's name in debugfs. */
int vm_create(struct vm **vm, size_t bytes);
int vm_fd(const struct vm *vm);
void vm_close(struct vm *vm);

/* The same step by step: memory that is there, page by page; the VM; memslots, each a part of that memory. */
int vm_reserve(struct vm **vm, size_t bytes);
int vm_open(struct vm *vm);
int vm_set_memslot(struct vm *vm, uint32_t slot, uint64_t gpa, size_t bytes, size_t offset, uint32_t flags);

/* Returns the new vCPU's number. */
int vm_add_vcpu(struct vm *vm, bool long_mode);

/* A few instructions of guest code: write one page, or (long mode) read one. */
int vm_run(struct vm *vm, int vcpu);

/* The guest reads a byte at `count` addresses, `stride` bytes apart. */
int vm_touch(struct vm *vm, int vcpu, uint64_t address, uint64_t count, uint64_t stride);

/* The guest clears the PTEs of `count` aliases, `step` apart, with an INVLPG each. */
int vm_clear(struct vm *vm, int vcpu, uint64_t alias, uint64_t count, uint64_t step);

/* Aliases first + i map gfn + (i / each) % gfns. */
int vm_map_aliases(struct vm *vm, uint64_t first, uint64_t count, uint64_t gfn, uint64_t gfns, uint64_t each);

/* That many page directory entries point to the first page table of aliases. */
int vm_share_table(struct vm *vm, uint64_t parents);

int vm_drop_page(struct vm *vm, uint64_t gfn);
int vm_limit_shadow_pages(struct vm *vm, unsigned long pages);
int vm_delete_memslot(struct vm *vm);

/* Guest memory as the host sees it, and the guest's code at regs.rip, up to its OUT to port 0x10. */
uint8_t *vm_memory(struct vm *vm);
size_t vm_bytes(const struct vm *vm);
int vm_call(struct vm *vm, int vcpu, struct kvm_regs regs);

/*
 * Nested (nested.c): L1 switches SVM on, with a VMCB and a nested page table in its memory. Aliases are L2 physical
 * pages from 1 GiB on.
 */
int nested_start(struct vm *vm, int vcpu);
/* Aliases first + i map L1 gfn + (i / each) % gfns. */
int nested_map(struct vm *vm, uint64_t first, uint64_t count, uint64_t gfn, uint64_t gfns, uint64_t each);
/* That many entries of the directory of aliases point to their first page table. */
int nested_share(struct vm *vm, uint64_t parents);
/* L1 enters L2, which reads a byte of `count` aliases, `step` apart, and leaves. */
int nested_touch(struct vm *vm, int vcpu, uint64_t alias, uint64_t count, uint64_t step);
/* L1 enters L2, which leaves at once. */
int nested_enter(struct vm *vm, int vcpu);
/* L1 itself lets the first entry of the directory point to the page table of that number. */
int nested_replace(struct vm *vm, int vcpu, uint64_t table);
/* The host writes these pages, so that they are there. */
int nested_fill(struct vm *vm, uint64_t gfn, uint64_t count);

/* Returns a file to read the VM's binary statistics from. */
int vm_stats_fd(struct vm *vm);

#endif
