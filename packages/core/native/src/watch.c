// A descriptor in Node's event loop: a uv_poll with a JavaScript callback, for pidfds and links.
// The handle is allocated with uv_handle_size of the Node that runs, and reached through functions only, so nothing
// depends on a libuv version. A watch lives until it is stopped or its environment ends; a forked child inherits every
// watch of its template and must stop those that are not its own.
// When its environment ends first (a thread that is terminated), the descriptor is closed with it: the peer of a link must
// learn that its other end is gone.
// Ownership: the struct is freed when the handle has closed AND the JavaScript object was collected (`holders`).

#include "addon.h"
#include "libuv.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct watch {
  napi_env env;
  napi_ref callback;
  napi_ref self; /* strong: an open watch is never collected */
  napi_async_context context;
  napi_async_cleanup_hook_handle hook; /* the environment waits for it when it ends */
  uv_handle_t *handle;                 /* NULL once stopped */
  int fd;
  int holders;
};

static void release(struct watch *watch) {
  watch->holders -= 1;
  if (watch->holders == 0) free(watch);
}

static void on_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  release(data);
}

static void on_closed(uv_handle_t *handle) {
  struct watch *watch = uv_handle_get_data(handle);
  napi_remove_async_cleanup_hook(watch->hook);
  free(handle);
  release(watch);
}

static void stop(struct watch *watch) {
  uv_handle_t *handle = watch->handle;
  if (handle == NULL) return;
  watch->handle = NULL;
  uv_poll_stop((uv_poll_t *)handle);
  uv_close(handle, on_closed);
}

static void drop_references(struct watch *watch) {
  if (watch->callback != NULL) napi_delete_reference(watch->env, watch->callback);
  if (watch->self != NULL) napi_delete_reference(watch->env, watch->self);
  if (watch->context != NULL) napi_async_destroy(watch->env, watch->context);
  watch->callback = NULL;
  watch->self = NULL;
  watch->context = NULL;
}

/** The environment ends with the watch still open: the loop must not outlive it with our handle. */
static void on_environment_end(napi_async_cleanup_hook_handle hook, void *data) {
  (void)hook;
  struct watch *watch = data;
  const bool is_open = watch->handle != NULL;
  drop_references(watch);
  stop(watch);
  if (is_open) close(watch->fd);
}

static void report_uncaught(napi_env env) {
  napi_value exception;
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) != napi_ok || !pending) return;
  if (napi_get_and_clear_last_exception(env, &exception) == napi_ok) napi_fatal_exception(env, exception);
}

static void call_back(struct watch *watch, int status, int events) {
  const napi_env env = watch->env;
  napi_value callback, receiver, arguments[2];
  if (napi_get_reference_value(env, watch->callback, &callback) != napi_ok || callback == NULL) return;
  if (napi_get_global(env, &receiver) != napi_ok) return;
  if (napi_create_int32(env, status, &arguments[0]) != napi_ok) return;
  if (napi_create_int32(env, events, &arguments[1]) != napi_ok) return;
  if (napi_make_callback(env, watch->context, receiver, callback, 2, arguments, NULL) != napi_ok)
    report_uncaught(env);
}

static void on_event(uv_poll_t *handle, int status, int events) {
  struct watch *watch = uv_handle_get_data((uv_handle_t *)handle);
  napi_handle_scope scope;
  if (napi_open_handle_scope(watch->env, &scope) != napi_ok) return;
  call_back(watch, status, events);
  napi_close_handle_scope(watch->env, scope);
}

/** A handle that polls nothing yet, or NULL with a pending exception. */
static struct watch *open_watch(napi_env env, int fd) {
  uv_loop_t *loop;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) {
    brood_throw_napi(env, "napi_get_uv_event_loop");
    return NULL;
  }
  struct watch *watch = calloc(1, sizeof *watch);
  uv_handle_t *handle = malloc(uv_handle_size(UV_POLL));
  int error = watch == NULL || handle == NULL ? -ENOMEM : uv_poll_init(loop, (uv_poll_t *)handle, fd);
  if (error == 0) {
    *watch = (struct watch){.env = env, .handle = handle, .fd = fd, .holders = 1};
    uv_handle_set_data(handle, watch);
    if (napi_add_async_cleanup_hook(env, on_environment_end, watch, &watch->hook) == napi_ok) return watch;
    // Without the hook nothing can be closed in time; closing needs no hook to remove.
    error = -ENOMEM;
    uv_close(handle, (uv_close_cb)free);
    handle = NULL;
  }
  free(handle);
  free(watch);
  brood_throw_errno(env, -error, "uv_poll_init");
  return NULL;
}

/** Gives the watch its callback and its object. Returns what failed, or NULL. */
static const char *expose(struct watch *watch, napi_value callback, napi_value *object) {
  const napi_env env = watch->env;
  napi_value name;
  if (napi_create_reference(env, callback, 1, &watch->callback) != napi_ok) return "napi_create_reference";
  if (napi_create_string_utf8(env, "brood:watch", NAPI_AUTO_LENGTH, &name) != napi_ok) return "napi_create_string";
  if (napi_async_init(env, NULL, name, &watch->context) != napi_ok) return "napi_async_init";
  if (napi_create_object(env, object) != napi_ok) return "napi_create_object";
  if (napi_wrap(env, *object, watch, on_collected, NULL, NULL) != napi_ok) return "napi_wrap";
  watch->holders += 1;
  return napi_create_reference(env, *object, 1, &watch->self) == napi_ok ? NULL : "napi_create_reference";
}

/** watchStart(fd, events, callback(status, events)): an object for the other three. Sets the descriptor non-blocking. */
napi_value brood_watch_start(napi_env env, napi_callback_info info) {
  napi_value arguments[3], object;
  napi_valuetype type;
  int fd, events;
  if (!brood_arguments(env, info, 3, arguments) || !brood_int(env, arguments[0], "fd", &fd) ||
      !brood_int(env, arguments[1], "events", &events))
    return NULL;
  BROOD_TRY(env, napi_typeof(env, arguments[2], &type));
  if (type != napi_function) return brood_throw_errno(env, EINVAL, "watchStart");

  struct watch *watch = open_watch(env, fd);
  if (watch == NULL) return NULL;
  const char *failed = expose(watch, arguments[2], &object);
  const int error = failed == NULL ? uv_poll_start((uv_poll_t *)watch->handle, events, on_event) : 0;
  if (failed == NULL && error == 0) return object;
  drop_references(watch);
  stop(watch);
  return failed == NULL ? brood_throw_errno(env, -error, "uv_poll_start") : brood_throw_napi(env, failed);
}

/** The watch behind the first argument; NULL with a pending exception when it is none. */
static struct watch *watch_of(napi_env env, napi_value object) {
  void *data = NULL;
  if (napi_unwrap(env, object, &data) == napi_ok) return data;
  brood_throw_napi(env, "napi_unwrap");
  return NULL;
}

/** watchChange(watch, events): 0 pauses it. Does nothing once stopped. */
napi_value brood_watch_change(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  int events;
  if (!brood_arguments(env, info, 2, arguments) || !brood_int(env, arguments[1], "events", &events)) return NULL;
  struct watch *watch = watch_of(env, arguments[0]);
  if (watch == NULL) return NULL;
  if (watch->handle != NULL) {
    uv_poll_t *poll = (uv_poll_t *)watch->handle;
    const int error = events == 0 ? uv_poll_stop(poll) : uv_poll_start(poll, events, on_event);
    if (error != 0) return brood_throw_errno(env, -error, "uv_poll_start");
  }
  return brood_undefined(env);
}

/** watchRef(watch, keepsLoopAlive). Does nothing once stopped. */
napi_value brood_watch_ref(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  bool keeps;
  if (!brood_arguments(env, info, 2, arguments)) return NULL;
  BROOD_TRY(env, napi_get_value_bool(env, arguments[1], &keeps));
  struct watch *watch = watch_of(env, arguments[0]);
  if (watch == NULL) return NULL;
  if (watch->handle != NULL && keeps) uv_ref(watch->handle);
  if (watch->handle != NULL && !keeps) uv_unref(watch->handle);
  return brood_undefined(env);
}

/** watchStop(watch): no callback comes after it, and the descriptor may be closed at once. May be called twice. */
napi_value brood_watch_stop(napi_env env, napi_callback_info info) {
  napi_value argument;
  if (!brood_arguments(env, info, 1, &argument)) return NULL;
  struct watch *watch = watch_of(env, argument);
  if (watch == NULL) return NULL;
  stop(watch);
  drop_references(watch);
  return brood_undefined(env);
}
