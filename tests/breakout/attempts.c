#include "breakout/attempts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

struct path {
	char text[512];
};

static struct path below(const struct surroundings *around, const char *name)
{
	struct path path;
	snprintf(path.text, sizeof(path.text), "%s/%s", around->folder, name);
	return path;
}

static int outcome(long result)
{
	return result < 0 ? -errno : 0;
}

static int try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);
	int error = outcome(fd);
	if (fd >= 0)
		close(fd);
	return error;
}

static int try_openat2(const char *path, uint64_t flags)
{
	const struct open_how how = { .flags = flags, .mode = flags & O_CREAT ? 0600 : 0 };
	return outcome(syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how)));
}

static int read_passwords(const struct surroundings *around)
{
	(void)around;
	return try_open("/etc/passwd", O_RDONLY);
}

static int list_everything(const struct surroundings *around)
{
	(void)around;
	return try_open("/", O_RDONLY | O_DIRECTORY);
}

static int read_sibling(const struct surroundings *around)
{
	return try_open(below(around, "models/../sibling/secret").text, O_RDONLY);
}

static int read_sibling_openat2(const struct surroundings *around)
{
	return try_openat2(below(around, "models/../sibling/secret").text, O_RDONLY);
}

static int follow_link_out(const struct surroundings *around)
{
	return try_open(below(around, "models/out").text, O_RDONLY);
}

static int read_through_proc(const struct surroundings *around)
{
	(void)around;
	return try_open("/proc/self/root/etc/passwd", O_RDONLY);
}

static int read_environment_of_other(const struct surroundings *around)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/environ", around->process);
	return try_open(path, O_RDONLY);
}

static int read_own_memory_file(const struct surroundings *around)
{
	(void)around;
	return try_open("/proc/self/mem", O_RDONLY);
}

static int make_file(const struct surroundings *around)
{
	return try_open(below(around, "models/new").text, O_CREAT | O_WRONLY);
}

static int make_file_openat2(const struct surroundings *around)
{
	return try_openat2(below(around, "models/new").text, O_CREAT | O_WRONLY);
}

static int make_nameless_file(const struct surroundings *around)
{
	return try_open(below(around, "models").text, O_TMPFILE | O_RDWR);
}

static int write_file(const struct surroundings *around)
{
	return try_open(below(around, "models/file").text, O_WRONLY);
}

static int empty_file(const struct surroundings *around)
{
	return try_open(below(around, "models/file").text, O_RDONLY | O_TRUNC);
}

static int shorten_file(const struct surroundings *around)
{
	return outcome(truncate(below(around, "models/file").text, 1));
}

static int make_folder(const struct surroundings *around)
{
	return outcome(mkdir(below(around, "models/folder").text, 0700));
}

static int remove_file(const struct surroundings *around)
{
	return outcome(unlink(below(around, "models/file").text));
}

static int remove_folder(const struct surroundings *around)
{
	return outcome(rmdir(below(around, "models/empty").text));
}

static int rename_file(const struct surroundings *around)
{
	return outcome(
		rename(below(around, "models/file").text, below(around, "models/renamed").text));
}

static int make_link(const struct surroundings *around)
{
	return outcome(symlink("/etc", below(around, "models/link").text));
}

static int make_hard_link(const struct surroundings *around)
{
	return outcome(
		link(below(around, "models/file").text, below(around, "models/second").text));
}

static int make_pipe(const struct surroundings *around)
{
	return outcome(mkfifo(below(around, "models/pipe").text, 0600));
}

static int make_socket_file(const struct surroundings *around)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/models/socket", around->folder);
	return outcome(bind(around->local, (struct sockaddr *)&address, sizeof(address)));
}

static int change_mode(const struct surroundings *around)
{
	return outcome(chmod(below(around, "models/file").text, 0666));
}

static int make_memory_file(const struct surroundings *around)
{
	(void)around;
	return outcome(memfd_create("x", MFD_CLOEXEC));
}

static char program[] = "/bin/true";

static int start_program(const struct surroundings *around)
{
	char *const words[] = { program, NULL };
	(void)around;
	return outcome(execve(program, words, NULL));
}

static int start_program_at(const struct surroundings *around)
{
	char *const words[] = { program, NULL };
	(void)around;
	return outcome(syscall(SYS_execveat, AT_FDCWD, program, words, NULL, 0));
}

static int make_process(const struct surroundings *around)
{
	(void)around;
	long child = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	if (child == 0)
		_exit(0);
	return outcome(child);
}

static int make_process_clone3(const struct surroundings *around)
{
	struct {
		uint64_t words[8];
	} arguments = { { 0 } };
	(void)around;
	long child = syscall(SYS_clone3, &arguments, sizeof(arguments));
	if (child == 0)
		_exit(0);
	return outcome(child);
}

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
}

static int make_socket(const struct surroundings *around)
{
	(void)around;
	return outcome(socket(AF_INET, SOCK_STREAM, 0));
}

static int make_socket_pair(const struct surroundings *around)
{
	int pair[2];
	(void)around;
	return outcome(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

static int connect_out(const struct surroundings *around)
{
	const struct sockaddr_in address = loopback(around->port);
	return outcome(connect(around->tcp, (const struct sockaddr *)&address, sizeof(address)));
}

static int bind_port(const struct surroundings *around)
{
	const struct sockaddr_in address = loopback(0);
	return outcome(bind(around->tcp, (const struct sockaddr *)&address, sizeof(address)));
}

static int listen_anywhere(const struct surroundings *around)
{
	return outcome(listen(around->tcp, 1));
}

static int send_datagram(const struct surroundings *around)
{
	const struct sockaddr_in address = loopback(around->port);
	return outcome(
		sendto(around->udp, "x", 1, 0, (const struct sockaddr *)&address, sizeof(address)));
}

/* Through memory, where no filter sees it. */
static int send_message(long fd, const void *address, socklen_t length, int flags)
{
	char byte = 'x';
	struct iovec data = { &byte, 1 };
	const struct msghdr message = { .msg_name = (void *)(uintptr_t)address,
		.msg_namelen = length,
		.msg_iov = &data,
		.msg_iovlen = 1 };
	return outcome(syscall(SYS_sendmsg, fd, &message, flags | MSG_NOSIGNAL));
}

static int connect_by_sending(const struct surroundings *around)
{
	const struct sockaddr_in address = loopback(around->port);
	return send_message(around->tcp, &address, sizeof(address), MSG_FASTOPEN);
}

static int connect_by_sending_to(const struct surroundings *around)
{
	return outcome(sendto(around->tcp, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, NULL, 0));
}

static int send_to_stranger(const struct surroundings *around)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/stranger", around->folder);
	return send_message(around->manager, &address, sizeof(address), 0);
}

/* The kernel takes the lower half of the number alone. */
static int send_to_stranger_by_long_number(const struct surroundings *around)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/stranger", around->folder);
	return send_message(around->manager | (long)0x5500000000, &address, sizeof(address), 0);
}

static int copy_descriptor(const struct surroundings *around)
{
	int copy = fcntl(around->manager, F_DUPFD_CLOEXEC, 0);
	int error = outcome(copy);
	if (copy >= 0)
		close(copy);
	return error;
}

static int copy_descriptor_otherwise(const struct surroundings *around)
{
	int copy = fcntl(around->manager, F_DUPFD, 0);
	int error = outcome(copy);
	if (copy >= 0)
		close(copy);
	return error;
}

static int signal_by_descriptor(const struct surroundings *around)
{
	return outcome(fcntl(around->tcp, F_SETOWN, around->process));
}

static int choose_signal(const struct surroundings *around)
{
	return outcome(fcntl(around->tcp, F_SETSIG, SIGUSR1));
}

static int connect_abstract(const struct surroundings *around)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = strlen(around->abstract);
	memcpy(address.sun_path + 1, around->abstract, length);
	return outcome(connect(around->local, (struct sockaddr *)&address,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)));
}

static int signal_other(const struct surroundings *around)
{
	return outcome(kill(around->process, 0));
}

static int signal_thread_of_other(const struct surroundings *around)
{
	return outcome(syscall(SYS_tgkill, around->process, around->process, 0));
}

static int trace_other(const struct surroundings *around)
{
	return outcome(ptrace(PTRACE_SEIZE, around->process, NULL, NULL));
}

static int read_memory_of_other(const struct surroundings *around)
{
	char here[1];
	struct iovec own = { here, sizeof(here) };
	struct iovec other = { (void *)(uintptr_t)&attempt_count, sizeof(here) };
	return outcome(process_vm_readv(around->process, &own, 1, &other, 1, 0));
}

static int map_executable(const struct surroundings *around)
{
	(void)around;
	void *memory = mmap(
		NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? -errno : 0;
}

static int make_executable(const struct surroundings *around)
{
	(void)around;
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return memory == MAP_FAILED ? -errno
				    : outcome(mprotect(memory, 4096, PROT_READ | PROT_EXEC));
}

static int reach_terminal(const struct surroundings *around)
{
	struct winsize size;
	(void)around;
	return outcome(ioctl(STDERR_FILENO, TIOCGWINSZ, &size));
}

static int leave_root(const struct surroundings *around)
{
	return outcome(chroot(around->folder));
}

static int make_namespace(const struct surroundings *around)
{
	(void)around;
	return outcome(unshare(CLONE_NEWUSER));
}

static int raise_limit(const struct surroundings *around)
{
	const uint64_t limit[2] = { 64, 64 };
	const int files = 7; /* RLIMIT_NOFILE */
	(void)around;
	return outcome(syscall(SYS_prlimit64, 0, files, limit, NULL));
}

/* Where bad arguments tell what would have happened: the filter looks at none of them. */
#define ATTEMPT_OF_CALL(call)                                                                      \
	static int call_##call(const struct surroundings *around)                                  \
	{                                                                                          \
		(void)around;                                                                      \
		return outcome(syscall(SYS_##call, -1L, -1L, -1L, -1L, -1L, -1L));                 \
	}

ATTEMPT_OF_CALL(add_key)
ATTEMPT_OF_CALL(bpf)
ATTEMPT_OF_CALL(finit_module)
ATTEMPT_OF_CALL(init_module)
ATTEMPT_OF_CALL(io_uring_setup)
ATTEMPT_OF_CALL(kexec_load)
ATTEMPT_OF_CALL(keyctl)
ATTEMPT_OF_CALL(mount)
ATTEMPT_OF_CALL(open_by_handle_at)
ATTEMPT_OF_CALL(perf_event_open)
ATTEMPT_OF_CALL(pidfd_getfd)
ATTEMPT_OF_CALL(pivot_root)
ATTEMPT_OF_CALL(prctl)
ATTEMPT_OF_CALL(reboot)
ATTEMPT_OF_CALL(seccomp)
ATTEMPT_OF_CALL(setns)
ATTEMPT_OF_CALL(setuid)
ATTEMPT_OF_CALL(shmat)
ATTEMPT_OF_CALL(swapon)
ATTEMPT_OF_CALL(umount2)
ATTEMPT_OF_CALL(userfaultfd)

/* A number that no kernel has: it must look as in a kernel that does not know a newer call. */
static int call_unknown(const struct surroundings *around)
{
	(void)around;
	return outcome(syscall(2000));
}

#ifdef __x86_64__
/* getpid by the numbers of the x32 machine. */
static int call_other_machine(const struct surroundings *around)
{
	(void)around;
	return outcome(syscall(0x40000000 | SYS_getpid));
}
#endif

#define ROW(what, function, by_calls, by_files, since)                                             \
	{                                                                                          \
		.name = what, .run = function, .calls = by_calls, .files = by_files, .abi = since  \
	}
#define CALL(call) ROW(#call, call_##call, EPERM, 0, 0)

const struct attempt attempts[] = {
	ROW("read /etc/passwd", read_passwords, 0, EACCES, 0),
	ROW("list /", list_everything, 0, EACCES, 0),
	ROW("read a sibling of the root", read_sibling, 0, EACCES, 0),
	ROW("read a sibling with openat2", read_sibling_openat2, 0, EACCES, 0),
	ROW("follow a link out", follow_link_out, 0, EACCES, 0),
	ROW("read /proc/self/root/etc/passwd", read_through_proc, 0, EACCES, 0),
	ROW("read another's environment", read_environment_of_other, 0, EACCES, 0),
	ROW("read /proc/self/mem", read_own_memory_file, 0, EACCES, 0),
	ROW("make a file", make_file, EPERM, EACCES, 0),
	ROW("make a file with openat2", make_file_openat2, 0, EACCES, 0),
	ROW("make a nameless file", make_nameless_file, EPERM, EACCES, 0),
	ROW("write a file", write_file, EPERM, EACCES, 0),
	ROW("empty a file", empty_file, EPERM, EACCES, 3),
	ROW("shorten a file", shorten_file, EPERM, EACCES, 3),
	ROW("make a folder", make_folder, EPERM, EACCES, 0),
	ROW("remove a file", remove_file, EPERM, EACCES, 0),
	ROW("remove a folder", remove_folder, EPERM, EACCES, 0),
	ROW("rename a file", rename_file, EPERM, EACCES, 0),
	ROW("make a symbolic link", make_link, EPERM, EACCES, 0),
	ROW("make a hard link", make_hard_link, EPERM, EACCES, 0),
	ROW("make a pipe", make_pipe, EPERM, EACCES, 0),
	ROW("make a socket file", make_socket_file, EPERM, EACCES, 0),
	ROW("change a mode", change_mode, EPERM, 0, 0),
	ROW("make a file in memory", make_memory_file, EPERM, 0, 0),
	ROW("execve", start_program, EPERM, EACCES, 0),
	ROW("execveat", start_program_at, EPERM, EACCES, 0),
	ROW("clone", make_process, EPERM, 0, 0),
	ROW("clone3", make_process_clone3, ENOSYS, 0, 0),
	ROW("make a socket", make_socket, EPERM, 0, 0),
	ROW("make a pair of sockets", make_socket_pair, EPERM, 0, 0),
	ROW("connect", connect_out, EPERM, EACCES, 4),
	ROW("bind a port", bind_port, EPERM, EACCES, 4),
	ROW("listen", listen_anywhere, EPERM, 0, 0),
	ROW("send a datagram", send_datagram, EPERM, 0, 0),
	ROW("connect by sending", connect_by_sending, ENOSYS, 0, 0),
	ROW("connect by sending to nobody", connect_by_sending_to, EPERM, 0, 0),
	ROW("send to a stranger", send_to_stranger, ENOSYS, 0, 0),
	ROW("send to a stranger by a long number", send_to_stranger_by_long_number, ENOSYS, 0, 0),
	ROW("copy the manager's socket", copy_descriptor, ENOSYS, 0, 0),
	ROW("copy it otherwise", copy_descriptor_otherwise, ENOSYS, 0, 0),
	ROW("signal by a descriptor", signal_by_descriptor, ENOSYS, 0, 0),
	ROW("choose a descriptor's signal", choose_signal, ENOSYS, 0, 0),
	ROW("connect to an abstract socket", connect_abstract, EPERM, EPERM, 6),
	ROW("signal another process", signal_other, EPERM, EPERM, 6),
	ROW("signal another's thread", signal_thread_of_other, EPERM, EPERM, 6),
	ROW("trace another process", trace_other, EPERM, EPERM, 0),
	ROW("read another's memory", read_memory_of_other, EPERM, EPERM, 0),
	ROW("map executable memory", map_executable, EPERM, 0, 0),
	ROW("make memory executable", make_executable, EPERM, 0, 0),
	ROW("reach a terminal", reach_terminal, EPERM, 0, 0),
	ROW("chroot", leave_root, EPERM, 0, 0),
	ROW("make a namespace", make_namespace, EPERM, 0, 0),
	ROW("set a limit", raise_limit, EPERM, 0, 0),
	CALL(add_key),
	CALL(bpf),
	CALL(finit_module),
	CALL(init_module),
	CALL(io_uring_setup),
	CALL(kexec_load),
	CALL(keyctl),
	CALL(mount),
	CALL(open_by_handle_at),
	CALL(perf_event_open),
	CALL(pidfd_getfd),
	CALL(pivot_root),
	CALL(prctl),
	CALL(reboot),
	CALL(seccomp),
	CALL(setns),
	CALL(setuid),
	CALL(shmat),
	CALL(swapon),
	CALL(umount2),
	CALL(userfaultfd),
	ROW("an unknown call", call_unknown, ENOSYS, 0, 0),
#ifdef __x86_64__
	ROW("a call of another machine", call_other_machine, EPERM, 0, 0),
#endif
};

const size_t attempt_count = sizeof(attempts) / sizeof(attempts[0]);

static int write_new(const struct surroundings *around, const char *name)
{
	int fd = open(below(around, name).text, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, "some text\n", 10) != 10)
		return -errno;
	return outcome(close(fd));
}

int attempts_prepare(const char *folder)
{
	static const char *const folders[] = { "models", "models/empty", "sibling" };
	const struct surroundings around = { .folder = folder };
	int error = 0;
	for (size_t i = 0; i < 3 && error == 0; i++)
		error = outcome(mkdir(below(&around, folders[i]).text, 0700));
	if (error == 0)
		error = write_new(&around, "models/file");
	if (error == 0)
		error = write_new(&around, "sibling/secret");
	if (error == 0)
		error = outcome(symlink("../sibling/secret", below(&around, "models/out").text));
	return error;
}

/* Of datagrams, with a name in the folder. */
static int bind_datagrams(const struct surroundings *around, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", around->folder, name);
	if (fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	return -1;
}

int surroundings_open(struct surroundings *around)
{
	around->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	around->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	around->local = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	around->stranger = bind_datagrams(around, "stranger");
	if (around->manager < 0)
		around->manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return around->tcp < 0 || around->udp < 0 || around->local < 0 || around->stranger < 0 ||
			       around->manager < 0
		       ? -errno
		       : 0;
}
