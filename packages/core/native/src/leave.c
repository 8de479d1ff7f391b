// The end of a forked process by an uncaught error. Node prints its message in C++ and then exits, and every exit of Node
// joins threads that a forked process does not have. Between the two it calls what was registered with node::AtExit: there
// the process is left by _exit. So the message is Node's own, to the last character.
// node::AtExit is looked up by name (environment.c). Without it (another runtime) the caller is told, and prints.
// Rejected: to print the message in JavaScript; the line of source above it is known to C++ alone.

#include "addon.h"

#include <unistd.h>

static void leave(void *code) {
  _exit((int)(intptr_t)code);
}

/** exitAfterMessage(code): true when the next fatal error will leave the process by _exit(code). */
napi_value brood_exit_after_message(napi_env env, napi_callback_info info) {
  napi_value argument, result;
  int code;
  void (*register_exit)(void *environment, void (*callback)(void *), void *argument);
  if (!brood_arguments(env, info, 1, &argument) || !brood_int(env, argument, "code", &code)) return NULL;
  BROOD_LOOK_UP(register_exit, "_ZN4node6AtExitEPNS_11EnvironmentEPFvPvES2_");
  void *const environment = register_exit == NULL ? NULL : brood_environment();
  if (environment != NULL) register_exit(environment, leave, (void *)(intptr_t)(code & 0xff));
  BROOD_TRY(env, napi_get_boolean(env, environment != NULL, &result));
  return result;
}
