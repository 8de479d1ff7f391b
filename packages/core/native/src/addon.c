// The addon's table of contents: one JavaScript function for each entry, typed in packages/core/src/native/binding.ts.

#include "addon.h"

static const struct {
  const char *name;
  napi_callback function;
} FUNCTIONS[] = {
    {"forkSibling", brood_fork_sibling},   {"exitNow", brood_exit_now},
    {"pidfdOpen", brood_pidfd_open},       {"pidfdSignal", brood_pidfd_signal},
    {"processEnd", brood_process_end},     {"watchStart", brood_watch_start},
    {"watchChange", brood_watch_change},   {"watchRef", brood_watch_ref},
    {"watchStop", brood_watch_stop},       {"socketPair", brood_socket_pair},
    {"linkSend", brood_link_send},         {"linkReceive", brood_link_receive},
    {"duplicate", brood_duplicate},        {"close", brood_close},
    {"bindReuseport", brood_bind_reuseport}, {"isNoDelay", brood_is_no_delay},
    {"acceptMany", brood_accept_many},     {"closeMany", brood_close_many},
    {"peerAddress", brood_peer_address},   {"peek", brood_peek},
    {"steer", brood_steer},                {"unsteer", brood_unsteer},
    {"queueLength", brood_queue_length},   {"notify", brood_notify},
    {"replace", brood_replace},            {"exitAfterMessage", brood_exit_after_message},
    {"withoutThreads", brood_without_threads}, {"collectAll", brood_collect_all},
    {"watchdogStart", brood_watchdog_start}, {"pageCreate", brood_page_create},
    {"pageMap", brood_page_map},           {"noteWritten", brood_note_written},
    {"occupyAddresses", brood_occupy_addresses}, {"bindUnix", brood_bind_unix},
    {"listenOn", brood_listen_on},         {"backlogOf", brood_backlog_of},
    {"lockFile", brood_lock_file},         {"refuseNew", brood_refuse_new},
    {"isReadable", brood_is_readable},     {"bequeath", brood_bequeath},
    {"endWithParent", brood_end_with_parent}, {"lifelineCreate", brood_lifeline_create},
    {"lifelineTie", brood_lifeline_tie},
};

NAPI_MODULE_INIT() {
  for (size_t index = 0; index < sizeof FUNCTIONS / sizeof *FUNCTIONS; index += 1) {
    napi_value function;
    BROOD_TRY(env, napi_create_function(env, FUNCTIONS[index].name, NAPI_AUTO_LENGTH, FUNCTIONS[index].function,
                                        NULL, &function));
    BROOD_TRY(env, napi_set_named_property(env, exports, FUNCTIONS[index].name, function));
  }
  return exports;
}
