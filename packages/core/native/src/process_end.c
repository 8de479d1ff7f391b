// How a process ended, asked through its pidfd. Three sources, because only a parent may wait for a process:
//   wait   we are its parent: this reaps it. Only this one process is waited for, so a host's other children and what
//          libuv spawned are never touched;
//   pidfd  another process has reaped it, and the kernel keeps its status with the pidfd (Linux 6.15 and newer);
//   proc   it has ended and its parent has not reaped it yet: its status stands in /proc/<pid>/stat (any Linux).
// On an older Linux, with a parent that was faster than we, only that parent can tell; the answer is "unknown" then.
// Rule: a pid read from the pidfd is trusted only while the pidfd says so before and after (a zombie keeps its pid).

#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/** The kernel's PIDFD_GET_INFO in its first size, of 64 bytes; the ioctl's number carries the size. */
struct end_info {
  uint64_t mask;
  uint64_t cgroup;
  uint32_t ids[11];
  int32_t status;
};
#define END_INFO_REQUEST _IOWR(0xFF, 11, struct end_info)
#define END_INFO_STATUS (UINT64_C(1) << 3)

enum state { RUNNING, ENDED, UNKNOWN };
static const char *const STATES[] = {"running", "ended", "unknown"};

struct end {
  enum state state;
  int status; /* as waitpid gives it */
  const char *source;
};

static struct end ended(int status, const char *source) {
  return (struct end){.state = ENDED, .status = status, .source = source};
}

/** True when it was our child and has been reaped now. */
static bool from_wait(int pidfd, struct end *end, int *error) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  int result;
  do result = waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG);
  while (result < 0 && errno == EINTR);
  if (result < 0) {
    if (errno != ECHILD) *error = errno;
    return false;
  }
  if (info.si_pid == 0) return false;
  const int status = info.si_code == CLD_EXITED ? (info.si_status & 0xff) << 8 : info.si_status & 0x7f;
  *end = ended(status, "wait");
  return true;
}

static bool from_pidfd(int pidfd, struct end *end) {
  struct end_info info;
  memset(&info, 0, sizeof info);
  info.mask = END_INFO_STATUS;
  if (ioctl(pidfd, END_INFO_REQUEST, &info) != 0 || (info.mask & END_INFO_STATUS) == 0) return false;
  *end = ended(info.status, "pidfd");
  return true;
}

/** How many bytes there were, with a zero behind them; -1 when it cannot be read. */
static ssize_t read_file(const char *path, char *buffer, size_t size, struct stat *stats) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  const ssize_t count = brood_stat(file, stats) == 0 ? read(file, buffer, size - 1) : -1;
  close(file);
  buffer[count < 0 ? 0 : count] = '\0';
  return count;
}

/** -1 when it was reaped, 0 when it lives in another pid namespace. */
static long pid_of(int pidfd) {
  char path[64], text[1024];
  struct stat stats;
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
  if (read_file(path, text, sizeof text, &stats) <= 0) return -1;
  const char *line = strstr(text, "\nPid:");
  return line == NULL ? -1 : strtol(line + 5, NULL, 10);
}

/** Field 52, the last one, of a zombie's stat. The kernel writes 0 there for a reader that may not know it. */
static bool from_proc(int pidfd, struct end *end) {
  char path[64], text[2048];
  struct stat owner;
  const long pid = pid_of(pidfd);
  if (pid <= 0) return false;
  snprintf(path, sizeof path, "/proc/%ld/stat", pid);
  if (read_file(path, text, sizeof text, &owner) <= 0 || owner.st_uid != geteuid()) return false;
  const char *state = strrchr(text, ')');
  const char *status = strrchr(text, ' ');
  if (state == NULL || status == NULL || state[1] == '\0' || state[2] != 'Z') return false;
  if (pid_of(pidfd) != pid) return false;
  *end = ended((int)strtol(status + 1, NULL, 10), "proc");
  return true;
}

static struct end find_end(int pidfd, int *error) {
  struct end end = {.state = UNKNOWN, .status = 0, .source = "none"};
  struct pollfd poller = {.fd = pidfd, .events = POLLIN, .revents = 0};
  if (from_wait(pidfd, &end, error) || *error != 0) return end;
  const int ready = poll(&poller, 1, 0);
  if (ready < 0) *error = errno;
  if (ready == 0) end.state = RUNNING;
  if (ready <= 0) return end;
  // Asked twice: it may have been reaped between the first question and /proc.
  if (from_pidfd(pidfd, &end) || from_proc(pidfd, &end)) return end;
  from_pidfd(pidfd, &end);
  return end;
}

/** processEnd(pidfd): [state, exit code or -1, signal or 0, source]. */
napi_value brood_process_end(napi_env env, napi_callback_info info) {
  napi_value argument, parts[4], result;
  int pidfd, error = 0;
  if (!brood_arguments(env, info, 1, &argument) || !brood_int(env, argument, "pidfd", &pidfd)) return NULL;
  const struct end end = find_end(pidfd, &error);
  if (error != 0) return brood_throw_errno(env, error, "waitid");
  const bool exited = end.state == ENDED && WIFEXITED(end.status);
  const bool signaled = end.state == ENDED && WIFSIGNALED(end.status);
  BROOD_TRY(env, napi_create_string_utf8(env, STATES[end.state], NAPI_AUTO_LENGTH, &parts[0]));
  BROOD_TRY(env, napi_create_int32(env, exited ? WEXITSTATUS(end.status) : -1, &parts[1]));
  BROOD_TRY(env, napi_create_int32(env, signaled ? WTERMSIG(end.status) : 0, &parts[2]));
  BROOD_TRY(env, napi_create_string_utf8(env, end.source, NAPI_AUTO_LENGTH, &parts[3]));
  BROOD_TRY(env, napi_create_array_with_length(env, 4, &result));
  for (uint32_t index = 0; index < 4; index += 1)
    BROOD_TRY(env, napi_set_element(env, result, index, parts[index]));
  return result;
}
