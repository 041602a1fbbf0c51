/** The number of a system call on x64 and on arm64; undefined where there is no such call. */
export type SystemCall = readonly [x64: number | undefined, arm64: number | undefined];

/**
 * What code in the sandbox is refused whatever the arguments (EPERM). Most of it needs capabilities that
 * the code has not got; here a flaw in the kernel's own check is out of reach too. Numbers are those of
 * asm/unistd_64.h (x64) and asm-generic/unistd.h (arm64).
 */
export const refusedCalls = {
  // Other processes' memory, descriptors and threads.
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  process_madvise: [440, 440],
  process_mrelease: [448, 448],
  pidfd_getfd: [438, 438],
  kcmp: [312, 272],

  // Large and young parts of the kernel, each with a history of ways out.
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  add_key: [248, 217],
  request_key: [249, 218],
  keyctl: [250, 219],
  vmsplice: [278, 75],
  seccomp: [317, 277],
  fanotify_init: [300, 262],
  fanotify_mark: [301, 263],

  // Namespaces, and what would take the file system apart.
  unshare: [272, 97],
  setns: [308, 268],
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  open_tree: [428, 428],
  move_mount: [429, 429],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  name_to_handle_at: [303, 264],
  open_by_handle_at: [304, 265],

  // Memory that has no place in a sized tmpfs and, while it is not mapped, in no process's address
  // space: without a cgroup, nothing would bound it. A file in /dev/shm does the same within bounds.
  memfd_create: [319, 279],
  memfd_secret: [447, 447],
  shmget: [29, 194],
  shmctl: [31, 195],
  shmat: [30, 196],
  shmdt: [67, 197],
  msgget: [68, 186],
  msgctl: [71, 187],
  msgrcv: [70, 188],
  msgsnd: [69, 189],
  semget: [64, 190],
  semctl: [66, 191],
  semtimedop: [220, 192],
  semop: [65, 193],
  mq_open: [240, 180],
  mq_unlink: [241, 181],

  // Where memory lies in the machine, and whose files are cached in it.
  mbind: [237, 235],
  set_mempolicy: [238, 237],
  set_mempolicy_home_node: [450, 450],
  migrate_pages: [256, 238],
  move_pages: [279, 239],
  cachestat: [451, 451],
  lookup_dcookie: [212, 18],

  // The machine itself.
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  create_module: [174, undefined],
  get_kernel_syms: [177, undefined],
  query_module: [178, undefined],
  swapon: [167, 224],
  swapoff: [168, 225],
  reboot: [169, 142],
  acct: [163, 89],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  syslog: [103, 116],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  adjtimex: [159, 171],
  clock_adjtime: [305, 266],
  sethostname: [170, 161],
  setdomainname: [171, 162],
  iopl: [172, undefined],
  ioperm: [173, undefined],
  modify_ldt: [154, undefined],
  vhangup: [153, 58],

  // What is counted for the whole machine or for the user of the host: a crowd in here starves those out
  // there. Watches of inotify are on inodes, which are the host's under /usr: they would see who uses them.
  inotify_init: [253, undefined],
  inotify_init1: [294, 26],
  inotify_add_watch: [254, 27],
  inotify_rm_watch: [255, 28],
  io_setup: [206, 0],
  io_destroy: [207, 1],
  io_submit: [209, 2],
  io_cancel: [210, 3],
  io_getevents: [208, 4],
  io_pgetevents: [333, 292],
  sync: [162, 81],
  syncfs: [306, 267],

  // Left from earlier kernels.
  nfsservctl: [180, 42],
  uselib: [134, undefined],
  _sysctl: [156, undefined],
  sysfs: [139, undefined],
  ustat: [136, undefined],
} as const satisfies Record<string, SystemCall>;
