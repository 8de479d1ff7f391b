// refuse: runs a program whose system calls fail when it is told so, and as long as it is told so. For tests only.
//   refuse <call,call,...> <program> <argument>...
// The program and all that it starts are under a seccomp filter that asks this process about each of these calls
// (SECCOMP_RET_USER_NOTIF). Commands come on descriptor 3, a line each; each is answered by a line:
//   fail <call> <errno> <per million> <pid or 0>    from now on; 0 per million: no longer    ok
//   clear                                            every call is let through again          ok
//   count                                            how many calls have failed since then    <number>
// The first line is the program's pid. It dies with this process, and this process ends as it ended.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONTROL 3
#define RULES_MAX 64

#define CALL(name) {#name, SYS_##name, 0, 0, 0}
static struct rule {
  const char *name;
  int number;
  int error;
  int per_million;
  int pid;
} rules[] = {
    CALL(accept4),     CALL(bind),          CALL(clone),      CALL(clone3),           CALL(connect),
    CALL(dup3),        CALL(eventfd2),      CALL(fcntl),      CALL(flock),            CALL(fstat),
    CALL(ftruncate),   CALL(newfstatat), CALL(getsockname),   CALL(getsockopt), CALL(ioctl),            CALL(listen),
    CALL(madvise),     CALL(memfd_create),  CALL(mmap),       CALL(openat),           CALL(pidfd_open),
    CALL(pidfd_send_signal), CALL(pipe2),   CALL(ppoll),      CALL(prctl),            CALL(pread64),
    CALL(recvfrom),    CALL(recvmsg),       CALL(rt_sigaction), CALL(sendmsg),        CALL(setsockopt),
    CALL(socket),      CALL(socketpair),    CALL(waitid),     CALL(execve),           CALL(getpeername),
#ifdef SYS_poll
    CALL(poll),        CALL(dup2),          CALL(fork),       CALL(vfork),
#endif
};
#define RULES (sizeof rules / sizeof *rules)

static uint64_t seed = 88172645463325252u;
static unsigned long refused;

static void fail(const char *what) {
  fprintf(stderr, "refuse: %s: %s\n", what, strerror(errno));
  exit(125);
}

static struct rule *rule_of(const char *name) {
  for (size_t index = 0; index < RULES; index += 1)
    if (strcmp(rules[index].name, name) == 0) return &rules[index];
  return NULL;
}

/** Asks about the calls in `names`; a name that this machine does not have is passed over. */
static int install(char *names) {
  struct sock_filter filter[2 * RULES_MAX + 4];
  unsigned short length = 0;
  filter[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  for (char *name = strtok(names, ","); name != NULL && length < 2 * RULES_MAX; name = strtok(NULL, ",")) {
    const struct rule *rule = rule_of(name);
    if (rule == NULL) continue;
    filter[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)rule->number, 0, 1);
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
  }
  filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  const struct sock_fprog program = {.len = length, .filter = filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

/** The listener's number goes through memory that both share: sendmsg may be among the calls that are asked about. */
static void start(char **arguments, volatile int *listener, int go) {
  char byte;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int made = install(arguments[1]);
  *listener = made < 0 ? -errno : made;
  if (read(go, &byte, 1) != 1) _exit(125);
  close(go);
  if (made >= 0) close(made);
  close(CONTROL);
  execvp(arguments[2], arguments + 2);
  _exit(127);
}

static int draws(int per_million) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (int)(seed % 1000000u) < per_million;
}

/** A thread's number is what the kernel tells; its process is looked up. */
static int process_of(int thread) {
  char path[64], line[128];
  int process = thread;
  snprintf(path, sizeof path, "/proc/%d/status", thread);
  FILE *file = fopen(path, "re");
  while (file != NULL && fgets(line, sizeof line, file) != NULL)
    if (sscanf(line, "Tgid: %d", &process) == 1) break;
  if (file != NULL) fclose(file);
  return process;
}

static void answer(int listener) {
  struct seccomp_notif asked;
  memset(&asked, 0, sizeof asked);
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) return; /* its caller was killed */
  struct seccomp_notif_resp reply = {.id = asked.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
  for (size_t index = 0; index < RULES; index += 1) {
    const struct rule *rule = &rules[index];
    if (rule->number != asked.data.nr || rule->per_million == 0) continue;
    if (rule->pid != 0 && process_of((int)asked.pid) != rule->pid) continue;
    if (!draws(rule->per_million)) continue;
    reply.flags = 0;
    reply.error = -rule->error;
    refused += 1;
  }
  (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
}

static void obey(char *line) {
  char name[64];
  int error, per_million, pid;
  if (strncmp(line, "clear", 5) == 0) {
    for (size_t index = 0; index < RULES; index += 1) rules[index].per_million = 0;
    refused = 0;
  } else if (strncmp(line, "count", 5) == 0) {
    dprintf(CONTROL, "%lu\n", refused);
    return;
  } else if (sscanf(line, "fail %63s %d %d %d", name, &error, &per_million, &pid) == 4) {
    struct rule *rule = rule_of(name);
    if (rule != NULL) {
      rule->error = error;
      rule->per_million = per_million;
      rule->pid = pid;
    }
  }
  dprintf(CONTROL, "ok\n");
}

/** False: whoever gives commands has gone. */
static int read_commands(void) {
  static char buffer[4096];
  static size_t filled;
  const ssize_t count = read(CONTROL, buffer + filled, sizeof buffer - 1 - filled);
  if (count <= 0) return 0;
  filled += (size_t)count;
  buffer[filled] = '\0';
  char *line = buffer;
  for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
    *end = '\0';
    obey(line);
  }
  filled -= (size_t)(line - buffer);
  memmove(buffer, line, filled);
  return 1;
}

static void end_as(pid_t child) {
  int status;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (WIFSIGNALED(status)) {
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
  }
  exit(WIFEXITED(status) ? WEXITSTATUS(status) : 126);
}

int main(int count, char **arguments) {
  if (count < 3) return 125;
  if (getenv("REFUSE_SEED") != NULL) seed = strtoull(getenv("REFUSE_SEED"), NULL, 10) * 2654435761u + 1;
  volatile int *listener = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int go[2];
  if (listener == MAP_FAILED || pipe2(go, O_CLOEXEC) != 0) fail("pipe2");
  const pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) start(arguments, listener, go[0]);
  const int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
  while (*listener == 0) usleep(100);
  if (*listener < 0) {
    errno = -*listener;
    fail("seccomp");
  }
  const int notifications = (int)syscall(SYS_pidfd_getfd, pidfd, *listener, 0);
  if (notifications < 0) fail("pidfd_getfd");
  dprintf(CONTROL, "%d\n", (int)child);
  if (write(go[1], "", 1) != 1) fail("write");
  struct pollfd watched[] = {{.fd = pidfd, .events = POLLIN}, {.fd = CONTROL, .events = POLLIN}, {.fd = notifications, .events = POLLIN}};
  for (;;) {
    if (poll(watched, 3, -1) < 0 && errno != EINTR) fail("poll");
    if ((watched[2].revents & POLLIN) != 0) answer(notifications);
    else if ((watched[2].revents & POLLHUP) != 0) watched[2].fd = -1;
    if (watched[1].revents != 0 && !read_commands()) watched[1].fd = -1;
    if ((watched[0].revents & POLLIN) != 0) end_as(child);
  }
}
