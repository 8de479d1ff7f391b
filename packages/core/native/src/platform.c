// A forked process has none of V8's worker threads, but Node's platform still counts one. V8 asks for that number before it
// hands out parts of a collection; told one, it posts tasks that nobody runs. On Node 26 that is each collection of the
// young generation, for ever in a queue; and on 20 and 26 a thread's end waits for such a task, so `new Worker()` never
// emits `exit`. Told zero, V8 does the work itself, at once.
// What V8 posted in the template, before anybody told it (on Node 20 when WebAssembly is compiled, and so with the first
// `fetch`), stays in that queue. Node waits for the queue to become empty whenever its loop has nothing left to do: a worker
// that lets its application end by itself would hang there. So it only runs what is for its own thread.
// Both are virtual functions of node::NodePlatform. The platform's object gets a copy of its class's table in which only
// these are others: found by their addresses, never by their places, so nothing of the layout is assumed but that a table of
// functions comes first (Itanium C++ ABI, all of Linux). What is not found is left as it is, and said.

#include "addon.h"

#include <string.h>

/** The table's own words before the first function: offset to top, type. */
#define TABLE_HEAD 2
/** NodePlatform has 20-26 virtual functions. What is copied beyond them is never called. */
#define TABLE_WORDS 40

/** NodePlatform::FlushForegroundTasks: true when there were any. */
static bool (*flush_foreground_tasks)(void *platform, void *isolate);

static int no_threads(void *platform) {
  (void)platform;
  return 0;
}

/** Instead of NodePlatform::DrainTasks. */
static void drain_own_tasks(void *platform, void *isolate) {
  while (flush_foreground_tasks(platform, isolate)) continue;
}

/** Node has one platform for a process, and a process is forked once at most: its table is written here. */
static void *table[TABLE_HEAD + TABLE_WORDS];

/** False when there is no such function in the table. */
static bool replace(const void *function, const void *by) {
  for (size_t index = TABLE_HEAD; function != NULL && index < TABLE_HEAD + TABLE_WORDS; index += 1) {
    if (table[index] != function) continue;
    memcpy(&table[index], &by, sizeof by);
    return true;
  }
  return false;
}

/** withoutThreads(): true when V8 will not hand out work to threads any more, and nobody waits for what it has handed out.
 *  Only in a forked process. */
napi_value brood_without_threads(napi_env env, napi_callback_info info) {
  (void)info;
  void *(*platform_of)(void *environment);
  int (*const counts)(void *) = no_threads;
  void (*const drains)(void *, void *) = drain_own_tasks;
  const void *no_threads_address, *drain_address;
  memcpy(&no_threads_address, &counts, sizeof counts);
  memcpy(&drain_address, &drains, sizeof drains);
  napi_value result;
  bool replaced = false;
  BROOD_LOOK_UP(platform_of, "_ZN4node23GetMultiIsolatePlatformEPNS_11EnvironmentE");
  BROOD_LOOK_UP(flush_foreground_tasks, "_ZN4node12NodePlatform20FlushForegroundTasksEPN2v87IsolateE");
  void *const environment = brood_environment();
  if (platform_of != NULL && flush_foreground_tasks != NULL && environment != NULL) {
    void ***const platform = platform_of(environment);
    memcpy(table, *platform - TABLE_HEAD, sizeof table);
    const bool counted = replace(brood_symbol("_ZN4node12NodePlatform21NumberOfWorkerThreadsEv"), no_threads_address);
    replaced = replace(brood_symbol("_ZN4node12NodePlatform10DrainTasksEPN2v87IsolateE"), drain_address) && counted;
    *platform = table + TABLE_HEAD;
  }
  BROOD_TRY(env, napi_get_boolean(env, replaced, &result));
  return result;
}
