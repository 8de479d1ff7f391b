// Shared by every file of the addon. Rules that hold everywhere:
// - no state of its own (but for watchdog.c, of which a process has one, and bequeath.c, which a fork asks): nothing static and changeable, so several environments (worker_threads) may load it;
// - each system call's result is checked; a failure becomes a thrown Error with `code`, `errno` (negative) and
//   `syscall`, as Node's own errors have them (errors.c);
// - descriptors that it makes are close-on-exec; a fork copies them all the same;
// - from libuv only functions are used, no struct is laid out here: one binary runs on Node 20, 22, 24 and 26.
#ifndef BROOD_ADDON_H
#define BROOD_ADDON_H

#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/** Leaves the function when Node-API failed; the exception is pending then. */
#define BROOD_TRY(env, call)                                   \
  do {                                                         \
    if ((call) != napi_ok) return brood_throw_napi(env, #call); \
  } while (0)

/** Throws the error for a positive errno. Always returns NULL, for `return brood_throw_errno(...)`. */
napi_value brood_throw_errno(napi_env env, int error, const char *syscall);
/** Throws what Node-API says of its last failure, unless an exception is pending already. Returns NULL. */
napi_value brood_throw_napi(napi_env env, const char *call);
/** Reads exactly `count` arguments; false with a pending TypeError when there are fewer. */
bool brood_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *values);
/** Reads an int32; false with a pending TypeError when it is none. */
bool brood_int(napi_env env, napi_value value, const char *name, int *result);

napi_value brood_undefined(napi_env env);
/** An array of int32; NULL with a pending exception on failure. */
napi_value brood_int_array(napi_env env, const int *values, size_t count);

/** fstat(2): 0, or -1 with errno. Not libc's own, which glibc 2.33 gave a new name. */
int brood_stat(int fd, struct stat *stats);

/** A function or table that this process exports, NULL when it does not (environment.c). */
void *brood_symbol(const char *name);
/** Sets a function pointer from its exported name, without a cast that ISO C forbids. */
#define BROOD_LOOK_UP(function, name) (*(void **)&(function) = brood_symbol(name))
/** The v8::Isolate of this thread; NULL where that cannot be asked. */
void *brood_isolate(void);
/** The node::Environment of this thread; NULL where that cannot be asked. */
void *brood_environment(void);

/** Of one mapping: where it is, and "rwxp". Returns errno or 0. */
typedef int (*brood_visit)(uintptr_t start, uintptr_t end, const char *permissions, void *context);
/** Shows `visit` each mapping of this process until it fails; allocates nothing. Returns errno or 0; `*syscall` names what
 *  `visit` calls, and afterwards what failed. */
int brood_each_mapping(brood_visit visit, void *context, const char **syscall);
/** errno, or 0: makes every private mapping of this process inheritable again (mappings.c). Names what failed. */
int brood_inherit_mappings(const char **syscall);

/** Of the shared memory that JavaScript hands over; NULL with a pending exception when it is too small (written.c). */
const void *brood_written_memory(napi_env env, napi_value memory);
/** In a forked process, before anything else: copies the pages that a sibling is known to have written to. */
void brood_copy_written(const void *memory);

/** One function of JavaScript each; described in packages/core/src/native/binding.ts. */
napi_value brood_fork_sibling(napi_env env, napi_callback_info info);
napi_value brood_note_written(napi_env env, napi_callback_info info);
napi_value brood_occupy_addresses(napi_env env, napi_callback_info info);
napi_value brood_exit_now(napi_env env, napi_callback_info info);
napi_value brood_pidfd_open(napi_env env, napi_callback_info info);
napi_value brood_pidfd_signal(napi_env env, napi_callback_info info);
napi_value brood_process_end(napi_env env, napi_callback_info info);
napi_value brood_watch_start(napi_env env, napi_callback_info info);
napi_value brood_watch_change(napi_env env, napi_callback_info info);
napi_value brood_watch_ref(napi_env env, napi_callback_info info);
napi_value brood_watch_stop(napi_env env, napi_callback_info info);
napi_value brood_bequeath(napi_env env, napi_callback_info info);
napi_value brood_end_with_parent(napi_env env, napi_callback_info info);
napi_value brood_lifeline_create(napi_env env, napi_callback_info info);
napi_value brood_lifeline_tie(napi_env env, napi_callback_info info);
napi_value brood_watchdog_start(napi_env env, napi_callback_info info);
napi_value brood_socket_pair(napi_env env, napi_callback_info info);
napi_value brood_link_send(napi_env env, napi_callback_info info);
napi_value brood_link_receive(napi_env env, napi_callback_info info);
napi_value brood_duplicate(napi_env env, napi_callback_info info);
napi_value brood_replace(napi_env env, napi_callback_info info);
napi_value brood_exit_after_message(napi_env env, napi_callback_info info);
napi_value brood_without_threads(napi_env env, napi_callback_info info);
napi_value brood_collect_all(napi_env env, napi_callback_info info);
napi_value brood_close(napi_env env, napi_callback_info info);
napi_value brood_bind_unix(napi_env env, napi_callback_info info);
napi_value brood_listen_on(napi_env env, napi_callback_info info);
napi_value brood_backlog_of(napi_env env, napi_callback_info info);
napi_value brood_lock_file(napi_env env, napi_callback_info info);
napi_value brood_bind_reuseport(napi_env env, napi_callback_info info);
napi_value brood_is_no_delay(napi_env env, napi_callback_info info);
napi_value brood_accept_many(napi_env env, napi_callback_info info);
napi_value brood_close_many(napi_env env, napi_callback_info info);
napi_value brood_peer_address(napi_env env, napi_callback_info info);
napi_value brood_peek(napi_env env, napi_callback_info info);
napi_value brood_steer(napi_env env, napi_callback_info info);
napi_value brood_unsteer(napi_env env, napi_callback_info info);
napi_value brood_queue_length(napi_env env, napi_callback_info info);
napi_value brood_refuse_new(napi_env env, napi_callback_info info);
napi_value brood_is_readable(napi_env env, napi_callback_info info);
napi_value brood_page_create(napi_env env, napi_callback_info info);
napi_value brood_page_map(napi_env env, napi_callback_info info);
napi_value brood_notify(napi_env env, napi_callback_info info);

#endif
