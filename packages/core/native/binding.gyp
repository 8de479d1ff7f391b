{
  "targets": [
    {
      "target_name": "brood",
      "sources": [
        "src/accept.c",
        "src/addon.c",
        "src/address_space.c",
        "src/descriptors.c",
        "src/environment.c",
        "src/errors.c",
        "src/fork.c",
        "src/heap.c",
        "src/leave.c",
        "src/link.c",
        "src/listen.c",
        "src/lock.c",
        "src/mappings.c",
        "src/notify.c",
        "src/page.c",
        "src/pidfd.c",
        "src/platform.c",
        "src/process_end.c",
        "src/refuse.c",
        "src/steer.c",
        "src/unix_socket.c",
        "src/watch.c",
        "src/watchdog.c",
        "src/written.c"
      ],
      "defines": ["NAPI_VERSION=8", "_GNU_SOURCE"],
      "cflags": ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"],
      "cflags!": ["-O3"],
      # The template resolves what the addon calls, not each forked worker: 24 page faults of 840 to ready.
      "ldflags": ["-Wl,-z,now"]
    }
  ]
}
