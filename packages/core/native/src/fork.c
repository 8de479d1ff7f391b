// forkSibling: one native call from "inherit all memory" to "the loop works again", and exitNow, the way out.
// Between fork and uv_loop_fork nothing of JavaScript runs and nothing is allocated here. fork() is libc's own, since
// libuv renews its thread pool and signal handling in pthread_atfork, and libc takes malloc's locks for the moment of
// the fork; so a plain clone(2) with CLONE_PARENT, which would make the supervisor the parent at once, is not an option
// (tried: fs promises never settle in the child).
// Signals are held back until the child has its own loop: before that, libuv's handler would write into the parent's
// signal pipe, and the parent would act upon what was meant for the child (seen: 55-60 of 60 SIGTERMs sent right after
// the fork; with the mask none).
// The caller stays the parent. It passes the pidfd on, and reaps when the supervisor has seen the end (process_end.c).
// Rejected: a double fork that reparents to the supervisor as subreaper. That is an attribute of the whole host process,
// which would then keep the orphans of programs that are not ours as zombies for ever (20 of 20 in a trial), and the
// second copy of the page tables makes the call 3-4 times as long (2.8-4.5 ms became 10-17 ms at 170 MB).

#include "addon.h"
#include "libuv.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/** EX_OSERR of sysexits.h: the child could not renew its loop and cannot run JavaScript. */
#define EXIT_LOOP_LOST 71

static void child_without_loop(void) {
  static const char message[] = "brood: uv_loop_fork failed in a forked process\n";
  const ssize_t written = write(STDERR_FILENO, message, sizeof message - 1);
  (void)written; /* there is nobody else to tell */
  _exit(EXIT_LOOP_LOST);
}

/** The parent cannot watch this child: end it at once instead of leaving it to itself. Reading the mappings has just
 *  needed a free descriptor too, so only another thread that took the last one leads here. */
static void abandon(pid_t pid) {
  kill(pid, SIGKILL);
  while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
}

static napi_value parent_result(napi_env env, pid_t pid) {
  const int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
  if (pidfd < 0) {
    const int error = errno;
    abandon(pid);
    return brood_throw_errno(env, error, "pidfd_open");
  }
  const int values[] = {(int)pid, pidfd};
  const napi_value result = brood_int_array(env, values, 2);
  if (result == NULL) {
    abandon(pid);
    close(pidfd);
  }
  return result;
}

napi_value brood_fork_sibling(napi_env env, napi_callback_info info) {
  uv_loop_t *loop;
  sigset_t all, before;
  napi_value argument, null_value;
  if (!brood_arguments(env, info, 1, &argument)) return NULL;
  const void *written = brood_written_memory(env, argument);
  if (written == NULL) return NULL;
  BROOD_TRY(env, napi_get_uv_event_loop(env, &loop));
  BROOD_TRY(env, napi_get_null(env, &null_value));

  const char *syscall_name;
  const int inherited = brood_inherit_mappings(&syscall_name);
  if (inherited != 0) return brood_throw_errno(env, inherited, syscall_name);
  sigfillset(&all);
  const int masked = pthread_sigmask(SIG_SETMASK, &all, &before);
  if (masked != 0) return brood_throw_errno(env, masked, "pthread_sigmask");

  const pid_t pid = fork();
  const int forked = pid < 0 ? errno : 0;
  if (pid == 0) brood_copy_written(written);
  if (pid == 0 && uv_loop_fork(loop) != 0) child_without_loop();
  pthread_sigmask(SIG_SETMASK, &before, NULL);

  if (forked != 0) return brood_throw_errno(env, forked, "fork");
  return pid == 0 ? null_value : parent_result(env, pid);
}

napi_value brood_exit_now(napi_env env, napi_callback_info info) {
  napi_value argument;
  int code;
  if (!brood_arguments(env, info, 1, &argument) || !brood_int(env, argument, "code", &code)) return NULL;
  _exit(code & 0xff);
}
