// SPDX-License-Identifier: MIT
/*
 * PID 1 of an emulated machine. It does single steps for somebody else: it reads a command a line from the second
 * serial port and answers each with one line,
 *
 *	ok [VALUE...]		done
 *	data N			done, N bytes follow
 *	error WHAT: WHY		not done
 *
 * What is an experiment, and what is to be expected of it, the other end of the line knows. The machine switches
 * itself off when nobody talks to it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "vm.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define SLAB		"/sys/kernel/slab"
#define PATIENCE_MS	(120 * 1000)
#define MAX_WORDS	64
#define MAX_VMS		128
#define MAX_KEPT	16

static FILE *line;		/* to the other end */
static struct vm *vms[MAX_VMS];
static int kept[MAX_KEPT];

/* Answers */

static void ok(void)
{
	fputs("ok\n", line);
}

static void fail(const char *what, int error)
{
	fprintf(line, "error %s: %s\n", what, strerror(error));
}

/* For the many functions whose result is a number or -errno. */
static void answer(const char *what, int ret)
{
	if (ret < 0)
		fail(what, -ret);
	else
		fprintf(line, "ok %d\n", ret);
}

static void send(const char *bytes, size_t count)
{
	fprintf(line, "data %zu\n", count);
	fwrite(bytes, 1, count, line);
}

/* Files */

/* Return a file's whole content, to be freed, or NULL with errno set. */
static char *slurp_fd(int fd, size_t *count)
{
	size_t room = 4096;
	char *bytes = malloc(room);
	ssize_t got;

	*count = 0;
	while (bytes && (got = read(fd, bytes + *count, room - *count)) != 0) {
		if (got < 0) {
			free(bytes);
			return NULL;
		}
		*count += got;
		if (*count == room)
			bytes = realloc(bytes, room *= 2);
	}
	return bytes;
}

static char *slurp(const char *path, size_t *count)
{
	int fd = open(path, O_RDONLY);
	int error;
	char *bytes;

	if (fd < 0)
		return NULL;
	bytes = slurp_fd(fd, count);
	error = errno;
	close(fd);
	errno = error;
	return bytes;
}

static int spill(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static void cmd_read(char **word)
{
	size_t count;
	char *bytes = slurp(word[1], &count);

	if (!bytes)
		return fail(word[1], errno);
	send(bytes, count);
	free(bytes);
}

static void cmd_write(char **word)
{
	char text[512] = "";
	size_t used = 0;

	for (int i = 2; word[i] && used < sizeof(text); i++)
		used += snprintf(text + used, sizeof(text) - used, i > 2 ? " %s" : "%s", word[i]);
	answer(word[1], used < sizeof(text) ? spill(word[1], text) : -E2BIG);
}

/* Files that stay open, so that to write to one allocates nothing. */
static void cmd_keep(char **word)
{
	static int used;
	int fd = used < MAX_KEPT ? open(word[1], O_WRONLY) : -1;

	if (fd < 0)
		return fail(word[1], used < MAX_KEPT ? errno : EMFILE);
	kept[used] = fd;
	answer(word[1], used++);
}

static void cmd_put(char **word)
{
	unsigned int number = atoi(word[1]);

	if (number >= MAX_KEPT || kept[number] <= 0)
		return fail(word[1], EBADF);
	answer(word[1], write(kept[number], word[2], strlen(word[2])) < 0 ? -errno : 0);
}

static void cmd_mkdir(char **word)
{
	answer(word[1], mkdir(word[1], 0755) ? -errno : 0);
}

static void walk(FILE *out, const char *folder);

/* One entry of a tree: a link's target, a readable file's content, or a folder's entries. */
static void visit(FILE *out, const char *path, unsigned char type)
{
	char target[256];
	size_t count;
	ssize_t got;
	char *bytes;

	if (type == DT_DIR) {
		walk(out, path);
	} else if (type == DT_LNK) {
		got = readlink(path, target, sizeof(target));
		fprintf(out, "link %s %.*s\n", path, (int)(got < 0 ? 0 : got), target);
	} else if ((bytes = slurp(path, &count))) {
		fprintf(out, "file %s %zu\n", path, count);
		fwrite(bytes, 1, count, out);
		free(bytes);
	}
}

static void walk(FILE *out, const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[512];

	if (!dir)
		return;
	fprintf(out, "folder %s\n", folder);
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		visit(out, path, entry->d_type);
	}
	closedir(dir);
}

static void cmd_tree(char **word)
{
	size_t count;
	char *bytes;
	FILE *out = open_memstream(&bytes, &count);

	walk(out, word[1]);
	fclose(out);
	send(bytes, count);
	free(bytes);
}

/* Modules */

static void cmd_insmod(char **word)
{
	char params[256] = "";
	int fd = open(word[1], O_RDONLY | O_CLOEXEC);
	int ret;

	for (char **param = word + 2; *param; param++) {
		strncat(params, *param, sizeof(params) - strlen(params) - 2);
		strcat(params, " ");
	}
	ret = syscall(SYS_finit_module, fd, params, 0) ? -errno : 0;
	close(fd);
	answer(word[1], ret);
}

static void cmd_rmmod(char **word)
{
	answer(word[1], syscall(SYS_delete_module, word[1], O_NONBLOCK) ? -errno : 0);
}

/* kmem_caches */

static ino_t inode(const char *cache)
{
	struct stat st;
	char path[256];

	snprintf(path, sizeof(path), SLAB "/%s", cache);
	return stat(path, &st) ? 0 : st.st_ino;
}

/*
 * A merged cache has no row of its own: /proc/slabinfo has the name that the shared cache was created with. Its
 * folder in sysfs is the same one.
 */
static int print_row(const char *cache)
{
	FILE *info = fopen("/proc/slabinfo", "r");
	ino_t wanted = inode(cache);
	char text[512], name[128];
	long n[7];
	int ret = -ENOENT;

	while (info && wanted && ret && fgets(text, sizeof(text), info)) {
		if (sscanf(text, "%127s %ld %ld %ld %ld %ld : tunables %*d %*d %*d : slabdata %ld %ld", name, &n[0], &n[1],
			   &n[2], &n[3], &n[4], &n[5], &n[6]) != 8 || inode(name) != wanted)
			continue;
		fprintf(line, "ok %s %ld %ld %ld %ld %ld %ld\n", name, n[0], n[1], n[2], n[3], n[4], n[6]);
		ret = 0;
	}
	if (info)
		fclose(info);
	return ret;
}

static void cmd_raw(char **word)
{
	int ret = print_row(word[1]);

	if (ret)
		fail(word[1], -ret);
}

/* A shrink gives back what CPUs keep for themselves: without it slabinfo counts those objects as in use. */
static void cmd_count(char **word)
{
	char path[256];
	int ret;

	snprintf(path, sizeof(path), SLAB "/%s/shrink", word[1]);
	ret = spill(path, "1");
	if (ret)
		return fail(path, -ret);
	cmd_raw(word);
}

/* The machine */

static void cmd_pin(char **word)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(atoi(word[1]), &cpus);
	answer("sched_setaffinity", sched_setaffinity(0, sizeof(cpus), &cpus) ? -errno : 0);
}

/* Page tables are freed by RCU: the second grace period ends after the callbacks of the first have run. */
static void cmd_settle(char **word)
{
	int ret = 0;

	(void)word;
	for (int i = 0; i < 2 && !ret; i++)
		ret = syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) ? -errno : 0;
	usleep(20 * 1000);
	answer("membarrier", ret);
}

/* Start a program, in the cgroup that the probe is in, and answer with its process. */
static void cmd_spawn(char **word)
{
	pid_t child = fork();
	int out;

	if (child) {
		answer(word[1], child < 0 ? -errno : child);
		return;
	}
	out = open("/output", O_WRONLY | O_CREAT | O_APPEND, 0644);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execv(word[1], word + 1);
	perror(word[1]);
	_exit(127);
}

static void cmd_kill(char **word)
{
	pid_t child = atoi(word[1]);

	if (kill(child, SIGKILL))
		return fail(word[1], errno);
	answer(word[1], waitpid(child, NULL, 0) < 0 ? -errno : 0);
}

static void cmd_off(char **word)
{
	(void)word;
	ok();
	fflush(line);
	tcdrain(fileno(line));
	reboot(RB_POWER_OFF);
}

/* Virtual machines: the first word after the command is the VM's number */

static struct vm *vm_of(char **word)
{
	int number = atoi(word[1]);

	if (number >= 0 && number < MAX_VMS && vms[number])
		return vms[number];
	fail("VM", ENOENT);
	return NULL;
}

static uint64_t number(const char *word)
{
	return strtoull(word, NULL, 0);
}

/* Make a VM in a free place, and answer with the place and the VM's file descriptor. */
static void make(char **word, int (*maker)(struct vm **vm, size_t bytes))
{
	int i = 0;
	int ret;

	while (i < MAX_VMS && vms[i])
		i++;
	ret = i < MAX_VMS ? maker(&vms[i], number(word[1])) : -ENOSPC;
	if (ret)
		fail("VM", -ret);
	else
		fprintf(line, "ok %d %d\n", i, vm_fd(vms[i]));
}

static void cmd_vm(char **word)
{
	make(word, vm_create);
}

static void cmd_reserve(char **word)
{
	make(word, vm_reserve);
}

static void cmd_close(char **word)
{
	struct vm *vm = vm_of(word);

	if (!vm)
		return;
	vms[atoi(word[1])] = NULL;
	vm_close(vm);
	ok();
}

static void cmd_stats(char **word)
{
	struct vm *vm = vm_of(word);
	size_t count;
	char *bytes;
	int fd;

	if (!vm)
		return;
	fd = vm_stats_fd(vm);
	if (fd < 0)
		return fail("KVM_GET_STATS_FD", -fd);
	bytes = slurp_fd(fd, &count);
	close(fd);
	if (!bytes)
		return fail("statistics", errno);
	send(bytes, count);
	free(bytes);
}

/* These only call into vm.c. */
#define VM_COMMAND(name, call)				\
static void cmd_##name(char **word)			\
{							\
	struct vm *vm = vm_of(word);			\
							\
	if (vm)						\
		answer(word[0], call);			\
}

VM_COMMAND(vcpu, vm_add_vcpu(vm, !strcmp(word[2], "long")))
VM_COMMAND(open, vm_open(vm))
VM_COMMAND(slot, vm_set_memslot(vm, number(word[2]), number(word[3]), number(word[4]), number(word[5]), number(word[6])))
VM_COMMAND(run, vm_run(vm, atoi(word[2])))
VM_COMMAND(touch, vm_touch(vm, atoi(word[2]), number(word[3]), number(word[4]), number(word[5])))
VM_COMMAND(clear, vm_clear(vm, atoi(word[2]), number(word[3]), number(word[4]), number(word[5])))
VM_COMMAND(map, vm_map_aliases(vm, number(word[2]), number(word[3]), number(word[4]), number(word[5]), number(word[6])))
VM_COMMAND(share, vm_share_table(vm, number(word[2])))
VM_COMMAND(drop, vm_drop_page(vm, number(word[2])))
VM_COMMAND(limit, vm_limit_shadow_pages(vm, number(word[2])))
VM_COMMAND(nest, nested_start(vm, atoi(word[2])))
VM_COMMAND(l2enter, nested_enter(vm, atoi(word[2])))
VM_COMMAND(l2touch, nested_touch(vm, atoi(word[2]), number(word[3]), number(word[4]), number(word[5])))
VM_COMMAND(l2map, nested_map(vm, number(word[2]), number(word[3]), number(word[4]), number(word[5]), number(word[6])))
VM_COMMAND(l2share, nested_share(vm, number(word[2])))
VM_COMMAND(l2replace, nested_replace(vm, atoi(word[2]), number(word[3])))
VM_COMMAND(fill, nested_fill(vm, number(word[2]), number(word[3])))
VM_COMMAND(unslot, vm_delete_memslot(vm))

static const struct command {
	const char *name;
	int words;	/* that it needs */
	void (*run)(char **word);
	const char *usage;
} commands[] = {
	{ "clear", 5, cmd_clear, "VM VCPU ALIAS COUNT STEP" },
	{ "close", 1, cmd_close, "VM" },
	{ "count", 1, cmd_count, "CACHE" },
	{ "drop", 2, cmd_drop, "VM GFN" },
	{ "fill", 3, cmd_fill, "VM GFN COUNT" },
	{ "insmod", 1, cmd_insmod, "FILE [PARAMETER...]" },
	{ "keep", 1, cmd_keep, "FILE" },
	{ "kill", 1, cmd_kill, "PROCESS" },
	{ "l2enter", 2, cmd_l2enter, "VM VCPU" },
	{ "l2map", 6, cmd_l2map, "VM FIRST COUNT GFN GFNS EACH" },
	{ "l2replace", 3, cmd_l2replace, "VM VCPU TABLE" },
	{ "l2share", 2, cmd_l2share, "VM PARENTS" },
	{ "l2touch", 5, cmd_l2touch, "VM VCPU ALIAS COUNT STEP" },
	{ "limit", 2, cmd_limit, "VM PAGES" },
	{ "map", 6, cmd_map, "VM FIRST COUNT GFN GFNS EACH" },
	{ "mkdir", 1, cmd_mkdir, "FOLDER" },
	{ "nest", 2, cmd_nest, "VM VCPU" },
	{ "off", 0, cmd_off, "" },
	{ "open", 1, cmd_open, "VM" },
	{ "pin", 1, cmd_pin, "CPU" },
	{ "put", 2, cmd_put, "KEPT WORD" },
	{ "raw", 1, cmd_raw, "CACHE" },
	{ "read", 1, cmd_read, "FILE" },
	{ "reserve", 1, cmd_reserve, "BYTES" },
	{ "rmmod", 1, cmd_rmmod, "MODULE" },
	{ "run", 2, cmd_run, "VM VCPU" },
	{ "settle", 0, cmd_settle, "" },
	{ "share", 2, cmd_share, "VM PARENTS" },
	{ "slot", 6, cmd_slot, "VM SLOT ADDRESS BYTES OFFSET FLAGS" },
	{ "spawn", 1, cmd_spawn, "PROGRAM [WORD...]" },
	{ "stats", 1, cmd_stats, "VM" },
	{ "touch", 5, cmd_touch, "VM VCPU ADDRESS COUNT STRIDE" },
	{ "tree", 1, cmd_tree, "FOLDER" },
	{ "unslot", 1, cmd_unslot, "VM" },
	{ "vcpu", 2, cmd_vcpu, "VM real|long" },
	{ "vm", 1, cmd_vm, "BYTES" },
	{ "write", 2, cmd_write, "FILE WORD..." },
};

static void obey(char *text)
{
	char *word[MAX_WORDS + 1] = { NULL };
	int words = 0;

	for (char *next = strtok(text, " \n"); next && words < MAX_WORDS; next = strtok(NULL, " \n"))
		word[words++] = next;
	for (size_t i = 0; words && i < ARRAY_SIZE(commands); i++) {
		const struct command *command = &commands[i];

		if (strcmp(command->name, word[0]))
			continue;
		if (words <= command->words)
			fprintf(line, "error usage: %s %s\n", command->name, command->usage);
		else
			command->run(word);
		return;
	}
	fprintf(line, "error unknown command: %s\n", words ? word[0] : "");
}

static void mount_all(void)
{
	static const struct {
		const char *type, *on;
	} mounts[] = {
		{ "devtmpfs", "/dev" },
		{ "proc", "/proc" },
		{ "sysfs", "/sys" },
		{ "debugfs", "/sys/kernel/debug" },
		{ "tracefs", "/sys/kernel/tracing" },
		{ "cgroup2", "/sys/fs/cgroup" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		mkdir(mounts[i].on, 0755);
		if (mount(mounts[i].type, mounts[i].on, mounts[i].type, 0, NULL))
			perror(mounts[i].on);
	}
}

static int open_line(const char *path)
{
	struct termios raw;
	int fd = open(path, O_RDWR | O_NOCTTY);

	if (fd < 0 || tcgetattr(fd, &raw))
		return -1;
	cfmakeraw(&raw);
	cfsetspeed(&raw, B115200);
	if (tcsetattr(fd, TCSANOW, &raw))
		return -1;
	line = fdopen(fd, "w");
	return fd;
}

int main(void)
{
	char text[4096];
	size_t used = 0;
	struct pollfd in = { .events = POLLIN };

	mount_all();
	in.fd = open_line("/dev/ttyS1");
	if (in.fd < 0)
		perror("/dev/ttyS1");
	else
		ok();	/* ready */
	while (line && !fflush(line) && poll(&in, 1, PATIENCE_MS) > 0) {
		ssize_t got = read(in.fd, text + used, sizeof(text) - 1 - used);
		char *end;

		if (got <= 0)
			break;
		text[used += got] = '\0';
		while ((end = strchr(text, '\n'))) {
			*end = '\0';
			obey(text);
			fflush(line);
			used -= end + 1 - text;
			memmove(text, end + 1, used + 1);
		}
		if (used == sizeof(text) - 1)
			used = 0;	/* no command is that long */
	}
	reboot(RB_POWER_OFF);
	return 1;
}
