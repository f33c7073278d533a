#include "service/process/system_call_rows.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>

const char *const system_calls_allowed[] = {
	/* Memory. */
	"brk",
	"madvise",
	"mremap",
	"munmap",
	/* Threads, all of which run already. */
	"exit",
	"exit_group",
	"futex",
	"get_robust_list",
	"membarrier",
	"restart_syscall",
	"rseq",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sched_getaffinity",
	"sched_yield",
	"set_robust_list",
	"sigaltstack",
	/* Time. */
	"clock_getres",
	"clock_gettime",
	"clock_nanosleep",
	"gettimeofday",
	"nanosleep",
	"time",
	/* Who and what this is. */
	"getcpu",
	"getcwd",
	"getegid",
	"geteuid",
	"getgid",
	"getpid",
	"getppid",
	"getrandom",
	"getrlimit",
	"getrusage",
	"gettid",
	"getuid",
	"sysinfo",
	"uname",
	/* Files, to be read. openat2 keeps its flags in memory, out of sight: there landlock is the
	 * only guard. */
	"access",
	"faccessat",
	"faccessat2",
	"fstat",
	"getdents64",
	"lseek",
	"lstat",
	"newfstatat",
	"openat2",
	"pread64",
	"preadv",
	"preadv2",
	"readlink",
	"readlinkat",
	"stat",
	"statx",
	/* Descriptors. */
	"close",
	"epoll_create1",
	"epoll_ctl",
	"epoll_pwait",
	"epoll_pwait2",
	"epoll_wait",
	"eventfd2",
	"pipe2",
	"poll",
	"ppoll",
	"pselect6",
	"read",
	"readv",
	"select",
	"write",
	"writev",
	/* Sockets that are there, and connections from clients. */
	"accept",
	"accept4",
	"getpeername",
	"getsockname",
	"getsockopt",
	"recvfrom",
	"recvmsg",
	"setsockopt",
	"shutdown",
	NULL,
};

const struct bounded_call system_calls_bounded[] = {
	/* No memory is executable. */
	{
		.name = "mmap",
		.bounds = { { .argument = 2, .mask = PROT_EXEC } },
	},
	{
		.name = "mprotect",
		.bounds = { { .argument = 2, .mask = PROT_EXEC } },
	},
	/* No file is written or made. */
	{
		.name = "open",
		.bounds = { { .argument = 1, .mask = O_ACCMODE | O_CREAT | O_TRUNC, .value = O_RDONLY } },
	},
	{
		.name = "openat",
		.bounds = { { .argument = 2, .mask = O_ACCMODE | O_CREAT | O_TRUNC, .value = O_RDONLY } },
	},
	/* Limits are read. */
	{
		.name = "prlimit64",
		.bounds = { { .argument = 2, .mask = ALL_BITS } },
	},
	/* What is sent goes only where its socket was connected to before; the flag would connect it. */
	{
		.name = "sendto",
		.bounds = {
			{ .argument = 3, .mask = MSG_FASTOPEN },
			{ .argument = 4, .mask = ALL_BITS },
		},
	},
	{ .name = NULL },
};

/* Commands; those for owners and signals are not among them. */
const struct bounded_call system_calls_in_part[] = {
	{
		.name = "fcntl",
		.bounds = { { .argument = 1, .mask = ALL_BITS, .value = F_GETFD } },
	},
	{
		.name = "fcntl",
		.bounds = { { .argument = 1, .mask = ALL_BITS, .value = F_SETFD } },
	},
	{
		.name = "fcntl",
		.bounds = { { .argument = 1, .mask = ALL_BITS, .value = F_GETFL } },
	},
	{
		.name = "fcntl",
		.bounds = { { .argument = 1, .mask = ALL_BITS, .value = F_SETFL } },
	},
	{ .name = NULL },
};

/*
 * sendmsg keeps an address in memory, out of sight, and a socket of datagrams goes where it says. There is
 * one, and no copy of it. On others the flag would connect.
 */
const struct bounded_call system_calls_of_others[] = {
	{
		.name = "sendmsg",
		.bounds = { { .argument = 2, .mask = MSG_FASTOPEN } },
	},
	{
		.name = "fcntl",
		.bounds = { { .argument = 1, .mask = ALL_BITS, .value = F_DUPFD_CLOEXEC } },
	},
	{ .name = NULL },
};

/* What an intruder would try: a clear no, and a line in the kernel's log. */
const char *const system_calls_refused[] = {
	/* Programs and processes. clone3 has to be unknown: glibc then asks for clone. */
	"clone",
	"execve",
	"execveat",
	"fork",
	"vfork",
	/* Other processes. */
	"kill",
	"pidfd_getfd",
	"pidfd_open",
	"pidfd_send_signal",
	"process_madvise",
	"process_vm_readv",
	"process_vm_writev",
	"ptrace",
	"rt_sigqueueinfo",
	"rt_tgsigqueueinfo",
	"tkill",
	/* The network. */
	"bind",
	"connect",
	"listen",
	"sendmmsg",
	"socket",
	"socketpair",
	/* Files. */
	"chmod",
	"chown",
	"chroot",
	"copy_file_range",
	"creat",
	"fallocate",
	"fanotify_init",
	"fchmod",
	"fchmodat",
	"fchown",
	"fchownat",
	"fsetxattr",
	"ftruncate",
	"inotify_init",
	"inotify_init1",
	"lchown",
	"link",
	"linkat",
	"lsetxattr",
	"memfd_create",
	"memfd_secret",
	"mkdir",
	"mkdirat",
	"mknod",
	"mknodat",
	"name_to_handle_at",
	"open_by_handle_at",
	"pwrite64",
	"pwritev",
	"pwritev2",
	"rename",
	"renameat",
	"renameat2",
	"rmdir",
	"setxattr",
	"symlink",
	"symlinkat",
	"truncate",
	"unlink",
	"unlinkat",
	"utimensat",
	/* Terminals and devices. */
	"ioctl",
	"vhangup",
	/* Mounts and namespaces. */
	"fsconfig",
	"fsmount",
	"fsopen",
	"fspick",
	"mount",
	"mount_setattr",
	"move_mount",
	"open_tree",
	"pivot_root",
	"setns",
	"umount2",
	"unshare",
	/* Privileges. */
	"capset",
	"personality",
	"prctl",
	"seccomp",
	"setfsgid",
	"setfsuid",
	"setgid",
	"setgroups",
	"setpgid",
	"setpriority",
	"setregid",
	"setresgid",
	"setresuid",
	"setreuid",
	"setrlimit",
	"setsid",
	"setuid",
	/* The kernel's larger doors. */
	"add_key",
	"bpf",
	"delete_module",
	"finit_module",
	"init_module",
	"io_setup",
	"io_uring_enter",
	"io_uring_register",
	"io_uring_setup",
	"kexec_file_load",
	"kexec_load",
	"keyctl",
	"modify_ldt",
	"perf_event_open",
	"pkey_mprotect",
	"quotactl",
	"reboot",
	"remap_file_pages",
	"request_key",
	"shmat",
	"shmget",
	"swapoff",
	"swapon",
	"syslog",
	"userfaultfd",
	NULL,
};
