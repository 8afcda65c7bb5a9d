/* SPDX-License-Identifier: MIT */
/* Virtual machines for the probe. Functions that return int: 0 or more, or -errno. */
#ifndef VM_H
#define VM_H

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

/* Returns a file to read the VM's binary statistics from. */
int vm_stats_fd(struct vm *vm);

#endif
