// The end of a forked process by an uncaught error. Node prints its message in C++ and then exits, and every exit of Node
// joins threads that a forked process does not have. Between the two it calls what was registered with node::AtExit: there
// the process is left by _exit. So the message is Node's own, to the last character.
// node::AtExit and what it needs are C++ functions that Node exports for addons, the same since Node 12; they are looked up
// by name, because everything else here is plain Node-API. Without them (another runtime) the caller is told, and prints.
// Rejected: to print the message in JavaScript; the line of source above it is known to C++ alone.

#include "addon.h"

#include <dlfcn.h>
#include <unistd.h>

typedef void *(*current_isolate)(void);
typedef void *(*current_context)(void *isolate);
typedef void *(*current_environment)(void *context);
typedef void (*at_exit)(void *environment, void (*callback)(void *), void *argument);

/** A function pointer from dlsym, without a cast that ISO C forbids. */
#define LOOK_UP(function, name) (*(void **)&(function) = dlsym(RTLD_DEFAULT, name))

static void leave(void *code) {
  _exit((int)(intptr_t)code);
}

/** exitAfterMessage(code): true when the next fatal error will leave the process by _exit(code). */
napi_value brood_exit_after_message(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  int code;
  current_isolate isolate_of;
  current_context context_of;
  current_environment environment_of;
  at_exit register_exit;
  if (!brood_arguments(env, info, 1, &argument) || !brood_int(env, argument, "code", &code)) return NULL;
  LOOK_UP(isolate_of, "_ZN2v87Isolate10GetCurrentEv");
  LOOK_UP(context_of, "_ZN2v87Isolate17GetCurrentContextEv");
  LOOK_UP(environment_of, "_ZN4node21GetCurrentEnvironmentEN2v85LocalINS0_7ContextEEE");
  LOOK_UP(register_exit, "_ZN4node6AtExitEPNS_11EnvironmentEPFvPvES2_");
  const bool known = isolate_of != NULL && context_of != NULL && environment_of != NULL && register_exit != NULL;
  // A v8::Local is one pointer and passed as such.
  void *const environment = known ? environment_of(context_of(isolate_of())) : NULL;
  if (environment != NULL) register_exit(environment, leave, (void *)(intptr_t)(code & 0xff));
  BROOD_TRY(env, napi_get_boolean(env, environment != NULL, &result));
  return result;
}
