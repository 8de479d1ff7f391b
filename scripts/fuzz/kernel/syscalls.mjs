// The system calls that Brood makes itself (packages/core/native/src), what the kernel may answer, and what follows. Each row has a
// test that makes the call fail (packages/core/test/process/native/refused-calls.test.ts), fuzz:errno draws from those that are
// marked, and docs/kernel.md shows them.
//   fn      the addon's function, as packages/core/src/native/binding.ts has it; what stands after the dot is its case
//   gives   what the function gives instead of an error
//   fuzz    may fail in a running server without ending Node itself, which is no fault of ours

/** @typedef {{ call: string, fn: string, errnos: readonly string[], outcome: string, gives?: unknown, fuzz?: boolean }} Row */

const NO_ROOM = ["EMFILE", "ENFILE", "ENOMEM"];
const SPAWN = "The worker is not started: BROOD_SPAWN_FAILED with the errno, tried again with back-off.";

/** @type {readonly Row[]} */
export const ROWS = [
  { call: "socketpair", fn: "socketPair", errnos: NO_ROOM, outcome: SPAWN, fuzz: true },
  { call: "pipe2", fn: "lifelineCreate", errnos: NO_ROOM, outcome: SPAWN, fuzz: true },
  {
    call: "fcntl",
    fn: "lifelineTie",
    errnos: ["EINVAL", "EPERM"],
    outcome:
      "The forked worker has its watchdog and its link only: one that is stopped (SIGSTOP) outlives its supervisor.",
    fuzz: false,
  },
  {
    call: "prctl",
    fn: "endWithParent",
    errnos: ["EPERM", "ENOSYS"],
    outcome: "The worker has its watchdog and its link only, as above.",
    fuzz: true,
  },
  {
    call: "eventfd2",
    fn: "watchdogStart",
    errnos: NO_ROOM,
    outcome:
      "No watchdog: the worker is killed with its supervisor, without a drain; no stack before it is killed for silence.",
    fuzz: true,
  },
  { call: "rt_sigaction", fn: "watchdogStart.signal", errnos: ["EPERM"], outcome: "As above.", fuzz: false },
  {
    call: "sendmsg",
    fn: "linkSend",
    errnos: ["ENOMEM", "ENOBUFS", "ETOOMANYREFS", "EMFILE"],
    outcome:
      "The message waits and is sent again after 20 ms. Connections whose copies find no descriptor are taken back and go to whoever can be sent something, or are tried again after 50 ms.",
    fuzz: true,
  },
  {
    call: "recvmsg",
    fn: "linkReceive",
    errnos: ["ENOMEM", "ECONNRESET"],
    outcome: "The link ends: its worker or template is replaced.",
    fuzz: true,
  },
  {
    call: "fcntl",
    fn: "duplicate",
    errnos: NO_ROOM,
    outcome: "What was to be kept is not taken: as for sendmsg.",
    fuzz: false,
  },
  {
    call: "memfd_create",
    fn: "pageCreate",
    errnos: ["EPERM", "ENOSYS", ...NO_ROOM],
    outcome: "No shared memory: receipts and results are messages, a task journal is a file.",
    fuzz: true,
  },
  { call: "ftruncate", fn: "pageCreate.size", errnos: ["ENOMEM"], outcome: "As above.", fuzz: false },
  { call: "newfstatat", fn: "pageMap", errnos: ["ENOMEM"], outcome: "As above.", fuzz: false },
  {
    call: "pidfd_open",
    fn: "pidfdOpen",
    errnos: ["EPERM", "ENOSYS", ...NO_ROOM],
    outcome:
      "When Brood is loaded: the addon counts as missing, and the reason is said. Later: a fork is undone and refused, BROOD_SPAWN_FAILED.",
    fuzz: true,
  },
  {
    call: "pidfd_send_signal",
    fn: "pidfdSignal",
    errnos: ["EPERM", "EINVAL"],
    outcome: "The worker cannot be signalled: an `error` event; it is replaced when it ends.",
    fuzz: false,
  },
  {
    call: "waitid",
    fn: "processEnd",
    errnos: ["EINVAL", "EPERM", "ENOSYS"],
    outcome: "How it ended is asked of the pidfd and of /proc; nobody knows: exit code and signal are null.",
    fuzz: true,
  },
  {
    call: "socket",
    fn: "bindReuseport",
    errnos: [...NO_ROOM, "ENOBUFS"],
    outcome: "The start is refused: an error with the address and the errno.",
    fuzz: true,
  },
  {
    call: "bind",
    fn: "bindReuseport.bind",
    errnos: ["EADDRINUSE", "EACCES", "EADDRNOTAVAIL"],
    outcome: "As above: BROOD_ADDRESS_IN_USE where it is in use.",
    fuzz: false,
  },
  {
    call: "setsockopt",
    fn: "bindReuseport.options",
    errnos: ["ENOPROTOOPT"],
    outcome: "As above.",
    fuzz: false,
  },
  { call: "getsockname", fn: "bindReuseport.name", errnos: ["ENOBUFS"], outcome: "As above.", fuzz: false },
  { call: "listen", fn: "listenOn", errnos: ["EADDRINUSE"], outcome: "As above.", fuzz: false },
  {
    call: "accept4",
    fn: "acceptMany",
    errnos: [...NO_ROOM, "ENOBUFS"],
    outcome: "Connections wait in the kernel's queue and are accepted when there is room.",
    fuzz: true,
  },
  {
    call: "getpeername",
    fn: "peerAddress",
    gives: "",
    errnos: ["ENOTCONN", "ENOBUFS"],
    outcome: "A connection without an address: it is balanced by load.",
    fuzz: false,
  },
  {
    call: "recvfrom",
    fn: "peek",
    gives: 0,
    errnos: ["ENOMEM", "ECONNRESET"],
    outcome: "The connection has no first bytes: its client is balanced by address.",
    fuzz: false,
  },
  {
    call: "getsockopt",
    fn: "isNoDelay",
    errnos: ["ENOBUFS"],
    outcome: "TCP_NODELAY is set once more by Node.",
    fuzz: false,
  },
  {
    call: "flock",
    fn: "lockFile",
    errnos: ["ENOLCK", "EINVAL"],
    outcome: "The start is refused: the path cannot be locked.",
    fuzz: false,
  },
  { call: "clone", fn: "forkSibling", errnos: ["EAGAIN", "ENOMEM"], outcome: SPAWN, fuzz: true },
];

/** Each call once, with all that it may be answered. */
export const FUZZED = [...new Set(ROWS.filter(({ fuzz }) => fuzz).map(({ call }) => call))].map((call) => ({
  call,
  errnos: [...new Set(ROWS.filter((row) => row.call === call).flatMap(({ errnos }) => errnos))],
}));
