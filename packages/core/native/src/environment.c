// The few things of Node and V8 that Node-API does not show: exported C++ functions, looked up by name, so that a runtime
// without them is told apart from one that has them instead of failing to load the addon.
// node::GetCurrentEnvironment and what it needs are the same since Node 12. A v8::Local is one pointer and passed as such.

#include "addon.h"

#include <dlfcn.h>

void *brood_symbol(const char *name) {
  return dlsym(RTLD_DEFAULT, name);
}

void *brood_isolate(void) {
  void *(*isolate_of)(void);
  BROOD_LOOK_UP(isolate_of, "_ZN2v87Isolate10GetCurrentEv");
  return isolate_of == NULL ? NULL : isolate_of();
}

void *brood_environment(void) {
  void *(*context_of)(void *isolate);
  void *(*environment_of)(void *context);
  BROOD_LOOK_UP(context_of, "_ZN2v87Isolate17GetCurrentContextEv");
  BROOD_LOOK_UP(environment_of, "_ZN4node21GetCurrentEnvironmentEN2v85LocalINS0_7ContextEEE");
  void *const isolate = brood_isolate();
  if (isolate == NULL || context_of == NULL || environment_of == NULL) return NULL;
  return environment_of(context_of(isolate));
}
